import type { ClientEvent, EndReason, UserRole } from '../drivers/driver.js';
import type { Afterglow } from './afterglow.js';
import { settle } from './async.js';
import { isTransient, RtcError } from './errors.js';
import { joinRoom, type Joined } from './join-room.js';
import { isKickMessage } from './kick-message.js';
import { Lane, type Step } from './lane.js';
import { log } from './logger.js';
import { claimRoom, releaseRoom } from './page-registry.js';
import { checkRole, checkWish, identityOf } from './plan.js';
import { Publications } from './publications.js';
import { askRole, renewTokens } from './renewal.js';
import type { SharedLinks } from './room-link.js';
import { endReason, SessionFacts, type Follower } from './session-facts.js';
import { BlockedPlayback, SessionViews } from './session-views.js';
import { Stay } from './stay.js';
import { StreamView } from './stream-view.js';
import { Subscriptions } from './subscriptions.js';
import type {
  LeaveReason,
  LocalStream,
  Publisher,
  RoomWish,
  RtcEventDetails,
  SessionHost,
} from './types.js';
import { Waiters } from './waiters.js';

const LEAVE_PATIENCE = 3_000;
/** What cannot be had outside. */
const INSIDE = ['join', 'anchor', 'audience'] as const;

/** A room as a page wants it and as it is: drives the one towards the other, and tells. */
export class RoomSession extends SessionFacts {
  readonly view: StreamView;
  readonly views = new SessionViews((wanted) => {
    this.#subscriptions.want(wanted);
    this.host.changed();
  });
  /** The links of this room, by what they join; filled by room-link.ts. */
  links: SharedLinks | null = null;
  readonly followers = new Set<Follower>();

  #leaveReason: LeaveReason = 'leave';
  #kickedBy: string | undefined;
  #previous: string | undefined;
  #leaving = false;
  readonly #waiters = new Waiters<'join' | 'leave' | UserRole>();
  readonly #subscriptions = new Subscriptions(this);
  readonly #publications = new Publications(this);
  readonly #playback = new BlockedPlayback(
    () => this.#allViews(),
    (streams) => this.host.emit('rtc-autoplay-blocked', { streams }),
  );
  readonly #lane: Lane = new Lane(
    () => this.#next(),
    (error, step) => this.#failed(error, step),
  );

  /** @param parent Given for a link's session: the room whose link it is. */
  constructor(
    host: SessionHost,
    readonly parent: RoomSession | null = null,
  ) {
    super(host);
    this.view = new StreamView(this, host);
    if (!parent) this.views.add(this.view);
  }

  get localStreams(): readonly LocalStream[] {
    return [...this.#publications.publishers].flatMap(({ main, auxiliary }) =>
      [main, auxiliary].filter((stream) => !!stream),
    );
  }

  /** See claimRoom(). */
  get ending(): boolean {
    return this.#next()?.key === 'leave';
  }

  /** What the page wants now; carried out once per microtask. */
  update(wish: RoomWish): void {
    const before = this.wanted;
    this.wanted = wish;
    if (!wish.joined || (before && identityOf(before) !== identityOf(wish))) this.afterglow?.end();
    if (!wish.joined) {
      if (before?.joined) this.error = null;
      this.#waiters.reject(INSIDE);
    } else {
      this.#waiters.reject(wish.userRole === 'anchor' ? 'audience' : 'anchor');
      this.#waiters.reject('leave');
      this.#leaveReason = 'leave';
      if (before?.userRole !== wish.userRole) this.error = null;
      if (!before?.joined) this.ended = this.error = null;
      else if (identityOf(before) !== identityOf(wish)) this.#waiters.reject('join');
    }
    if (this.stay && before?.audioLevels !== wish.audioLevels) {
      this.stay.client.setAudioLevels?.(wish.audioLevels);
    }
    this.#lane.poke();
    this.#activate();
    this.follow();
  }

  /** The element is gone: what it owns ends. A later `update()` revives the session. */
  end(): void {
    if (!this.wanted?.joined) return;
    this.update({ ...this.wanted, joined: false });
    this.#leaveReason = 'element-removed';
  }

  /** The page goes: leave at once. */
  leaveNow(): void {
    if (this.wanted) this.update({ ...this.wanted, joined: false });
    void this.stay?.client.leave().catch(() => undefined);
    if (this.stay) this.#over('leave');
  }

  whenJoined(): Promise<void> {
    const same = this.inRoom && identityOf(this.wanted as RoomWish) === this.stay?.identity;
    if (same && !this.#leaving) return Promise.resolve();
    if (this.#lane.stuck && this.error) return Promise.reject(this.error);
    return this.#waiters.wait('join');
  }

  whenLeft(): Promise<void> {
    if (!this.stay && this.state === 'disconnected') return Promise.resolve();
    return this.#waiters.wait('leave');
  }

  whenRole(role: UserRole): Promise<void> {
    const now = !this.wanted?.joined || this.stay?.role === role;
    return now ? Promise.resolve() : this.#waiters.wait(role);
  }

  async startPlayback(): Promise<void> {
    await Promise.all(this.#allViews().map((view) => view.resumeSinks()));
  }

  addPublisher(publisher: Publisher): () => void {
    const remove = this.#publications.add(publisher);
    this.host.changed();
    return () => {
      remove();
      this.host.changed();
    };
  }

  publisherChanged(): void {
    this.#publications.poke();
    this.host.changed();
  }

  /** What is muted or taken back while it plays on must not be sent on. */
  follow(): void {
    const anchor = this.wanted?.userRole === 'anchor';
    this.afterglow?.stay.client.follow?.(anchor ? this.#publications.ready() : []);
  }

  viewChanged(): void {
    this.views.changed();
  }

  blockedChanged(): void {
    (this.parent ?? this).#playback.changed();
  }

  #allViews(): StreamView[] {
    return this.parent ? this.parent.#allViews() : [...this.views, ...(this.links?.views() ?? [])];
  }

  #next(): Step | null {
    const wish = this.wanted;
    const { stay } = this;
    const identity = wish?.joined ? identityOf(wish) : null;
    if (!stay) {
      if (!wish || identity === null) return null;
      return { key: `join:${identity}`, run: (signal) => this.#join(wish, identity, signal) };
    }
    if (!wish || stay.identity !== identity) {
      return { key: 'leave', run: () => this.#leave(stay) };
    }
    if (stay.role !== wish.userRole) {
      return {
        key: `role:${wish.userRole}`,
        run: (signal) => this.#switchRole(stay, wish, signal),
      };
    }
    const { client, wishedData } = stay;
    if (client.setUserData && wishedData !== wish.userData) {
      return {
        key: `data:${wish.userData}`,
        run: async () => {
          await settle(client.setUserData?.(wish.userData) ?? Promise.resolve(), {
            signal: stay.gone,
            ms: 10_000,
          });
          stay.wishedData = wish.userData;
        },
      };
    }
    return null;
  }

  async #join(wish: RoomWish, identity: string, signal: AbortSignal): Promise<void> {
    checkWish(wish);
    this.setState('connecting');
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
          claim: (target, unwanted) =>
            this.parent ? undefined : claimRoom(target, this, unwanted),
          publications: () => this.#publications.ready(),
          subscribe: () => this.views.defaults,
        },
        signal,
      );
      this.#enter(joined, wish, identity);
    } catch (error) {
      this.waiting = null;
      releaseRoom(this);
      if (signal.aborted) {
        this.setState('disconnected');
        this.#waiters.resolve('leave');
      }
      throw error;
    }
  }

  #enter(joined: Joined, wish: RoomWish, identity: string): void {
    const glow = (): Afterglow | null => this.afterglow;
    const stay: Stay = new Stay(joined, identity, wish.userData, {
      emit: (type, detail) => {
        for (const { host } of this.views) host.emit(type, detail);
      },
      announce: (stream) => {
        for (const view of this.views) view.announce(stream);
        this.#subscriptions.add(stream, stay.defaults);
      },
      get afterglow() {
        return glow();
      },
    });
    this.stay = stay;
    const { result, client } = joined;
    this.#previous = undefined;
    this.error = this.ended = this.waiting = null;
    if (stay.role !== wish.userRole && this.wanted?.userRole === wish.userRole) {
      this.takeBack({ userRole: stay.role });
    }
    if (this.wanted?.audioLevels) client.setAudioLevels?.(true);
    renewTokens(
      stay,
      joined.answer,
      this.parent ? 'link' : 'renew',
      () => this.wanted,
      (error) => this.report(error),
    ).catch(() => undefined);
    this.#publications.confirm(result.published, joined.sent, client);
    this.setState('connected');
    this.host.emit('rtc-joined', {
      roomId: stay.roster.roomId,
      userId: stay.userId,
      userRole: stay.role,
    });
    const hear = (event: ClientEvent): void => {
      if (this.stay === stay) this.#onEvent(stay, event);
    };
    for (const user of result.users) hear({ type: 'user-joined', user });
    for (const stream of result.streams) hear({ type: 'stream-added', stream });
    this.afterglow?.fade();
    joined.listen(hear);
    this.#waiters.resolve('join');
    this.#waiters.resolve(stay.role);
    this.#publications.poke();
    this.#activate();
    this.#lead();
  }

  async #leave(stay: Stay): Promise<void> {
    this.#leaving = true;
    await settle(stay.client.leave(), { ms: LEAVE_PATIENCE, signal: stay.gone }).catch(
      (error: unknown) => log('debug', 'leave', error),
    );
    this.#leaving = false;
    if (this.stay === stay) this.#over(this.#leaveReason, this.#kickedBy);
    this.#leaveReason = 'leave';
    this.#kickedBy = undefined;
  }

  async #switchRole(stay: Stay, wish: RoomWish, signal: AbortSignal): Promise<void> {
    checkRole(wish);
    await askRole(stay, wish, signal);
    this.#setRole(stay, wish.userRole);
  }

  #setRole(stay: Stay, userRole: UserRole): void {
    const previousRole = stay.role;
    if (this.stay !== stay || previousRole === userRole) return;
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
    const [what, role] = key.split(':') as [string, UserRole];
    const retried = isTransient(error);
    const { stay } = this;
    if (what === 'join') {
      this.#waiters.reject(retried || error.incomplete ? 'join' : INSIDE, error);
      this.#joinFailed(error, retried);
    } else {
      // Before the wish is taken back, which would tell them that it was overtaken.
      if (what === 'role') this.#waiters.reject(role, error);
      if (retried || !stay) this.report(error);
      else if (what === 'role') {
        this.error = error;
        this.refuse(error, { userRole: stay.role });
      } else this.refuse(error, { userData: stay.wishedData });
    }
    this.#activate();
    return retried;
  }

  #joinFailed(error: RtcError, retried: boolean): void {
    error.fatal = !retried && !error.incomplete;
    const removed = this.#previous && endReason(error.vendorCode);
    if (removed) this.banned(removed, error.message);
    else this.setState('disconnected', { error });
    if (retried || error.incomplete) {
      this.report(error);
    } else {
      this.#previous = undefined;
      this.afterglow?.end();
      this.refuse(error, { joined: false });
    }
    this.error = error;
    this.host.changed();
  }

  #onEvent(stay: Stay, event: ClientEvent): void {
    if (stay.apply(event)) {
      if (event.type === 'stream-removed') this.#subscriptions.keep(new Set(stay.roster.streams));
      this.viewChanged();
    }
    switch (event.type) {
      case 'reconnecting':
      case 'reconnected':
        this.setState(event.type);
        break;
      case 'message':
        this.#onMessage(event);
        break;
      case 'role':
        this.takeBack({ userRole: event.role });
        this.#setRole(stay, event.role);
        break;
      case 'ended':
        this.#onEnded(stay, event.reason, event.message);
        break;
      default:
        this.tell(event);
    }
    this.host.changed();
  }

  #onMessage({ id, from, data, timestamp }: RtcEventDetails['rtc-message-received']): void {
    if (isKickMessage(data) && this.wanted?.kickFrom.includes(from)) {
      const message = `${from} has removed you from the room.`;
      this.ended = { reason: 'kicked-by-user', message, by: from };
      this.takeBack({ joined: false });
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
    const code = reason === 'token-expired' ? 'auth' : 'forbidden';
    const error = new RtcError(code, message, { fatal: true, vendorCode: reason });
    this.#waiters.reject(INSIDE, error);
    this.takeBack({ joined: false });
    this.#over(reason, undefined, () => this.banned(reason, message));
    this.error = error;
    this.report(error, ['joined']);
    this.#lane.poke();
  }

  /** The stay is over, whoever ended it: everything that hung on it ends, then it is told. */
  #over(reason: LeaveReason, by?: string, tell?: () => void): void {
    const stay = this.stay;
    if (!stay) return;
    // Before the stay is over: links stay for as long as something is to come back.
    this.afterglow?.end();
    this.stay = null;
    const back = this.#next()?.key === `join:${stay.identity}`;
    if (reason === 'connection-lost' && back) this.playOn(stay, () => this.#lead());
    else stay.end();
    releaseRoom(this);
    this.#subscriptions.clear();
    this.#publications.clear();
    this.#activate();
    this.views.match();
    if (tell) tell();
    else this.setState('disconnected', { reason });
    this.host.emit('rtc-left', { roomId: stay.roster.roomId, reason, ...(by && { by }) });
    this.#waiters.resolve('leave');
    this.#lane.poke();
    this.#lead();
  }

  #lead(): void {
    this.viewChanged();
    for (const follower of [...this.followers]) follower.follow();
  }

  /** Whether local media is wanted: the user is, or is about to be, an anchor in the room. */
  #activate(): void {
    const wish = this.wanted;
    this.#publications.activate(!!wish?.joined && !!wish.roomId && wish.userRole === 'anchor');
  }
}
