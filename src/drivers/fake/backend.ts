import { RtcError, type RtcErrorCode } from '../../core/errors.js';
import type {
  ClientEvent,
  Driver,
  EndReason,
  JoinRequest,
  JoinResult,
  Publication,
  RoomMode,
  StreamType,
  Subscription,
  TrackKind,
  UserRole,
} from '../driver.js';
import { CAPABILITIES, FakeClient, type FakeCapability } from './client.js';
import { streamId, streamInfo, streamsOf, userInfo, type FakeRoom, type Member } from './room.js';
import { Scheduler } from './scheduler.js';
import { makeTrack, TrackPool, type TrackMaker } from './tracks.js';
import { FakeUser, type FakeUserOptions } from './user.js';

/** What a client can be made to fail at. */
export type FakeStep =
  | 'join'
  | 'leave'
  | 'switchRole'
  | 'publish'
  | 'unpublish'
  | 'subscribe'
  | 'unsubscribe'
  | Exclude<FakeCapability, 'warm' | 'setAudioLevels'>;

/**
 * An error code or error: the call fails. `never`: it does not settle, and hears of no abort.
 * `late`: it settles in its turn as if nothing had happened, also when it was aborted before.
 */
export type FakeFailure = RtcErrorCode | RtcError | 'never' | 'late';

export interface FakeBackendOptions {
  /** The driver's name, for `registerDriver()`. Default `fake`. */
  name?: string;
  /** True: nothing happens until `step()` or `flush()`. Default false. */
  manual?: boolean;
  /** Milliseconds before each answer and event. Default 0: none, in microtasks. */
  latency?: number;
  /** Default all. */
  capabilities?: readonly FakeCapability[];
  optionKeys?: readonly string[];
  /** Media of users without any. Default: a still picture and silence, in a browser. */
  createTrack?: TrackMaker;
}

/** Rooms in memory: a back end whose every answer, event and failure a test decides. */
export class FakeBackend {
  readonly driver: Driver;
  readonly scheduler: Scheduler;
  /** Remove one before a client is created, and that client lacks it. */
  readonly capabilities: Set<FakeCapability>;
  /** User ids that may `kick()` through the back end. */
  readonly moderators = new Set<string>();
  /** What clients did that a driver's user must not: empty when all is well. */
  readonly violations: string[] = [];
  /** Clients created and not destroyed. */
  readonly clients = new Set<FakeClient>();
  /** All clients that there ever were. */
  readonly created: FakeClient[] = [];
  /** How many joins were asked for. */
  joins = 0;

  readonly #rooms = new Map<string, FakeRoom>();
  readonly #script = new Map<FakeStep, (RtcError | 'never' | 'late')[]>();
  readonly #ended = new Map<string, { reason: EndReason; message: string }>();
  readonly #pool: TrackPool;
  #count = 0;

  constructor(options: FakeBackendOptions = {}) {
    this.scheduler = new Scheduler(!!options.manual, options.latency ?? 0);
    this.capabilities = new Set(options.capabilities ?? CAPABILITIES);
    this.#pool = new TrackPool(options.createTrack ?? makeTrack);
    this.driver = {
      name: options.name ?? 'fake',
      optionKeys: options.optionKeys ?? [],
      createClient: (config, listener) => {
        const client = new FakeClient(this, config, listener);
        this.clients.add(client);
        this.created.push(client);
        return client;
      },
    };
  }

  /** Clients that are in a room. */
  get joined(): FakeClient[] {
    return [...this.clients].filter(({ member }) => member);
  }

  /** Tracks handed out to clients and not ended again. */
  get liveTracks(): MediaStreamTrack[] {
    return this.#pool.live;
  }

  /** The client of a user, the latest one where there are several. */
  client(userId: string, roomId?: string): FakeClient | undefined {
    return this.joined.findLast(
      ({ member, config }) => member?.userId === userId && (!roomId || config.roomId === roomId),
    );
  }

  /** Makes the next calls of that kind fail, `times` of them. */
  fail(step: FakeStep, failure: FakeFailure, times = 1): void {
    const made =
      failure === 'never' || failure === 'late' || failure instanceof RtcError
        ? failure
        : new RtcError(failure, `The fake back end was told to fail ${step} with ${failure}.`);
    this.#script.set(step, [
      ...(this.#script.get(step) ?? []),
      ...Array<typeof made>(times).fill(made),
    ]);
  }

  /** Takes back what `fail()` has not been used for. */
  heal(): void {
    this.#script.clear();
  }

  /** Runs the next answers and events (only with `manual`). @returns how many there were */
  step(count = 1): number {
    return this.scheduler.step(count);
  }

  /** Runs all answers and events, and what they bring. */
  flush(): Promise<void> {
    return this.scheduler.flush();
  }

  /** Puts a user without a client into a room. */
  addUser(roomId: string, userId: string, options: FakeUserOptions = {}): FakeUser {
    const room = this.#room(roomId, options.mode ?? 'rtc');
    const member: Member = {
      id: this.#name(),
      userId,
      userData: options.userData ?? '',
      role: options.role ?? 'anchor',
      link: !!options.link,
      streams: new Map(),
      client: null,
    };
    room.members.set(member.id, member);
    this.#tellOthers(member, { type: 'user-joined', user: userInfo(member) });
    return new FakeUser(this, member);
  }

  /** The connection drops, and the driver is bringing it back. */
  drop(client: FakeClient): void {
    client.emit({ type: 'reconnecting' });
  }

  /** It is back. */
  restore(client: FakeClient): void {
    client.emit({ type: 'reconnected' });
  }

  /** Ends a stay from the server's side; the others see the user leave. */
  end(
    client: FakeClient,
    reason: EndReason,
    message = `The fake back end ended the stay: ${reason}.`,
  ): void {
    const { member } = client;
    if (!member) return;
    if (reason !== 'connection-lost') this.#ended.set(member.id, { reason, message });
    const left =
      reason === 'kick' || reason === 'banned'
        ? reason
        : reason === 'room_disband'
          ? 'leave'
          : 'timeout';
    this.exit(client, left);
    client.state = 'ended';
    client.emit({ type: 'ended', reason, message });
  }

  /** Removes a user through the server: `banned`. */
  remove(roomId: string, userId: string): void {
    for (const member of [...(this.#rooms.get(roomId)?.members.values() ?? [])]) {
      if (member.userId !== userId) continue;
      if (member.client)
        this.end(member.client, 'banned', 'A moderator has removed you from the room.');
      else this.removeMember(member, 'banned');
    }
  }

  /** Ends a room for everybody: `room_disband`. */
  dismiss(roomId: string): void {
    for (const member of [...(this.#rooms.get(roomId)?.members.values() ?? [])]) {
      if (member.client) this.end(member.client, 'room_disband', 'The room was dismissed.');
      else this.removeMember(member, 'leave');
    }
  }

  /** What the back end remembers of a session that it ended, for a rejoin that names it. */
  remember(session: string, reason: EndReason, message = `The session ended: ${reason}.`): void {
    this.#ended.set(session, { reason, message });
  }

  /** The server changes a client's role by itself. */
  forceRole(client: FakeClient, role: UserRole): void {
    if (!client.member) return;
    this.changeRole(client.member, role);
    client.emit({ type: 'role', role });
  }

  // What clients and users call; a test has the calls above.

  /** @internal */
  next(step: FakeStep): RtcError | 'never' | 'late' | undefined {
    return this.#script.get(step)?.shift();
  }

  /** @internal */
  enter(client: FakeClient, request: JoinRequest): JoinResult {
    const { roomId, mode, link, userId } = client.config;
    const past = request.previousSession && this.#ended.get(request.previousSession);
    if (past) throw new RtcError('forbidden', past.message, { vendorCode: past.reason });
    const room = this.#room(roomId, mode);
    if (room.mode !== mode) {
      throw new RtcError(
        'join-failed',
        `Room ${roomId} is in mode “${room.mode}”; set mode="${room.mode}".`,
      );
    }
    const id = this.#name();
    const member: Member = {
      id,
      userId: request.credentials.userId ?? userId ?? `guest-${id}`,
      userData: request.userData,
      role: link ? 'audience' : request.role,
      link,
      streams: new Map(),
      client,
    };
    const others = [...room.members.values()];
    // First, or a room whose only user is replaced would close.
    room.members.set(id, member);
    this.#replace(room, member);
    client.member = member;
    client.state = 'joined';
    this.#tellOthers(member, { type: 'user-joined', user: userInfo(member) });
    const published = member.role === 'anchor' ? request.publications : [];
    for (const publication of published) this.publish(member, publication);
    const there = others.filter((other) => room.members.has(other.id));
    for (const other of there) {
      for (const type of other.streams.keys()) this.#subscribeByDefault(client, other, type);
    }
    return {
      userId: member.userId,
      role: member.role,
      userData: member.userData,
      session: id,
      users: there.map(userInfo),
      streams: there.flatMap(streamsOf),
      published: published.map(({ type }) => type),
    };
  }

  /** @internal */
  exit(client: FakeClient, reason: 'leave' | 'timeout' | 'kick' | 'banned'): void {
    const { member } = client;
    client.member = null;
    client.subscribed.clear();
    // Media needs no server: what was received when the connection was lost still comes.
    if (reason !== 'timeout') this.#silence(client);
    if (member) this.removeMember(member, reason);
  }

  #silence(client: FakeClient): void {
    for (const { track } of client.received.values()) this.#pool.end(track);
    client.received.clear();
  }

  /** @internal */
  removeMember(member: Member, reason: 'leave' | 'timeout' | 'kick' | 'banned'): void {
    const room = this.#roomOf(member);
    if (!room) return;
    for (const type of [...member.streams.keys()]) this.unpublish(member, type);
    this.#tellOthers(member, { type: 'user-left', id: member.id, reason });
    room.members.delete(member.id);
    if (!room.members.size) this.#rooms.delete(room.id);
  }

  /** @internal */
  forget(client: FakeClient): void {
    this.clients.delete(client);
  }

  /** @internal */
  changeRole(member: Member, role: UserRole): void {
    const room = this.#roomOf(member);
    if (!room) return;
    if (room.mode === 'rtc' && role === 'audience') {
      throw new RtcError('unsupported', 'A room in mode “rtc” has no audience.');
    }
    member.role = role;
    if (role === 'audience')
      for (const type of [...member.streams.keys()]) this.unpublish(member, type);
    else this.#replace(room, member);
    this.#tellOthers(member, { type: 'user-updated', user: userInfo(member) });
  }

  /** @internal */
  describe(member: Member, userData: string): void {
    member.userData = userData;
    this.#tellOthers(member, { type: 'user-updated', user: userInfo(member) });
  }

  /** @internal */
  publish(member: Member, publication: Publication): void {
    const known = member.streams.has(publication.type);
    member.streams.set(publication.type, publication);
    const stream = streamInfo(member, publication);
    this.#tellOthers(member, { type: known ? 'stream-updated' : 'stream-added', stream });
    for (const client of this.#othersOf(member)) {
      if (known) this.#feed(client, member, publication.type);
      else this.#subscribeByDefault(client, member, publication.type);
    }
  }

  /** @internal */
  unpublish(member: Member, type: StreamType): void {
    if (!member.streams.delete(type)) return;
    const id = streamId(member, type);
    this.#tellOthers(member, { type: 'stream-removed', streamId: id });
    for (const client of this.#othersOf(member)) {
      client.subscribed.delete(id);
      for (const kind of ['audio', 'video'] as const) this.#hand(client, id, kind, null);
    }
  }

  /** @internal */
  subscribe(client: FakeClient, id: string, wanted: Subscription | null): void {
    const publisher = this.#othersOf(client.member, true).find((member) =>
      [...member.streams.keys()].some((type) => streamId(member, type) === id),
    );
    if (!publisher) {
      if (!wanted) return;
      throw new RtcError('stream-gone', 'The stream is no longer published.');
    }
    if (wanted) client.subscribed.set(id, wanted);
    else client.subscribed.delete(id);
    for (const type of publisher.streams.keys()) {
      if (streamId(publisher, type) === id) this.#feed(client, publisher, type);
    }
  }

  /** @internal */
  send(member: Member, data: string, to?: readonly string[]): void {
    const id = `message-${++this.#count}`;
    // Counted, not read from a clock: the same test, the same times.
    const message: ClientEvent = {
      type: 'message',
      id,
      from: member.userId,
      data,
      timestamp: this.#count,
    };
    for (const client of this.#othersOf(member)) {
      if (!to || to.includes(client.member?.userId ?? '')) client.emit(message);
    }
  }

  #name(): string {
    return `session-${++this.#count}`;
  }

  #room(id: string, mode: RoomMode): FakeRoom {
    let room = this.#rooms.get(id);
    if (!room) {
      room = { id, mode, members: new Map() };
      this.#rooms.set(id, room);
    }
    return room;
  }

  #roomOf(member: Member): FakeRoom | undefined {
    return [...this.#rooms.values()].find((room) => room.members.get(member.id) === member);
  }

  #othersOf(member: Member | null): FakeClient[];
  #othersOf(member: Member | null, members: true): Member[];
  #othersOf(member: Member | null, members = false): (FakeClient | Member)[] {
    const room = member && this.#roomOf(member);
    const others = [...(room?.members.values() ?? [])].filter((other) => other !== member);
    return members ? others : others.flatMap(({ client }) => client ?? []);
  }

  #tellOthers(member: Member, event: ClientEvent): void {
    for (const client of this.#othersOf(member)) client.emit(event);
  }

  /** The same user as an anchor elsewhere: that one is kicked. */
  #replace(room: FakeRoom, member: Member): void {
    if (member.link || member.role !== 'anchor') return;
    for (const other of [...room.members.values()]) {
      if (other === member || other.userId !== member.userId || other.role !== 'anchor') continue;
      if (other.client) this.end(other.client, 'kick', 'The same user has joined elsewhere.');
      else this.removeMember(other, 'kick');
    }
  }

  #subscribeByDefault(client: FakeClient, publisher: Member, type: StreamType): void {
    const { audio = false, video = false, only } = client.request?.subscribe ?? {};
    if (!(audio || video) || (only && !only.includes(publisher.userId))) return;
    client.subscribed.set(streamId(publisher, type), { audio, video });
    this.#feed(client, publisher, type);
  }

  /** Hands a viewer exactly the media that it subscribed to and that is there. */
  #feed(client: FakeClient, publisher: Member, type: StreamType): void {
    const publication = publisher.streams.get(type);
    const id = streamId(publisher, type);
    const wanted = client.subscribed.get(id);
    for (const kind of ['audio', 'video'] as const) {
      const has = publication && (kind === 'audio' ? publication.hasAudio : publication.hasVideo);
      const off = kind === 'video' && publication?.videoMuted;
      if (!wanted?.[kind] || !has || off) {
        this.#hand(client, id, kind, null);
        continue;
      }
      const source = publication[kind];
      const key = `${id}/${kind}`;
      if (client.received.has(key) && client.received.get(key)?.source === source) continue;
      this.#hand(client, id, kind, {
        source,
        track: this.#pool.take(source, kind, publisher.userId),
      });
    }
  }

  #hand(
    client: FakeClient,
    id: string,
    kind: TrackKind,
    media: { source: unknown; track: MediaStreamTrack | null } | null,
  ): void {
    const key = `${id}/${kind}`;
    const before = client.received.get(key);
    if (!before && !media) return;
    this.#pool.end(before?.track ?? null);
    if (media) client.received.set(key, media);
    else client.received.delete(key);
    client.emit({ type: 'track', streamId: id, kind, track: media?.track ?? null });
  }
}
