import { WebSocket } from 'ws';
import type { Clock } from '../../src/server/clock.js';
import { readOptions, type RoomServerOptions } from '../../src/server/options.js';
import { RoomService } from '../../src/server/room-service.js';
import type { Session } from '../../src/server/session.js';
import type { Claims } from '../../src/server/tokens.js';
import {
  PROTOCOL,
  type ClientMessage,
  type Frame,
  type JoinMessage,
  type ServerMessage,
} from '../../src/protocol/messages.js';

export const OFFER = ['audio', 'video', 'video', 'audio']
  .map((kind, mid) => `m=${kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:${mid}\r\n`)
  .join('');

/** An anchor who joins the call 8888 and wants everything. */
export const JOIN: JoinMessage = {
  t: 'join',
  room: '8888',
  mode: 'rtc',
  role: 'anchor',
  want: { audio: true, video: true },
  streams: {},
};

/** A clock that stands until it is turned. */
export class TestClock implements Clock {
  time = 1_700_000_000_000;
  #timers = new Set<{ at: number; run: () => void }>();

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.time;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.time + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  turn(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }
}

/** A session and all that it was told. */
export interface Member {
  session: Session;
  heard: ServerMessage[];
  joined: ReturnType<RoomService['join']>['joined'];
}

export class Bench {
  readonly clock = new TestClock();
  readonly service: RoomService;
  #ids = 0;

  constructor(options: RoomServerOptions = {}) {
    const settings = readOptions({ dev: true, ...options }, () => 'x'.repeat(32));
    this.service = new RoomService(settings, this.clock, () => `id${++this.#ids}`);
  }

  join(
    user: string | undefined,
    more: Partial<JoinMessage> = {},
    claims: Claims | null = null,
  ): Member {
    const heard: ServerMessage[] = [];
    const message: JoinMessage = {
      ...JOIN,
      ...(user !== undefined && { user }),
      ...more,
    };
    const outbox = { send: (one: ServerMessage) => void heard.push(one), end: () => undefined };
    const { session, joined } = this.service.join(message, claims, () => outbox);
    this.service.settle(session);
    return { session, heard, joined };
  }

  audience(user: string, more: Partial<JoinMessage> = {}): Member {
    return this.join(user, { mode: 'live', role: 'audience', ...more });
  }

  anchor(user: string, more: Partial<JoinMessage> = {}): Member {
    return this.join(user, { mode: 'live', ...more });
  }
}

export function heard<T extends ServerMessage['t']>(
  member: Member,
  type: T,
): Extract<ServerMessage, { t: T }>[] {
  return member.heard.filter((one): one is Extract<ServerMessage, { t: T }> => one.t === type);
}

/** A client of the wire, as bare as it can be. */
export class WireClient {
  readonly frames: Frame<ServerMessage>[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Acknowledged with every frame sent. */
  received = 0;
  #socket: WebSocket;
  #sent = 0;
  #wake: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (raw) => {
      const frame = JSON.parse(String(raw)) as Frame<ServerMessage>;
      if (frame.n > 0) this.received = frame.n;
      this.frames.push(frame);
      for (const wake of this.#wake.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        for (const wake of this.#wake.splice(0)) wake();
      });
    });
  }

  /** @throws Error with the HTTP status when the upgrade is refused */
  static async connect(url: string, headers: Record<string, string> = {}): Promise<WireClient> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/rtc`, PROTOCOL, { headers });
    const client = new WireClient(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  get messages(): ServerMessage[] {
    return this.frames.flatMap(({ m }) => m ?? []);
  }

  raw(text: string | Buffer): void {
    this.#socket.send(text);
  }

  direct(message: ClientMessage): void {
    this.raw(JSON.stringify({ n: 0, a: 0, m: message }));
  }

  send(message: ClientMessage, n = ++this.#sent): void {
    this.raw(JSON.stringify({ n, a: this.received, m: message }));
  }

  async join(more: Partial<JoinMessage> = {}): Promise<Extract<ServerMessage, { t: 'joined' }>> {
    this.direct({ ...JOIN, ...more });
    return this.next('joined');
  }

  /** The first message of a type, also one that has come already. */
  next<T extends ServerMessage['t']>(
    type: T,
    ms?: number,
  ): Promise<Extract<ServerMessage, { t: T }>> {
    return this.any([type], ms);
  }

  /** The same of several types. */
  async any<T extends ServerMessage['t']>(
    types: readonly T[],
    ms = 5000,
  ): Promise<Extract<ServerMessage, { t: T }>> {
    const end = Date.now() + ms;
    for (;;) {
      const found = this.messages.find((one): one is Extract<ServerMessage, { t: T }> =>
        types.some((type) => one.t === type),
      );
      if (found) return found;
      if (this.#socket.readyState > 1 || Date.now() > end) {
        throw new Error(`no ${types.join()}; heard ${JSON.stringify(this.messages)}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
        setTimeout(resolve, 200);
      });
    }
  }

  /** Reads no more. */
  stall(): void {
    this.#socket.pause();
  }

  /** As a lost network does: no close frame. */
  cut(): void {
    this.#socket.terminate();
  }

  close(code = 1000): void {
    this.#socket.close(code);
  }
}
