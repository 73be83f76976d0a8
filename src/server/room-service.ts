import type { RoomMode, UserRole } from '../drivers/driver.js';
import type {
  ClientMessage,
  EndedReason,
  JoinedMessage,
  JoinMessage,
  LeftReason,
  StreamWish,
} from '../protocol/messages.js';
import { hasFixedLayout } from '../protocol/validators.js';
import { checkJoin } from './admission.js';
import { checkCapacity, checkFanout, highest } from './capacity.js';
import type { Clock } from './clock.js';
import { relayed, withoutAddresses } from './ice.js';
import { randomId } from './ids.js';
import { Bans, Expiring, type Ended } from './memory.js';
import type { Settings } from './options.js';
import { connectNewcomer, reconnect, renew, tellWanted } from './pairing.js';
import { RoomError } from './room-error.js';
import { inspect, Room, type RoomInfo } from './room.js';
import { receives, streamId, toPeer, TYPES, type Outbox, type Session } from './session.js';
import { SKEW, type Claims } from './tokens.js';

export type { RoomInfo } from './room.js';

const SENTENCES: Record<EndedReason, string> = {
  kick: 'The same user joined this room elsewhere.',
  banned: 'A moderator removed you from this room.',
  room_disband: 'This room was dismissed.',
  'token-expired': 'The token has expired.',
};

const NOWHERE: Outbox = { send: () => undefined, end: () => undefined };

/** Ended sessions remembered, to tell those who come back why. */
const MAX_ENDED = 100_000;

/** Rooms, who is in them, and what they may do. No socket and no clock of its own. */
export class RoomService {
  readonly bans: Bans;
  /** Called as each session ends. */
  left: (reason: LeftReason) => void = () => undefined;
  #rooms = new Map<string, Room>();
  #sessions = new Map<string, Session>();
  #ended: Expiring<Ended>;
  #order = 0;

  constructor(
    private readonly settings: Settings,
    private readonly clock: Clock,
    private readonly newId: () => string = randomId,
  ) {
    this.#ended = new Expiring(clock, MAX_ENDED);
    this.bans = new Bans(clock, settings.tokenLife);
  }

  get size(): { rooms: number; sessions: number } {
    return { rooms: this.#rooms.size, sessions: this.#sessions.size };
  }

  get timers(): Settings['timers'] {
    return this.settings.timers;
  }

  get(session: string): Session | undefined {
    return this.#sessions.get(session);
  }

  /**
   * @param claims Of the token; null without one (`dev`).
   * @param wrap Makes the session's outbox.
   * @throws RoomError
   */
  join(
    message: JoinMessage,
    claims: Claims | null,
    wrap: (session: Session) => Outbox,
  ): { session: Session; joined: Omit<JoinedMessage, 'ice'> } {
    const { mode, role, want, streams, data = claims?.userData ?? '', previous, offer } = message;
    const user = claims?.user ?? message.user ?? `guest-${this.newId().slice(0, 6)}`;
    const link = message.link === true || claims?.link === true;
    checkJoin(message, link, claims);
    this.#checkBan(message.room, user, claims);
    this.#checkPrevious(message, user);
    const room = this.#rooms.get(message.room) ?? new Room(message.room);
    const { maxJoins } = this.settings;
    if (!room.joins.take(this.clock.now(), 5 * maxJoins, maxJoins)) {
      throw new RoomError('network', 'Too many join this room at once. It is tried again.');
    }
    if (room.mode && room.mode !== mode) {
      throw new RoomError(
        'state',
        `Room “${room.id}” is open in mode “${room.mode}”. Join it with that mode, or take another room.`,
      );
    }
    const same = this.#sameAnchor(room, user, role);
    if (room.sessions.size - (same ? 1 : 0) >= this.settings.maxUsers) {
      throw new RoomError(
        'room-full',
        `The room is full: it takes ${this.settings.maxUsers} users.`,
      );
    }
    if (!this.#rooms.has(room.id) && this.#rooms.size >= this.settings.maxRooms) {
      throw new RoomError(
        'room-full',
        `The server is full: it takes ${this.settings.maxRooms} rooms.`,
      );
    }
    const before = room.mode;
    room.mode = mode;
    try {
      checkCapacity(room, { user, want, role, session: same }, this.settings);
    } catch (error) {
      room.mode = before;
      throw error;
    }
    if (same) this.end(same, same.id === previous ? 'leave' : 'kick');

    const session: Session = {
      id: this.newId(),
      room,
      user,
      data,
      role,
      link,
      moderator: claims?.moderator ?? false,
      limit: claims?.role ?? 'anchor',
      order: ++this.#order,
      want,
      told: new Map(),
      streams: role === 'anchor' ? streams : {},
      resumeToken: this.newId(),
      tokenExpires: claims?.expiresAt ?? Infinity,
      lastHeard: this.clock.now(),
      outbox: NOWHERE,
    };
    session.outbox = wrap(session);
    room.cancelClose?.();
    this.#rooms.set(room.id, room);
    const others = [...room.sessions.values()];
    room.tell(null, { t: 'peer-joined', peer: toPeer(session) });
    room.sessions.set(session.id, session);
    this.#sessions.set(session.id, session);
    const connections = connectNewcomer(room, session, offer, this.newId, this.clock.now());
    const joined: Omit<JoinedMessage, 'ice'> = {
      t: 'joined',
      session: session.id,
      resume: session.resumeToken,
      user,
      data,
      role,
      peers: others.map(toPeer),
      connections,
      ...(session.moderator && { moderator: true }),
    };
    return { session, joined };
  }

  /** What is wanted of the newcomer and by it; called once its `joined` is on its way. */
  settle(session: Session): void {
    for (const other of session.room.others(session)) {
      tellWanted(session, other);
      tellWanted(other, session);
    }
  }

  /** @returns the session, with a new token. @throws RoomError `state` when it cannot be resumed */
  resume(id: string, token: string): Session {
    const session = this.#sessions.get(id);
    if (session?.resumeToken !== token) {
      const ended = this.#ended.get(id);
      throw new RoomError(
        'state',
        'This session is over; join anew.',
        isEnded(ended) ? ended : undefined,
      );
    }
    if (this.#expired(session)) {
      this.leave(session, 'timeout');
      throw new RoomError('state', 'The token has expired; join anew with a new one.');
    }
    session.resumeToken = this.newId();
    session.cancelTimer?.();
    session.cancelTimer = undefined;
    session.lastHeard = this.clock.now();
    return session;
  }

  /** The session has no socket; it stays for as long as it may be silent. */
  drop(session: Session, silent = this.settings.timers.silent): void {
    if (!this.#sessions.has(session.id)) return;
    session.cancelTimer?.();
    const left = session.lastHeard + silent - this.clock.now();
    session.cancelTimer = this.clock.after(Math.max(0, left), () => this.leave(session, 'timeout'));
  }

  leave(session: Session, reason: LeftReason): void {
    const { room } = session;
    if (!this.#sessions.delete(session.id)) return;
    session.cancelTimer?.();
    room.sessions.delete(session.id);
    for (const link of [...room.connections.values()]) {
      if (link.a === session || link.b === session) room.connections.delete(link.id);
    }
    for (const other of room.sessions.values()) {
      other.told.delete(session.id);
      for (const type of TYPES) other.wishes?.delete(streamId(session.id, type));
    }
    this.#ended.set(session.id, reason, this.settings.timers.endedMemory);
    room.tell(null, { t: 'peer-left', session: session.id, reason });
    session.outbox.end();
    this.left(reason);
    if (!room.sessions.size) this.#closeLater(room, this.settings.timers.emptyAfterLeave);
  }

  /** Ends a session from outside; it is told why. */
  end(session: Session, reason: EndedReason | 'leave'): void {
    if (!this.#sessions.has(session.id)) return;
    if (reason !== 'leave') session.outbox.send({ t: 'ended', reason, message: SENTENCES[reason] });
    this.leave(session, reason === 'kick' || reason === 'banned' ? reason : 'leave');
    this.#ended.set(session.id, reason, this.settings.timers.endedMemory);
  }

  /**
   * @param claims Of a token that came with the request; null: that of the join still counts
   * @throws RoomError
   */
  switchRole(session: Session, role: UserRole, claims: Claims | null = null): void {
    const { room } = session;
    const limit = claims?.role ?? session.limit;
    if (claims) {
      if (claims.room !== room.id || claims.user !== session.user)
        throw new RoomError('forbidden', 'The token is for another room or user.');
      this.#checkBan(room.id, session.user, claims);
      // All of it: or one that lives longer would prolong what an earlier one allowed.
      session.tokenExpires = claims.expiresAt;
      session.limit = claims.role;
      session.moderator = claims.moderator;
    } else if (this.#expired(session)) {
      throw new RoomError('auth', 'The token has expired; a role switch needs a new one.');
    }
    if (role === session.role) return;
    if (session.link) throw new RoomError('forbidden', 'A cross-room link stays audience.');
    if (role === 'audience' && room.mode === 'rtc') {
      throw new RoomError('argument', 'A call has no audience; use mode="live".');
    }
    if (!highest(role, limit))
      throw new RoomError('forbidden', 'The token does not allow the role anchor.');
    const same = this.#sameAnchor(room, session.user, role);
    if (role === 'anchor') {
      const others = { ...session, role, session };
      if (!same) checkCapacity(room, others, this.settings);
      else this.end(same, 'kick');
    }
    session.role = role;
    if (role === 'audience') session.streams = {};
    room.tell(session, { t: 'peer-updated', peer: toPeer(session) });
    reconnect(room, session, this.newId, this.clock.now());
    this.settle(session);
  }

  /** @throws RoomError */
  handle(
    session: Session,
    message: Exclude<ClientMessage, { t: 'join' | 'resume' | 'role' | 'ice' }>,
  ): void {
    const { room } = session;
    switch (message.t) {
      case 'leave':
        this.leave(session, 'leave');
        break;
      case 'publish':
        if (session.role !== 'anchor')
          throw new RoomError('forbidden', 'An audience cannot publish; switch the role first.');
        session.streams = message.streams;
        room.tell(session, { t: 'peer-updated', peer: toPeer(session) });
        break;
      case 'subscribe':
        this.#subscribe(session, message.wishes);
        break;
      case 'data':
        session.data = message.data;
        room.tell(session, { t: 'peer-updated', peer: toPeer(session) });
        break;
      case 'message':
        this.#relay(session, message.data, message.to);
        break;
      case 'kick':
        if (!session.moderator)
          throw new RoomError('forbidden', 'Only a moderator’s token may remove users.');
        this.removeUser(room.id, message.user);
        break;
      case 'signal':
        this.#signal(session, message);
        break;
      case 'renew':
        renew(room, session, message.conn, this.newId(), this.clock.now());
    }
  }

  /** @returns false when it is open already */
  createRoom(id: string, mode?: RoomMode): boolean {
    if (this.#rooms.has(id)) return false;
    if (this.#rooms.size >= this.settings.maxRooms) {
      throw new RoomError(
        'room-full',
        `The server is full: it takes ${this.settings.maxRooms} rooms.`,
      );
    }
    const room = new Room(id);
    room.mode = mode;
    this.#rooms.set(id, room);
    this.#closeLater(room, this.settings.timers.emptyAfterCreate);
    return true;
  }

  listRooms(): RoomInfo[] {
    return [...this.#rooms.values()].map(inspect);
  }

  getRoom(id: string): RoomInfo | undefined {
    const room = this.#rooms.get(id);
    return room && inspect(room);
  }

  /** Ends every session; tokens issued before are refused. @returns false when there is no such room */
  dismissRoom(id: string): boolean {
    const room = this.#rooms.get(id);
    if (!room) return false;
    this.bans.add(id, undefined);
    const all = [...room.sessions.values()];
    // Nobody is told that the others go, too.
    room.sessions.clear();
    for (const session of all) this.end(session, 'room_disband');
    this.#close(room);
    return true;
  }

  /**
   * Ends the user's sessions; tokens issued before are refused, and for `seconds` every join.
   * @returns how many sessions ended
   */
  removeUser(id: string, user: string, seconds = 0): number {
    this.bans.add(id, user, seconds);
    const sessions = this.#rooms.get(id)?.ofUser(user) ?? [];
    for (const session of sessions) this.end(session, 'banned');
    return sessions.length;
  }

  /** Everything ends at once; nobody is told. */
  close(): void {
    for (const session of this.#sessions.values()) session.cancelTimer?.();
    for (const room of this.#rooms.values()) room.cancelClose?.();
    this.#sessions.clear();
    this.#rooms.clear();
  }

  #expired({ tokenExpires }: Session): boolean {
    return this.clock.now() / 1000 > tokenExpires + SKEW;
  }

  #checkBan(room: string, user: string, claims: Claims | null): void {
    if (this.bans.refuses(room, user, claims?.issuedAt)) {
      throw new RoomError(
        'forbidden',
        'You were removed from this room, or it was dismissed; a new token is needed.',
        'banned',
      );
    }
  }

  /** A client that joins again by itself neither comes back after its end nor kicks who came since. */
  #checkPrevious({ room: id, role, previous }: JoinMessage, user: string): void {
    if (previous === undefined) return;
    const ended = this.#ended.get(previous);
    if (isEnded(ended)) throw new RoomError('forbidden', SENTENCES[ended], ended);
    const same = this.#sameAnchor(this.#rooms.get(id), user, role);
    if (same && same.id !== previous) throw new RoomError('forbidden', SENTENCES.kick, 'kick');
  }

  /** Whether somebody would have to go for this join. */
  replaces({ room: id, user = '', role }: JoinMessage, claims: Claims | null): boolean {
    return !!this.#sameAnchor(this.#rooms.get(id), claims?.user ?? user, role);
  }

  /** Whether the session was ended by another one of its user, as far as is remembered. */
  wasReplaced(session: string): boolean {
    return this.#ended.get(session) === 'kick';
  }

  /** The session that an anchor of this user replaces. An audience, as every link is, replaces nobody. */
  #sameAnchor(room: Room | undefined, user: string, role: UserRole): Session | undefined {
    return role === 'anchor' ? room?.anchorOf(user) : undefined;
  }

  #subscribe(session: Session, wishes: StreamWish[]): void {
    const { room } = session;
    const known = wishes.flatMap((wish) => {
      const publisher = room.sessions.get(wish.session);
      return publisher && publisher !== session ? { wish, publisher } : [];
    });
    // All or nothing: who is refused one of them counts none as given.
    for (const { wish, publisher } of known) {
      const begins = (wish.audio || wish.video) && !receives(session, publisher);
      if (begins && publisher.role === 'anchor')
        checkFanout(room, publisher, session, this.settings);
    }
    for (const { wish, publisher } of known)
      (session.wishes ??= new Map()).set(streamId(publisher.id, wish.type), wish);
    reconnect(room, session, this.newId, this.clock.now());
    for (const publisher of new Set(known.map(({ publisher }) => publisher)))
      tellWanted(session, publisher);
    if (wishes.length && !known.length)
      throw new RoomError('stream-gone', 'The user of this stream has left.');
  }

  #relay(session: Session, data: string, to?: string[]): void {
    const users = to && new Set(to);
    const message = {
      t: 'message' as const,
      id: this.newId(),
      from: session.user,
      data,
      timestamp: this.clock.now(),
    };
    for (const other of session.room.others(session)) {
      if (!users || users.has(other.user)) other.outbox.send(message);
    }
  }

  #signal(session: Session, { conn, signal }: ClientMessage & { t: 'signal' }): void {
    const link = session.room.connections.get(conn);
    if (!link || (link.a !== session && link.b !== session)) return;
    if ('sdp' in signal && !hasFixedLayout(signal.sdp.sdp)) {
      throw new RoomError(
        'argument',
        'The SDP does not have the fixed layout of four media sections.',
      );
    }
    const offer = 'sdp' in signal && signal.sdp.type === 'offer';
    if ('sdp' in signal && offer !== (link.offerer === session)) {
      throw new RoomError('argument', 'One side of a connection offers, the other answers.');
    }
    const other = link.a === session ? link.b : link.a;
    const passed = relayed(this.settings.ice, session.room.mode)
      ? withoutAddresses(signal)
      : signal;
    if (passed) other.outbox.send({ t: 'signal', conn, signal: passed });
  }

  #closeLater(room: Room, ms: number): void {
    room.cancelClose?.();
    room.cancelClose = this.clock.after(ms, () => {
      if (!room.sessions.size) this.#close(room);
    });
  }

  #close(room: Room): void {
    room.cancelClose?.();
    if (this.#rooms.get(room.id) === room) this.#rooms.delete(room.id);
  }
}

function isEnded(ended: Ended | undefined): ended is EndedReason {
  return ended !== undefined && ended in SENTENCES;
}
