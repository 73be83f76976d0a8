import { backoff } from '../../core/async.js';
import { aborted, type RtcError } from '../../core/errors.js';
import {
  CLOSE,
  PROTOCOL,
  type ClientMessage,
  type Frame,
  type IceConfig,
  type JoinedMessage,
  type JoinMessage,
  type ServerMessage,
} from '../../protocol/messages.js';
import { Reliable } from '../../protocol/reliable.js';
import type { EndReason } from '../driver.js';
import { bad, fromClose, fromWire } from './errors.js';

type WithoutId<M> = M extends { id: number } ? Omit<M, 'id'> : never;
export type Request = WithoutId<ClientMessage>;
export type Reply = Extract<ServerMessage, { t: 'reply' }>;
type SessionMessage = Exclude<ServerMessage, { t: 'joined' | 'resumed' | 'refused' | 'reply' }>;

export interface SignallingHost {
  received(message: SessionMessage): void;
  /** The socket is lost and being brought back. */
  dropped(): void;
  resumed(ice: IceConfig): void;
  /** The session is over; nothing more comes. */
  lost(reason: EndReason, message: string): void;
}

interface Settle<T> {
  resolve(value: T): void;
  reject(error: RtcError): void;
}

/** Whether sockets open here: a join that is posted alone makes others see who does not come. */
let ahead = true;
/** The server's answer to a resume, and an attempt to reach it. */
const PATIENCE = 10_000;
/** A request unanswered for so long: the socket is half open. */
const SILENCE = 6_000;
/** Resumed for so long: the next attempt is a first one again. */
const STEADY = 5_000;
const LOST = 'The connection to the room was lost for too long.';

/**
 * The wire to the room server: one WebSocket at a time, and over all of them one session whose
 * messages are neither lost nor doubled.
 */
export class Signalling {
  socket: WebSocket | null = null;
  #reliable = new Reliable<ClientMessage, ServerMessage>();
  #joined: JoinedMessage | undefined;
  #token = '';
  #join: (Settle<JoinedMessage> & { message: JoinMessage }) | undefined;
  #requests = new Map<number, Settle<Reply>>();
  #ids = 0;
  /** The session speaks on this socket: joined or resumed. */
  #live = false;
  #down = false;
  #over = false;
  #attempt = 0;
  #timers: Partial<
    Record<'socket' | 'steady' | 'acknowledge' | 'alive', ReturnType<typeof setTimeout>>
  > = {};

  constructor(
    readonly url: string,
    private readonly host: SignallingHost,
  ) {}

  open(): void {
    if (this.socket || this.#over) return;
    this.#clear();
    const socket = (this.socket = connect(this.url));
    // A socket that was given up must never deliver.
    const mine =
      <E>(handler: (event: E) => void) =>
      (event: E): void => {
        if (this.socket === socket) handler(event);
      };
    socket.onopen = mine(() => this.#opened());
    socket.onmessage = mine(({ data }: MessageEvent<string>) => this.#frame(data));
    socket.onclose = mine(({ code }: CloseEvent) => this.#closed(code));
    if (this.#joined) this.#timers.socket = setTimeout(() => this.drop(), PATIENCE);
  }

  join(message: JoinMessage): Promise<JoinedMessage> {
    return new Promise((resolve, reject) => {
      this.#join = { message, resolve, reject };
      this.open();
      if (this.socket?.readyState === WebSocket.OPEN) this.#opened();
      else this.#post(message);
    });
  }

  send(message: ClientMessage): void {
    if (this.#over) return;
    const frame = this.#reliable.send(message);
    if (this.#live) this.#write(frame);
    else if (this.#reliable.overflowed) this.#lose('connection-lost', LOST);
  }

  async request(message: Request): Promise<Reply> {
    if (this.#over) throw aborted();
    const id = ++this.#ids;
    const socket = this.socket;
    const timer = setTimeout(() => socket && this.socket === socket && this.drop(), SILENCE);
    try {
      const reply = await new Promise<Reply>((resolve, reject) => {
        this.#requests.set(id, { resolve, reject });
        this.send({ ...message, id });
      });
      if (reply.error) throw fromWire(reply.error);
      return reply;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives this socket up and resumes on another. */
  drop(): void {
    this.socket?.close(3000);
    this.#closed(0);
  }

  /** For good; a session that is still there leaves. */
  close(): void {
    if (this.#over) return;
    if (this.#live) this.send({ t: 'leave' });
    this.#over = true;
    removeEventListener('online', this.#online);
    this.socket?.close(1000);
    this.#closed(1000);
    this.#join?.reject(aborted());
    for (const request of this.#requests.values()) request.reject(aborted());
  }

  #online = (): void => {
    this.#attempt = 0;
    if (this.#live) this.drop();
    else this.open();
  };

  /**
   * Sends a copy ahead on the page's own connection, which is open already; the room begins with it,
   * and the socket finds its session there. Whatever becomes of it, the socket's own join follows.
   */
  #post(m: JoinMessage): void {
    const url = this.url.replace('ws', 'http');
    if (!ahead || !m.offer || m.previous || !url.startsWith(`${location.origin}/`)) return;
    const body = JSON.stringify({ n: 0, a: 0, m });
    fetch(url, { method: 'POST', mode: 'same-origin', body }).catch(() => undefined);
  }

  #opened(): void {
    if (this.#joined) {
      const m: ClientMessage = { t: 'resume', session: this.#joined.session, token: this.#token };
      this.#write({ ...this.#reliable.acknowledgement(), m });
    } else if (this.#join) {
      this.#write({ n: 0, a: 0, m: this.#join.message });
    }
  }

  #frame(data: string): void {
    const frame = JSON.parse(data) as Frame<ServerMessage>;
    if (frame.n === 0 && frame.m) this.#direct(frame.m);
    else if (this.#live) this.#receive(frame, data.length);
    const alive = this.#joined?.alive;
    clearTimeout(this.#timers.alive);
    if (alive && !this.#over) this.#timers.alive = setTimeout(() => this.drop(), alive);
  }

  #receive(frame: Frame<ServerMessage>, length: number): void {
    const message = this.#reliable.receive(frame);
    if (this.#reliable.owes > 15 || length > 8192) this.#acknowledge();
    else if (this.#reliable.owes)
      this.#timers.acknowledge ??= setTimeout(() => this.#acknowledge(), 1_000);
    if (message?.t === 'reply') {
      this.#requests.get(message.id)?.resolve(message);
      this.#requests.delete(message.id);
    } else if (message) {
      this.host.received(message as SessionMessage);
    }
  }

  /** The answers to `join` and `resume`. */
  #direct(message: ServerMessage): void {
    if (message.t === 'joined') {
      ahead = true;
      this.#joined = message;
      this.#token = message.resume;
      this.#live = true;
      addEventListener('online', this.#online);
      this.#join?.resolve(message);
    } else if (message.t === 'resumed') {
      this.#clear();
      this.#timers.steady = setTimeout(() => (this.#attempt = 0), STEADY);
      this.#token = message.resume;
      this.#live = true;
      this.#down = false;
      for (const frame of this.#reliable.replay(message.received)) this.#write(frame);
      this.host.resumed(message.ice);
    } else if (message.t === 'refused') {
      const { error } = message;
      if (this.#joined) return this.#lose(error.ended ?? 'connection-lost', error.message);
      this.#join?.reject(fromWire(error));
    }
  }

  #closed(code: number): void {
    this.socket = null;
    this.#live = false;
    this.#clear();
    if (this.#over) return;
    if (!this.#joined) {
      ahead = false;
      this.#join?.reject(fromClose(code, this.url));
      return;
    }
    // What was called malformed once would be so again when replayed.
    if (code === CLOSE.malformed || this.#reliable.overflowed)
      return this.#lose('connection-lost', LOST);
    const pause = this.#attempt ? backoff(this.#attempt - 1, 500, 5_000) : 0;
    this.#attempt++;
    this.#timers.socket = setTimeout(() => this.open(), pause);
    if (this.#down) return;
    this.#down = true;
    this.host.dropped();
  }

  #lose(reason: EndReason, message: string): void {
    this.close();
    this.host.lost(reason, message);
  }

  #acknowledge(): void {
    clearTimeout(this.#timers.acknowledge);
    this.#timers.acknowledge = undefined;
    if (this.#live && this.#reliable.owes) this.#write(this.#reliable.acknowledgement());
  }

  #write(frame: Frame<ClientMessage>): void {
    this.socket?.send(JSON.stringify(frame));
  }

  #clear(): void {
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
  }
}

/** The WebSocket address of `url`: absent, a path, or an http(s) or ws(s) address. */
export function socketUrl(url = '', base = location.href): string {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url || '/rtc', base);
  } catch {
    // Refused below.
  }
  if (!parsed || !/^(http|ws)s?:$/.test(parsed.protocol)) {
    throw bad(
      `url="${url}" is no server address. Write a path such as /rtc, or an https: or wss: address.`,
    );
  }
  parsed.protocol = parsed.protocol.replace('http', 'ws');
  parsed.hash = '';
  if (parsed.pathname === '/') parsed.pathname = '/rtc';
  return parsed.href;
}

function connect(url: string): WebSocket {
  try {
    return new WebSocket(url, PROTOCOL);
  } catch (cause) {
    throw bad(
      `The browser refuses to connect to ${url} from this page: ${(cause as Error).message} A page on https: needs a wss: address.`,
    );
  }
}
