import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { UserRole } from '../drivers/driver.js';
import {
  CLOSE,
  MAX_PAYLOAD,
  PROTOCOL,
  type ClientMessage,
  type Frame,
  type IceConfig,
  type JoinMessage,
  type ServerMessage,
} from '../protocol/messages.js';
import { parseFrame } from '../protocol/validators.js';
import { addressGroup, clientAddress } from './addresses.js';
import { Channel, type ChannelHost } from './channel.js';
import type { Clock } from './clock.js';
import { EarlyJoins, readText } from './early-joins.js';
import { hostOf, refusal } from './guards.js';
import { iceFor } from './ice.js';
import { Line } from './line.js';
import type { Metrics } from './metrics.js';
import type { Settings } from './options.js';
import { RoomError } from './room-error.js';
import type { RoomService } from './room-service.js';
import type { Session } from './session.js';
import type { Claims, Tokens } from './tokens.js';

const MAX_WAITING = 64;

/** Sockets in front of the room service: frames, liveness, resumes, limits. */
export class SocketHost implements ChannelHost {
  #wss = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  #channels = new Map<string, Channel>();
  #pending = new Map<string, number>();
  #early: EarlyJoins;
  #cancelPing: (() => void) | undefined;
  #closed = false;

  constructor(
    private readonly service: RoomService,
    private readonly tokens: Tokens,
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {
    this.#early = new EarlyJoins(clock);
    this.#ping();
  }

  /** Sockets open now. */
  get size(): number {
    return this.#wss.clients.size;
  }

  /** Takes over a request to upgrade, or refuses it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = addressGroup(clientAddress(request, this.settings.proxies));
    const refused = this.#refused(request, address);
    if (refused) {
      const [status, text] = refused;
      socket.on('error', () => undefined);
      socket.end(
        `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      );
      return;
    }
    this.#wss.handleUpgrade(request, socket, head, (ws) => {
      this.#accept(new Line(ws, socket, hostOf(request.headers.host)), address);
    });
  }

  /**
   * A copy of a join's frame, posted while its socket opens: when the socket is there, so is what the
   * join brings. The answer says nothing of it.
   */
  async post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = addressGroup(clientAddress(request, this.settings.proxies));
    const refused = this.#refused(request, address);
    const answer = (status: number, text = ''): void => {
      if (response.headersSent || response.destroyed) return;
      response.writeHead(status, {
        'cache-control': 'no-store',
        'content-type': 'text/plain; charset=utf-8',
        // What was not read cannot be told from the next request.
        ...(!request.complete && { connection: 'close' }),
      });
      response.end(text);
    };
    if (refused) return answer(...refused);
    const settled = this.#wait(address);
    const cancel = this.clock.after(this.settings.timers.join, () => request.destroy());
    try {
      const text = await readText(request);
      const { m } = parseFrame(text);
      if (m?.t !== 'join' || m.offer === undefined) throw new Error('post a join with an offer');
      await this.#early.post(text, async () => {
        const claims = await this.#claims(m.token);
        if (this.#closed) throw new RoomError('network', 'The server restarts.');
        const session = this.#enter(m, claims);
        this.service.drop(session, this.settings.timers.join);
        return session.id;
      });
      answer(204);
    } catch {
      this.metrics.refused.inc({ reason: 'malformed' });
      answer(400, 'This is no join.');
    } finally {
      cancel();
      settled();
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelPing?.();
    for (const socket of this.#wss.clients) socket.close(CLOSE.shuttingDown, 'The server restarts');
    // A client that does not answer the close frame must not hold the process.
    this.clock.after(200, () => {
      for (const socket of this.#wss.clients) socket.terminate();
    });
    this.#wss.close();
  }

  // What a channel asks and tells.

  now(): number {
    return this.clock.now();
  }

  lost({ session }: Channel): void {
    this.metrics.refused.inc({ reason: 'slow' });
    this.service.leave(session, 'timeout');
  }

  ended({ session }: Channel): void {
    this.#channels.delete(session.id);
  }

  /** Why nothing of a request is read: a status, and a sentence for whoever looks. */
  #refused(request: IncomingMessage, address: string): [number, string] | undefined {
    const refused = refusal(request, this.settings);
    const pending = this.#pending.get(address) ?? 0;
    if (refused === undefined && !this.#closed && pending < this.settings.maxPending)
      return undefined;
    this.metrics.refused.inc({ reason: refused !== undefined ? 'origin' : 'pending' });
    return refused !== undefined ? [403, refused] : [503, 'Try again later.'];
  }

  /** One more of this address has not joined yet. @returns a function that says it has */
  #wait(address: string): () => void {
    this.#pending.set(address, (this.#pending.get(address) ?? 0) + 1);
    let waiting = true;
    return () => {
      if (!waiting) return;
      waiting = false;
      const left = (this.#pending.get(address) ?? 1) - 1;
      if (left) this.#pending.set(address, left);
      else this.#pending.delete(address);
    };
  }

  #accept(line: Line, address: string): void {
    const { socket } = line;
    line.settled = this.#deadline(line, address);
    socket.on('error', (error) => this.settings.log('socket-error', { message: error.message }));
    socket.on('pong', () => {
      if (line.session) line.session.lastHeard = this.clock.now();
    });
    // `ws` gives a Buffer unless told otherwise.
    socket.on('message', (raw, binary) => {
      this.#inTurn(line, () => this.#hear(line, binary ? null : (raw as Buffer).toString()));
    });
    socket.on('close', (code) => {
      line.settled?.();
      this.#inTurn(line, () => this.#onClose(line, code));
    });
  }

  /** Apart from the listeners, which would keep what is in here for as long as they live. */
  #deadline(line: Line, address: string): () => void {
    const waited = this.#wait(address);
    const cancel = this.clock.after(this.settings.timers.join, () => {
      this.metrics.refused.inc({ reason: 'join-timeout' });
      line.socket.close(CLOSE.joinTimeout, 'Nobody joined in time');
    });
    return () => {
      line.settled = undefined;
      waited();
      cancel();
    };
  }

  /** One frame at a time: verifying a token takes a while, and order matters. */
  #inTurn(line: Line, step: () => Promise<void> | void): void {
    const waits = line.queue ? line.queue.then(step) : step();
    if (!waits) return;
    // Who sends faster than tokens are checked fills its own buffers, not ours.
    if (++line.waits > MAX_WAITING) line.socket.pause();
    const queue = (line.queue = waits.then(() => {
      if (line.queue === queue) line.queue = undefined;
      if (!--line.waits && line.socket.isPaused) line.socket.resume();
    }));
  }

  /** @param text Null: the frame is not text. */
  #hear(line: Line, text: string | null): Promise<void> | void {
    if (line.socket.readyState !== 1) return undefined;
    const bad = (error: unknown): void => this.#onBad(line.socket, error);
    try {
      if (text === null) throw new Error('frames are text');
      const frame = parseFrame(text);
      const work = line.session
        ? this.#onFrame(line.session, line, frame)
        : this.#first(line, frame.m, text);
      return work?.catch(bad);
    } catch (error) {
      bad(error);
    }
    return undefined;
  }

  /** The socket's first message joins or resumes. */
  async #first(line: Line, message: ClientMessage | undefined, text: string): Promise<void> {
    if (message?.t !== 'join' && message?.t !== 'resume')
      throw new Error('the first message must be join or resume');
    const counter = message.t === 'join' ? this.metrics.joins : this.metrics.resumes;
    try {
      line.session =
        message.t === 'join' ? await this.#admit(line, message, text) : this.#resume(line, message);
      counter.inc({ result: 'ok' });
      line.settled?.();
    } catch (error) {
      counter.inc({ result: error instanceof RoomError ? error.code : 'unknown' });
      throw error;
    }
  }

  async #admit(line: Line, message: JoinMessage, text: string): Promise<Session> {
    const posted = message.offer === undefined ? undefined : this.#early.take(text);
    const early = posted && (await posted);
    let session = early === undefined ? undefined : this.service.get(early);
    if (session) {
      this.service.resume(session.id, session.resumeToken);
    } else {
      const asked = this.#claims(message.token);
      const claims = asked && (await asked);
      // The socket may have gone while the token was checked: nobody is there to join.
      if (line.socket.readyState !== 1) throw new RoomError('state', 'The socket is closed.');
      // What ended the posted one ends this one, too.
      session = this.#enter(
        early === undefined ? message : { ...message, previous: early },
        claims,
      );
    }
    const channel = this.#channels.get(session.id);
    if (!channel?.joined) throw new RoomError('state', 'This session is over; join anew.');
    channel.line = line;
    channel.sendDirect({
      ...channel.joined,
      resume: session.resumeToken,
      ice: this.#ice(session, line),
      alive: Math.max(5_000, this.settings.timers.silent / 3),
    });
    channel.joined = null;
    channel.replay();
    return session;
  }

  /** Makes the session; its socket takes it. */
  #enter(message: JoinMessage, claims: Claims | null): Session {
    const { session, joined } = this.service.join(message, claims, (made) => {
      const channel = new Channel(made, this);
      this.#channels.set(made.id, channel);
      return channel;
    });
    const channel = this.#channels.get(session.id);
    if (channel) channel.joined = joined;
    this.service.settle(session);
    this.settings.log('joined', { room: session.room.id, user: session.user, role: session.role });
    return session;
  }

  #resume(line: Line, { session: id, token }: ClientMessage & { t: 'resume' }): Session {
    const session = this.service.resume(id, token);
    const channel = this.#channels.get(id);
    if (!channel || channel.over) throw new RoomError('state', 'This session is over; join anew.');
    const stale = channel.line;
    channel.line = line;
    stale?.socket.terminate();
    channel.sendDirect({
      t: 'resumed',
      resume: session.resumeToken,
      received: channel.received,
      ice: this.#ice(session, line),
    });
    channel.replay();
    return session;
  }

  /** @returns a promise where a token is checked first */
  #onFrame(session: Session, line: Line, frame: Frame<ClientMessage>): Promise<void> | undefined {
    const channel = this.#channels.get(session.id);
    if (channel?.line !== line) return undefined;
    session.lastHeard = this.clock.now();
    const message = channel.receive(frame);
    if (!message) return undefined;
    if (message.t === 'join' || message.t === 'resume')
      throw new Error(`${message.t} comes first, and once`);
    this.metrics.messages.inc({ type: message.t });
    if (!channel.allows(message.t)) {
      this.metrics.refused.inc({ reason: 'flood' });
      line.socket.close(CLOSE.tooSlow, `Too many ${message.t} messages`);
      return undefined;
    }
    const reply = (more: Omit<ServerMessage & { t: 'reply' }, 't' | 'id'> = {}): void => {
      if ('id' in message) channel.send({ t: 'reply', id: message.id, ...more });
    };
    const failed = (error: unknown): void => {
      if (!(error instanceof RoomError)) throw error;
      if ('id' in message) reply({ error: error.toWire() });
      else throw new Error(error.message);
    };
    const switchRole = (role: UserRole, claims: Claims | null): void => {
      // It may have ended while the token was checked.
      if (!this.service.get(session.id)) return;
      this.service.switchRole(session, role, claims);
      reply();
    };
    try {
      if (message.t === 'role') {
        const { role, token } = message;
        if (token !== undefined)
          return this.tokens
            .verify(token)
            .then((claims) => switchRole(role, claims))
            .catch(failed);
        switchRole(role, null);
      } else if (message.t === 'ice') {
        reply({ ice: this.#ice(session, line) });
      } else {
        this.service.handle(session, message);
        reply();
      }
    } catch (error) {
      failed(error);
    }
    return undefined;
  }

  #ice({ room, user }: Session, { host }: Line): IceConfig {
    const client = { mode: room.mode, user, host };
    return iceFor(this.settings.ice, client, this.clock.now());
  }

  /** @returns null where nobody needs a token */
  #claims(token: string | undefined): Promise<Claims> | null {
    if (token !== undefined) return this.tokens.verify(token);
    if (this.settings.dev) return null;
    throw new RoomError('auth', 'A token is needed: set token, token-url or tokenSource.');
  }

  #onBad(socket: WebSocket, error: unknown): void {
    if (error instanceof RoomError) {
      socket.send(JSON.stringify({ n: 0, a: 0, m: { t: 'refused', error: error.toWire() } }));
      socket.close(CLOSE.refused, error.code);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    this.metrics.refused.inc({ reason: 'malformed' });
    this.settings.log('malformed', { message: message.slice(0, 200) });
    // A close reason holds 123 bytes.
    socket.close(
      CLOSE.malformed,
      Buffer.from(message)
        .subarray(0, 120)
        .toString()
        .replace(/\uFFFD/g, ''),
    );
  }

  #onClose(line: Line, code: number): void {
    const { session } = line;
    if (!session) return;
    const channel = this.#channels.get(session.id);
    if (channel?.line !== line) return;
    channel.line = null;
    if (code === 1000 || code === 1001 || code === CLOSE.malformed)
      this.service.leave(session, 'leave');
    else this.service.drop(session);
  }

  /** The server pings: a page's own timers run once a minute in the background. */
  #ping(): void {
    const { silent } = this.settings.timers;
    this.#cancelPing = this.clock.after(silent / 6, () => {
      for (const [id, channel] of this.#channels) {
        const socket = channel.line?.socket;
        const session = this.service.get(id);
        if (!session || !socket) continue;
        if (this.clock.now() - session.lastHeard >= silent) {
          socket.terminate();
          continue;
        }
        // Its frame first: it holds the stream back, so both go out at once.
        channel.beat();
        socket.ping();
      }
      this.#ping();
    });
  }
}
