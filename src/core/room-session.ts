import type { Client, ClientEvent, EndReason, UserRole } from '../drivers/driver.js';
import { settle } from './async.js';
import { isTransient, RtcError, toRtcError } from './errors.js';
import { joinRoom, type Joined } from './join-room.js';
import { isKickMessage, KICK_MESSAGE } from './kick-message.js';
import { Lane, type Step } from './lane.js';
import { log } from './logger.js';
import { claimRoom, releaseRoom } from './page-registry.js';
import { checkRole, checkWish, identityOf, wants } from './plan.js';
import { Publications } from './publications.js';
import type { RemoteStream } from './remote-stream.js';
import { Renewal, roleCredentials } from './renewal.js';
import type { SharedLinks } from './room-link.js';
import { Stay } from './stay.js';
import { StreamView } from './stream-view.js';
import { Subscriptions } from './subscriptions.js';
import type {
  ConnectionState,
  LeaveReason,
  LocalStream,
  Publisher,
  RemoteUser,
  RoomWish,
  RtcEventDetails,
  SessionHost,
} from './types.js';
import { Waiters } from './waiters.js';

export interface Ending {
  reason: LeaveReason;
  message: string;
  by?: string;
}

/** Something whose stay depends on this one: a link. */
export interface Follower {
  follow(): void;
}

const LEAVE_PATIENCE = 3_000;

/** A room as a page wants it and as it is: drives the one towards the other, and tells. */
export class RoomSession {
  readonly view: StreamView;
  readonly views = new Set<StreamView>();
  /** The links of this room, by what they join; filled by room-link.ts. */
  links: SharedLinks | null = null;
  readonly followers = new Set<Follower>();

  error: RtcError | null = null;
  ended: Ending | null = null;
  waiting: number | null = null;

  #wish: RoomWish | null = null;
  #stay: Stay | null = null;
  #state: ConnectionState = 'disconnected';
  #leaveReason: LeaveReason = 'leave';
  #kickedBy: string | undefined;
  #previous: string | undefined;
  #active = false;
  #matching = false;
  #blockedTold = false;
  readonly #waiters = new Waiters<'join' | 'leave' | UserRole>();
  readonly #subscriptions: Subscriptions;
  readonly #publications: Publications;
  readonly #renewal: Renewal;
  readonly #lane: Lane = new Lane(
    () => this.#next(),
    (error, step) => this.#failed(error, step),
  );

  /** @param parent Given for a link's session: the room whose link it is. */
  constructor(
    private readonly host: SessionHost,
    readonly parent: RoomSession | null = null,
  ) {
    this.view = new StreamView(this, host);
    if (!parent) this.views.add(this.view);
    // Getters, because what they tell changes with every stay.
    const lookup = {
      get client(): Client | null {
        return self.#stay?.client ?? null;
      },
      get publishing(): Client | null {
        return self.#stay?.role === 'anchor' ? self.#stay.client : null;
      },
      get gone(): AbortSignal | undefined {
        return self.#stay?.gone;
      },
      subscriptionChanged: (): void => this.viewChanged(),
    };
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the getters above have their own this
    const self = this;
    this.#subscriptions = new Subscriptions(lookup);
    this.#publications = new Publications(lookup);
    this.#renewal = new Renewal(
      () => this.#wish,
      (error) => this.#report(error),
    );
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get inRoom(): boolean {
    return this.#stay !== null && !['disconnected', 'connecting'].includes(this.#state);
  }

  get role(): UserRole | null {
    return this.#stay?.role ?? null;
  }

  get userId(): string | null {
    return this.#stay?.userId ?? this.#wish?.userId ?? null;
  }

  get roomId(): string | null {
    return this.#stay?.roster.roomId ?? this.#wish?.roomId ?? null;
  }

  get users(): readonly RemoteUser[] {
    return this.#stay?.roster.users ?? [];
  }

  get streams(): readonly RemoteStream[] {
    return this.#stay?.roster.streams ?? [];
  }

  get localStreams(): readonly LocalStream[] {
    return [...this.#publications.publishers].flatMap(({ main, auxiliary }) =>
      [main, auxiliary].filter((stream) => !!stream),
    );
  }

  get client(): unknown {
    return this.#stay?.client.native ?? null;
  }

  /** Ids of the users who speak. */
  get speakers(): readonly string[] {
    return this.#stay?.speakers ?? [];
  }

  /** The wish as it was joined, with what the token named; else the wish. */
  get wish(): RoomWish | null {
    return this.#stay?.wish ?? this.#wish;
  }

  /** What the page wants now; carried out once per microtask. */
  update(wish: RoomWish): void {
    const before = this.#wish;
    this.#wish = wish;
    if (!wish.joined) {
      if (before?.joined) this.error = null;
      this.#waiters.reject('join');
    } else {
      this.#waiters.reject('leave');
      this.#leaveReason = 'leave';
      if (!before?.joined) this.ended = this.error = null;
      else if (identityOf(before) !== identityOf(wish)) this.#waiters.reject('join');
    }
    this.#waiters.reject(wish.userRole === 'anchor' ? 'audience' : 'anchor');
    if (this.#stay && before?.audioLevels !== wish.audioLevels) {
      this.#stay.client.setAudioLevels?.(wish.audioLevels);
    }
    this.#lane.poke();
    this.#activate();
  }

  /** The element is gone: what it owns ends. A later `update()` revives the session. */
  end(): void {
    if (!this.#wish?.joined) return;
    this.update({ ...this.#wish, joined: false });
    this.#leaveReason = 'element-removed';
  }

  /** The page goes: leave at once. */
  leaveNow(): void {
    if (this.#wish) this.update({ ...this.#wish, joined: false });
    void this.#stay?.client.leave().catch(() => undefined);
    if (this.#stay) this.#over('leave');
  }

  whenJoined(): Promise<void> {
    if (this.inRoom && identityOf(this.#wish as RoomWish) === this.#stay?.identity) {
      return Promise.resolve();
    }
    if (this.#lane.stuck && this.error) return Promise.reject(this.error);
    return this.#waiters.wait('join');
  }

  whenLeft(): Promise<void> {
    const out = !this.#stay && this.#state === 'disconnected';
    return out ? Promise.resolve() : this.#waiters.wait('leave');
  }

  whenRole(role: UserRole): Promise<void> {
    const now = !this.#wish?.joined || this.#stay?.role === role;
    return now ? Promise.resolve() : this.#waiters.wait(role);
  }

  async sendMessage(data: string, to?: string | string[]): Promise<void> {
    const { client } = this.#joined('send a message');
    if (typeof data !== 'string') {
      throw new RtcError('argument', 'A message is a string; use JSON.stringify() for anything else.');
    }
    if (!client.sendMessage) throw this.#unsupported('messages');
    await client.sendMessage(data, typeof to === 'string' ? [to] : to);
  }

  async kick(userId: string): Promise<void> {
    const { client } = this.#joined('remove a user');
    try {
      if (client.kick) return await client.kick(userId);
    } catch (error) {
      if (toRtcError(error).code !== 'forbidden') throw error;
    }
    await this.sendMessage(KICK_MESSAGE, userId);
  }

  getRemoteUser(userId: string): RemoteUser | undefined {
    return this.#stay?.roster.user(userId);
  }

  async getStats(): Promise<RTCStatsReport[]> {
    const { client } = this.#joined('read statistics');
    if (!client.getStats) throw this.#unsupported('statistics');
    return client.getStats();
  }

  async startPlayback(): Promise<void> {
    await Promise.all(this.#allViews().map((view) => view.resumeSinks()));
  }

  addPublisher(publisher: Publisher): () => void {
    const remove = this.#publications.add(publisher);
    publisher.roomActive(this.#active);
    this.host.changed();
    return () => {
      publisher.roomActive(false);
      remove();
      this.host.changed();
    };
  }

  publisherChanged(): void {
    this.#publications.poke();
    this.host.changed();
  }

  viewChanged(): void {
    if (this.#matching) return;
    this.#matching = true;
    queueMicrotask(() => {
      this.#matching = false;
      this.#match();
    });
  }

  blockedChanged(): void {
    if (this.parent) return this.parent.blockedChanged();
    if (!this.#blocked().length) this.#blockedTold = false;
    else if (!this.#blockedTold) {
      this.#blockedTold = true;
      // Streams are refused one by one; tell of those refused together at once.
      setTimeout(() => {
        const streams = this.#blocked();
        if (streams.length) this.host.emit('rtc-autoplay-blocked', { streams });
        else this.#blockedTold = false;
      }, 50);
    }
  }

  #blocked(): RemoteStream[] {
    return this.#allViews().flatMap((view) => view.blockedStreams);
  }

  #allViews(): StreamView[] {
    return this.parent
      ? this.parent.#allViews()
      : [...this.views, ...(this.links?.views() ?? [])];
  }

  #next(): Step | null {
    const wish = this.#wish;
    const stay = this.#stay;
    const identity = wish?.joined ? identityOf(wish) : null;
    if (!stay) {
      if (!wish || identity === null) return null;
      return { key: `join:${identity}`, run: (signal) => this.#join(wish, identity, signal) };
    }
    if (!wish || stay.identity !== identity) {
      return { key: 'leave', run: () => this.#leave(stay) };
    }
    if (stay.role !== wish.userRole) {
      return { key: `role:${wish.userRole}`, run: (signal) => this.#switchRole(stay, wish, signal) };
    }
    const { client, wishedData } = stay;
    if (client.setUserData && wishedData !== wish.userData) {
      return {
        key: `data:${wish.userData}`,
        run: async () => {
          await settle(client.setUserData?.(wish.userData) ?? Promise.resolve(), { signal: stay.gone, ms: 10_000 });
          stay.wishedData = wish.userData;
        },
      };
    }
    return null;
  }

  async #join(wish: RoomWish, identity: string, signal: AbortSignal): Promise<void> {
    checkWish(wish);
    this.#setState('connecting');
    try {
      const joined = await joinRoom(
        wish,
        {
          link: !!this.parent,
          previousSession: this.#previous,
          waiting: (retryAfter) => {
            this.waiting = retryAfter;
            this.host.changed();
            this.host.emit('rtc-waiting', { retryAfter });
          },
          claim: (target) => this.parent ?? claimRoom(target, this),
          publications: () => this.#publications.ready(),
          subscribe: () => this.#defaults(),
        },
        signal,
      );
      this.#enter(joined, wish, identity);
    } catch (error) {
      this.waiting = null;
      releaseRoom(this);
      if (signal.aborted) {
        this.#setState('disconnected');
        this.#waiters.resolve('leave');
      }
      throw error;
    }
  }

  #enter(joined: Joined, wish: RoomWish, identity: string): void {
    const stay: Stay = new Stay(joined, identity, wish.userData, {
      emit: (type, detail) => {
        for (const { host } of this.views) host.emit(type, detail);
      },
      announce: (stream) => {
        for (const view of this.views) view.announce(stream);
        this.#subscriptions.add(stream, stay.defaults);
      },
    });
    const { result, client } = joined;
    this.#stay = stay;
    this.#previous = undefined;
    this.error = this.ended = this.waiting = null;
    if (stay.role !== wish.userRole && this.#wish?.userRole === wish.userRole) {
      this.#takeBack({ userRole: stay.role });
    }
    if (this.#wish?.audioLevels) client.setAudioLevels?.(true);
    this.#renewal.start(joined, client);
    this.#publications.confirm(result.published, joined.sent, client);
    this.#setState('connected');
    this.host.emit('rtc-joined', {
      roomId: stay.roster.roomId,
      userId: stay.userId,
      userRole: stay.role,
    });
    for (const user of result.users) if (this.#stay === stay) stay.roster.addUser(user);
    for (const stream of result.streams) if (this.#stay === stay) stay.roster.addStream(stream);
    joined.listen((event) => {
      if (this.#stay === stay) this.#onEvent(stay, event);
    });
    this.#waiters.resolve('join');
    this.#waiters.resolve(stay.role);
    this.#publications.poke();
    this.#activate();
    this.viewChanged();
    this.#lead();
  }

  async #leave(stay: Stay): Promise<void> {
    await settle(stay.client.leave(), { ms: LEAVE_PATIENCE, signal: stay.gone }).catch((error: unknown) => {
      log('debug', 'leave', error);
    });
    if (this.#stay === stay) this.#over(this.#leaveReason, this.#kickedBy);
    this.#leaveReason = 'leave';
    this.#kickedBy = undefined;
  }

  async #switchRole(stay: Stay, wish: RoomWish, signal: AbortSignal): Promise<void> {
    checkRole(wish);
    const { userRole } = wish;
    for (let again = true; ; again = false) {
      const credentials = await roleCredentials(wish, stay.wish, signal);
      try {
        // Not aborted by a later wish: the back end's answer says what to switch from then.
        const asked = stay.client.switchRole(userRole, credentials, stay.gone);
        await settle(asked, { signal: stay.gone, ms: 15_000, what: 'The role switch' });
        break;
      } catch (error) {
        if (!again || toRtcError(error).code !== 'auth') throw error;
      }
    }
    this.#setRole(stay, userRole);
  }

  #setRole(stay: Stay, userRole: UserRole): void {
    const previousRole = stay.role;
    if (this.#stay !== stay || previousRole === userRole) return;
    stay.role = userRole;
    if (userRole === 'audience') this.#publications.clear();
    else this.#publications.poke();
    this.host.changed();
    this.host.emit('rtc-role-changed', { userRole, previousRole });
    this.#waiters.resolve(userRole);
    this.#lane.poke();
    this.#activate();
  }

  /** @returns whether the step is tried again */
  #failed(error: RtcError, { key }: Step): boolean {
    const what = key.slice(0, key.indexOf(':'));
    const retried = isTransient(error);
    if (what === 'role') {
      // Before the wish is taken back, which would tell them that it was overtaken.
      this.#waiters.reject(key.slice(5) as UserRole, error);
      if (!retried && this.#stay) this.#refuse(error, { userRole: this.#stay.role });
      else this.#report(error);
    } else if (what === 'join') {
      this.#waiters.reject('join', error);
      this.#joinFailed(error, retried);
    } else {
      this.#report(error);
    }
    this.#activate();
    return retried;
  }

  #joinFailed(error: RtcError, retried: boolean): void {
    const removed = this.#previous && endReason(error.vendorCode);
    if (removed) this.#banned(removed, error.message);
    else this.#setState('disconnected', { error });
    if (retried || error.incomplete) {
      this.#report(error);
    } else {
      this.#previous = undefined;
      this.#refuse(error, { joined: false });
    }
    this.error = error;
    this.host.changed();
  }

  #refuse(error: RtcError, wish: { joined?: false; userRole?: UserRole }): void {
    error.fatal = true;
    this.#takeBack(wish);
    this.#report(error, 'joined' in wish ? ['joined'] : ['user-role']);
  }

  #takeBack(wish: { joined?: false; userRole?: UserRole }): void {
    if (this.#wish) this.#wish = { ...this.#wish, ...wish };
    this.host.revert(wish);
  }

  #report(error: RtcError, reverted: string[] = []): void {
    error.provider ??= this.#wish?.provider;
    log('warn', error.code, error.message);
    this.host.changed();
    this.host.emit('rtc-error', { error, reverted });
  }

  #onEvent(stay: Stay, event: ClientEvent): void {
    if (stay.roster.apply(event)) {
      if (event.type === 'stream-removed') this.#prune(stay);
      this.viewChanged();
      return;
    }
    switch (event.type) {
      case 'reconnecting':
      case 'reconnected':
        this.#setState(event.type);
        break;
      case 'track': {
        const stream = stay.roster.stream(event.streamId);
        if (!stream) break;
        if (event.track) stream.subscribed = true;
        stream[`${event.kind}Track`] = event.track;
        this.viewChanged();
        break;
      }
      case 'stream-health': {
        const stream = stay.roster.stream(event.streamId);
        if (stream) stream.failure = event.error ? toRtcError(event.error) : null;
        this.viewChanged();
        break;
      }
      case 'message':
        this.#onMessage(event);
        break;
      case 'role':
        this.#takeBack({ userRole: event.role });
        this.#setRole(stay, event.role);
        break;
      case 'active-speakers':
        stay.speakers = event.userIds;
        for (const stream of this.streams) stream.speaking = event.userIds.includes(stream.userId);
        this.viewChanged();
        this.host.emit('rtc-active-speaker-changed', { userIds: event.userIds });
        break;
      case 'network-quality':
        this.host.emit('rtc-network-quality', { uplink: event.uplink, downlink: event.downlink });
        break;
      case 'audio-levels':
        if (this.#wish?.audioLevels) this.host.emit('rtc-audio-level', { levels: event.levels });
        break;
      case 'ended':
        this.#onEnded(stay, event.reason, event.message);
        break;
      case 'error':
        this.#report(toRtcError(event.error));
    }
    this.host.changed();
  }

  #onMessage({ id, from, data, timestamp }: RtcEventDetails['rtc-message-received']): void {
    if (isKickMessage(data) && this.#wish?.kickFrom.includes(from)) {
      const message = `${from} has removed you from the room.`;
      this.ended = { reason: 'kicked-by-user', message, by: from };
      this.#takeBack({ joined: false });
      this.#leaveReason = 'kicked-by-user';
      this.#kickedBy = from;
      this.#lane.poke();
      this.#activate();
    } else {
      this.host.emit('rtc-message-received', { id, from, data, timestamp });
    }
  }

  #onEnded(stay: Stay, reason: EndReason, message: string): void {
    if (reason === 'connection-lost') {
      this.#previous = stay.session;
      this.#over(reason);
      this.#lane.poke();
      return;
    }
    this.#takeBack({ joined: false });
    this.#over(reason, undefined, () => this.#banned(reason, message));
    const code = reason === 'token-expired' ? 'auth' : 'forbidden';
    this.error = new RtcError(code, message, { fatal: true, vendorCode: reason });
    this.#report(this.error, ['joined']);
    this.#lane.poke();
  }

  #banned(reason: Exclude<EndReason, 'connection-lost'>, message: string): void {
    this.ended = { reason, message };
    this.#setState('disconnected', { reason });
    if (reason !== 'token-expired') this.host.emit('rtc-client-banned', { reason, message });
  }

  /** The stay is over, whoever ended it: everything that hung on it ends, then it is told. */
  #over(reason: LeaveReason, by?: string, tell?: () => void): void {
    const stay = this.#stay;
    if (!stay) return;
    this.#stay = null;
    stay.end();
    releaseRoom(this);
    this.#renewal.stop();
    this.#subscriptions.clear();
    this.#publications.clear();
    this.#activate();
    this.#match();
    if (tell) tell();
    else this.#setState('disconnected', { reason });
    this.host.emit('rtc-left', { roomId: stay.roster.roomId, reason, ...(by && { by }) });
    this.#waiters.resolve('leave');
    this.#lane.poke();
    this.#lead();
  }

  #lead(): void {
    for (const follower of [...this.followers]) follower.follow();
  }

  /** Whether local media is wanted: the user is, or is about to be, an anchor in the room. */
  #activate(): void {
    const wish = this.#wish;
    const active = !!wish?.joined && !!wish.roomId && wish.userRole === 'anchor';
    if (active === this.#active) return;
    this.#active = active;
    for (const publisher of this.#publications.publishers) publisher.roomActive(active);
  }

  #defaults(): { audio: boolean; video: boolean; only?: string[] } {
    const all = [...this.views].map((view) => view.defaults).filter(({ mode }) => mode !== 'none');
    const open = all.some(({ only }) => !only);
    const only = [...new Set(all.flatMap((one) => one.only ?? []))];
    return {
      audio: all.some(({ mode }) => wants(mode, 'audio')),
      video: all.some(({ mode }) => wants(mode, 'video')),
      ...(!open && only.length && { only }),
    };
  }

  #prune(stay: Stay): void {
    this.#subscriptions.keep(new Set(stay.roster.streams));
  }

  #match(): void {
    const sounding = new Set<RemoteStream>();
    const wanted = [...this.views].map((view) => view.match(sounding));
    this.#subscriptions.want(wanted);
    this.host.changed();
  }

  #setState(state: ConnectionState, more: { reason?: LeaveReason; error?: RtcError } = {}): void {
    const previousState = this.#state;
    if (state === previousState) return;
    this.#state = state;
    this.host.changed();
    this.host.emit('rtc-connection-state-changed', { state, previousState, ...more });
  }

  #joined(what: string): Stay {
    if (this.#stay && this.inRoom) return this.#stay;
    throw new RtcError('state', `Join the room before you ${what}.`);
  }

  #unsupported(what: string): RtcError {
    return new RtcError('unsupported', `The back end ${this.#wish?.provider ?? ''} has no ${what}.`);
  }
}

function endReason(code: unknown): Exclude<EndReason, 'connection-lost'> | undefined {
  return (['kick', 'banned', 'room_disband', 'token-expired'] as const).find((one) => one === code);
}
