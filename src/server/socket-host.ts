import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
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
import { Line, LineSocket, type LineHost } from './line.js';
import { Lobby } from './lobby.js';
import type { Metrics } from './metrics.js';
import type { Settings } from './options.js';
import { RoomError } from './room-error.js';
import type { RoomService } from './room-service.js';
import type { Session } from './session.js';
import type { Claims, Tokens } from './tokens.js';

/** Sockets in front of the room service: frames, liveness, resumes, limits. */
export class SocketHost implements ChannelHost, LineHost {
  #wss = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    WebSocket: LineSocket,
    maxPayload: MAX_PAYLOAD,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  #lines = new Set<Line>();
  #channels = new Map<string, Channel>();
  #lobby: Lobby<Line | IncomingMessage>;
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
    this.#lobby = new Lobby(clock, settings.timers.join, (who) => this.#late(who));
    this.#ping();
  }

  /** Sockets open now. */
  get size(): number {
    return this.#lines.size;
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
    // Several answers at once wake their clients' machine once.
    socket.cork();
    this.#wss.handleUpgrade(request, socket, head, (ws) => {
      const line = new Line(ws, socket, hostOf(request.headers.host), this);
      this.#lines.add(line);
      this.#lobby.enter(line, address);
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
    this.#lobby.enter(request, address);
    try {
      const text = await readText(request);
      const { m } = parseFrame(text);
      if (m?.t !== 'join' || m.offer === undefined) throw new Error('post a join with an offer');
      await this.#early.post(text, async () => {
        const claims = await this.#claims(m.token);
        if (this.#closed) throw new RoomError('network', 'The server restarts.');
        // It may be late, and of a join that its page has long given up.
        if (this.service.replaces(m, claims))
          throw new RoomError('state', 'Who is there goes for a socket only.');
        const session = this.#enter(m, claims);
        this.service.drop(session, this.settings.timers.join);
        return session.id;
      });
      answer(204);
    } catch {
      this.metrics.refused.add('malformed');
      answer(400, 'This is no join.');
    } finally {
      this.#lobby.leave(request);
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelPing?.();
    for (const line of this.#lines) line.close(CLOSE.shuttingDown, 'The server restarts');
    // A client that does not answer the close frame must not hold the process.
    this.clock.after(200, () => {
      for (const line of this.#lines) line.terminate();
    });
    this.#wss.close();
  }

  // What a channel asks and tells.

  now(): number {
    return this.clock.now();
  }

  lost({ session }: Channel): void {
    this.metrics.refused.add('slow');
    this.service.leave(session, 'timeout');
  }

  over({ session }: Channel): void {
    this.#channels.delete(session.id);
  }

  // What a line tells.

  heard(line: Line, text: string | null): Promise<void> | undefined {
    if (!line.isOpen) return undefined;
    try {
      if (text === null) throw new Error('frames are text');
      const frame = parseFrame(text);
      const work = line.session
        ? this.#onFrame(line.session, line, frame)
        : this.#first(line, frame.m, text);
      return work?.catch((error: unknown) => this.#onBad(line, error));
    } catch (error) {
      this.#onBad(line, error);
      return undefined;
    }
  }

  alive({ session }: Line): void {
    if (session) session.lastHeard = this.clock.now();
  }

  failed({ message }: Error): void {
    this.settings.log('socket-error', { message });
  }

  closed(line: Line): void {
    this.#lines.delete(line);
    this.#lobby.leave(line);
  }

  ended(line: Line, code: number): void {
    const { session } = line;
    if (!session) return;
    const channel = this.#channels.get(session.id);
    if (channel?.line !== line) return;
    channel.line = null;
    if (code === 1000 || code === 1001 || code === CLOSE.malformed)
      this.service.leave(session, 'leave');
    else this.service.drop(session);
  }

  /** Why nothing of a request is read: a status, and a sentence for whoever looks. */
  #refused(request: IncomingMessage, address: string): [number, string] | undefined {
    const refused = refusal(request, this.settings);
    const pending = this.#lobby.count(address);
    if (refused === undefined && !this.#closed && pending < this.settings.maxPending)
      return undefined;
    this.metrics.refused.add(refused !== undefined ? 'origin' : 'pending');
    return refused !== undefined ? [403, refused] : [503, 'Try again later.'];
  }

  #late(who: Line | IncomingMessage): void {
    if (!(who instanceof Line)) {
      who.destroy();
      return;
    }
    this.metrics.refused.add('join-timeout');
    who.close(CLOSE.joinTimeout, 'Nobody joined in time');
  }

  /** The socket's first message joins or resumes. */
  #first(line: Line, message: ClientMessage | undefined, text: string): Promise<void> | undefined {
    if (message?.t !== 'join' && message?.t !== 'resume')
      throw new Error('the first message must be join or resume');
    const counter = message.t === 'join' ? this.metrics.joins : this.metrics.resumes;
    const taken = (session: Session): void => {
      line.session = session;
      counter.add('ok');
      this.#lobby.leave(line);
    };
    const refused = (error: unknown): never => {
      counter.add(error instanceof RoomError ? error.code : 'unknown');
      throw error;
    };
    try {
      const made =
        message.t === 'join' ? this.#admit(line, message, text) : this.#resume(line, message);
      if (made instanceof Promise) return made.then(taken).catch(refused);
      taken(made);
    } catch (error) {
      refused(error);
    }
    return undefined;
  }

  /** @returns a promise where a posted copy or a token comes first */
  #admit(line: Line, message: JoinMessage, text: string): Promise<Session> | Session {
    const posted = message.offer === undefined ? undefined : this.#early.take(text);
    if (posted) return this.#admitPosted(line, message, posted);
    const asked = this.#claims(message.token);
    if (!asked) return this.#seat(line, this.#enter(message, null));
    return asked.then((claims) => {
      this.#stillThere(line);
      return this.#seat(line, this.#enter(message, claims));
    });
  }

  async #admitPosted(
    line: Line,
    message: JoinMessage,
    posted: Promise<string | undefined>,
  ): Promise<Session> {
    const early = await posted;
    const session = early === undefined ? undefined : this.service.get(early);
    if (session) {
      this.service.resume(session.id, session.resumeToken);
      return this.#seat(line, session);
    }
    const claims = await this.#claims(message.token);
    this.#stillThere(line);
    // What ended the posted one ends this one, too: unless who replaced it has gone again, as a join
    // does that its page has given up, and whose frame came late.
    const anew =
      early === undefined ||
      (this.service.wasReplaced(early) && !this.service.replaces(message, claims));
    return this.#seat(line, this.#enter(anew ? message : { ...message, previous: early }, claims));
  }

  /** The socket may have gone while its token was checked: nobody is there to join. */
  #stillThere(line: Line): void {
    if (!line.isOpen) throw new RoomError('state', 'The socket is closed.');
  }

  /** Gives a session that has joined its socket. */
  #seat(line: Line, session: Session): Session {
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
    stale?.terminate();
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
    this.metrics.messages.add(message.t);
    if (!channel.allows(message.t)) {
      this.metrics.refused.add('flood');
      line.close(CLOSE.tooSlow, `Too many ${message.t} messages`);
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

  #ice({ room, user }: Session, { name }: Line): IceConfig {
    const client = { mode: room.mode, user, host: name };
    return iceFor(this.settings.ice, client, this.clock.now());
  }

  /** @returns null where nobody needs a token */
  #claims(token: string | undefined): Promise<Claims> | null {
    if (token !== undefined) return this.tokens.verify(token);
    if (this.settings.dev) return null;
    throw new RoomError('auth', 'A token is needed: set token, token-url or tokenSource.');
  }

  #onBad(line: Line, error: unknown): void {
    if (error instanceof RoomError) {
      line.send({ n: 0, a: 0, m: JSON.stringify({ t: 'refused', error: error.toWire() }) });
      line.close(CLOSE.refused, error.code);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    this.metrics.refused.add('malformed');
    this.settings.log('malformed', { message: message.slice(0, 200) });
    // A close reason holds 123 bytes.
    line.close(
      CLOSE.malformed,
      Buffer.from(message)
        .subarray(0, 120)
        .toString()
        .replace(/\uFFFD/g, ''),
    );
  }

  /** The server pings: a page's own timers run once a minute in the background. */
  #ping(): void {
    const { silent } = this.settings.timers;
    this.#cancelPing = this.clock.after(silent / 6, () => {
      for (const [id, channel] of this.#channels) {
        const { line } = channel;
        const session = this.service.get(id);
        if (!session || !line) continue;
        if (this.clock.now() - session.lastHeard >= silent) {
          line.terminate();
          continue;
        }
        channel.beat();
        line.ping();
      }
      this.#ping();
    });
  }
}
