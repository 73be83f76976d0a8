import type { ClientEvent, EndReason, Publication, UserRole } from '../drivers/driver.js';
import { aborted, isTransient, RtcError } from './errors.js';
import { joinRoom, type Joined, type JoinHost } from './join-room.js';
import { isKickMessage } from './kick-message.js';
import { Lane, type Step } from './lane.js';
import { log } from './logger.js';
import { releaseRoom } from './page-registry.js';
import { checkRole, checkWish, identityOf } from './plan.js';
import { Publications } from './publications.js';
import { askRole, renewTokens } from './renewal.js';
import type { RemoteStream } from './remote-stream.js';
import type { SharedLinks } from './room-link.js';
import type { RosterHost } from './roster.js';
import { endReason, SessionFacts, type Follower } from './session-facts.js';
import { BlockedPlayback, SessionViews } from './session-views.js';
import { Stay } from './stay.js';
import { StreamView } from './stream-view.js';
import { Subscriptions } from './subscriptions.js';
import type { LocalStream, Publisher, RoomWish, RtcEventDetails, SessionHost } from './types.js';
import { Waiters } from './waiters.js';

const LEAVE_PATIENCE = 3_000;
/** What cannot be had outside. */
const INSIDE = ['join', 'anchor', 'audience'] as const;

type Why = Pick<RtcEventDetails['rtc-left'], 'reason' | 'by'>;
const LEAVE: Why = { reason: 'leave' };

/** A room as a page wants it and as it is: drives the one towards the other, and tells. */
export class RoomSession extends SessionFacts implements JoinHost, RosterHost {
  readonly view: StreamView;
  readonly views = new SessionViews((wanted) => {
    this.#subscriptions.want(wanted);
    this.host.changed();
  });
  /** The links of this room, by what they join; filled by room-link.ts. */
  links: SharedLinks | null = null;
  readonly followers = new Set<Follower>();
  /** The lost one, while it is to come back. */
  previousSession: string | undefined;

  /** Why the room is left. */
  #why: Why = LEAVE;
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

  /** What the page wants now; carried out once a task. */
  update(wish: RoomWish): void {
    const before = this.wanted;
    this.wanted = wish;
    const moved = before && identityOf(before) !== identityOf(wish);
    if (!wish.joined || moved) this.afterglow?.end();
    if (!wish.joined) {
      if (before?.joined) this.error = null;
      this.#waiters.reject(INSIDE);
    } else {
      this.#waiters.reject(wish.userRole === 'anchor' ? 'audience' : 'anchor');
      this.#waiters.reject('leave');
      this.#why = LEAVE;
      if (before?.userRole !== wish.userRole) this.error = null;
      if (!before?.joined) this.ended = this.error = null;
      else if (moved) this.#waiters.reject('join');
    }
    if (this.stay && before?.audioLevels !== wish.audioLevels) {
      this.stay.client.setAudioLevels?.(wish.audioLevels);
    }
    const poke = (): void => this.#lane.poke();
    // What one task changes and changes back is no change; a first join has nothing to wait for.
    if (before) setTimeout(poke);
    else poke();
    this.#activate();
    this.follow();
  }

  /** The element is gone: what it owns ends. A later `update()` revives the session. */
  end(): void {
    if (!this.wanted?.joined) return;
    this.update({ ...this.wanted, joined: false });
    this.#why = { reason: 'element-removed' };
  }

  /** The page goes: leave at once. */
  leaveNow(): void {
    this.end();
    this.#lane.poke();
    void this.stay?.client.leave().catch(() => undefined);
    this.#over(LEAVE);
  }

  async whenJoined(): Promise<void> {
    const { wanted, stay } = this;
    if (wanted && stay?.identity === identityOf(wanted) && !this.#leaving) return;
    if (this.#lane.stuck && this.error) throw this.error;
    if (!wanted?.joined) throw this.error ?? aborted();
    await this.#waiters.wait('join');
  }

  /** @param overtaken The page wants to be in again already. */
  async whenLeft(overtaken?: boolean): Promise<void> {
    if (this.state === 'disconnected') return;
    if (overtaken) throw aborted();
    await this.#waiters.wait('leave');
  }

  /** @param joined Whether it was to be in the room when it was asked to switch. */
  async whenRole(role: UserRole, joined?: boolean): Promise<void> {
    const { wanted, stay } = this;
    if (!wanted?.joined) {
      if (joined) throw aborted();
      return;
    }
    if (stay?.role === role) return;
    // Refused already, or overtaken.
    if (wanted.userRole !== role) throw this.error ?? aborted();
    await this.#waiters.wait(role);
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
    this.afterglow?.stay.client.follow?.(anchor ? this.ready() : []);
  }

  blockedChanged(): void {
    (this.parent ?? this).#playback.changed();
  }

  // What the roster tells.

  emit(...told: Parameters<RosterHost['emit']>): void {
    for (const { host } of this.views) host.emit(...told);
  }

  announce(stream: RemoteStream): void {
    for (const view of this.views) view.announce(stream);
    if (this.stay) this.#subscriptions.add(stream, this.stay.joined.request.subscribe);
  }

  // What a join asks and tells.

  ready(): Publication[] {
    return this.#publications.ready();
  }

  waits(retryAfter: number): void {
    this.waiting = retryAfter;
    this.host.changed();
    this.host.emit('rtc-waiting', { retryAfter });
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
      return { key: `join:${wish.roomId && identity}`, run: (signal) => this.#join(wish, signal) };
    }
    if (!wish || stay.identity !== identity) {
      return { key: 'leave', run: () => this.#leave(stay) };
    }
    if (stay.role !== wish.userRole || stay.unsure) {
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
          const told = Promise.resolve(client.setUserData?.(wish.userData));
          await stay.answer(told, 10_000);
          stay.wishedData = wish.userData;
        },
      };
    }
    return null;
  }

  async #join(wish: RoomWish, signal: AbortSignal): Promise<void> {
    checkWish(wish);
    this.setState('connecting');
    try {
      const joined = await joinRoom(wish, this, signal);
      this.#enter(joined, wish);
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

  #enter(joined: Joined, wish: RoomWish): void {
    const stay: Stay = new Stay(joined, wish, this);
    this.stay = stay;
    const { result, client } = joined;
    this.previousSession = undefined;
    this.error = this.ended = this.waiting = null;
    this.setState('connected');
    if (stay.role !== wish.userRole && this.wanted?.userRole === wish.userRole) {
      this.takeBack({ userRole: stay.role });
    }
    if (this.wanted?.audioLevels) client.setAudioLevels?.(true);
    renewTokens(stay, this).catch(() => undefined);
    this.#publications.confirm(result.published, joined.request.publications);
    this.host.emit('rtc-joined', {
      roomId: stay.roomId,
      userId: result.userId,
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
    await stay
      .answer(stay.client.leave(), LEAVE_PATIENCE)
      .catch((error: unknown) => log('debug', 'leave', error));
    this.#leaving = false;
    if (this.stay === stay) this.#over(this.#why);
    this.#why = LEAVE;
  }

  async #switchRole(stay: Stay, wish: RoomWish, signal: AbortSignal): Promise<void> {
    checkRole(wish);
    await askRole(stay, wish, signal).finally(() => (stay.unsure = signal.aborted));
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
      this.#joinFailed(error, retried || error.incomplete);
    } else {
      // Before the wish is taken back, which would tell them that it was overtaken.
      if (what === 'role') this.#waiters.reject(role, error);
      if (retried || !stay) this.report(error);
      else if (what === 'role') {
        this.error = error;
        this.refuse(error, 'user-role', { userRole: stay.role });
      } else this.refuse(error, 'user-data', { userData: stay.wishedData });
    }
    this.#activate();
    return retried;
  }

  /** @param stands The wish does. */
  #joinFailed(error: RtcError, stands: boolean): void {
    this.#waiters.reject(stands ? 'join' : INSIDE, error);
    error.fatal = !stands;
    const removed = this.previousSession && endReason(error.vendorCode);
    if (removed) this.banned(removed, error.message);
    else this.setState('disconnected', { error });
    if (stands) {
      this.report(error);
    } else {
      this.previousSession = undefined;
      this.afterglow?.end();
      this.refuse(error, 'joined', { joined: false });
    }
    this.error = error;
    this.host.changed();
  }

  #onEvent(stay: Stay, event: ClientEvent): void {
    if (stay.apply(event)) {
      this.views.changed();
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
      this.takeBack({ joined: false });
      this.#why = { reason: 'kicked-by-user', by: from };
      this.ended = { ...this.#why, message };
      this.#lane.poke();
      this.#activate();
    } else {
      this.host.emit('rtc-message-received', { id, from, data, timestamp });
    }
  }

  #onEnded(stay: Stay, reason: EndReason, message: string): void {
    if (reason === 'connection-lost') {
      this.previousSession = stay.joined.result.session;
      this.#over({ reason });
      this.#lane.poke();
      return;
    }
    const code = reason === 'token-expired' ? 'auth' : 'forbidden';
    const error = new RtcError(code, message, { fatal: true, vendorCode: reason });
    this.#waiters.reject(INSIDE, error);
    this.takeBack({ joined: false });
    this.#over({ reason }, () => this.banned(reason, message));
    this.error = error;
    this.report(error, ['joined']);
    this.#lane.poke();
  }

  /** The stay is over, whoever ended it: everything that hung on it ends, then it is told. */
  #over(why: Why, tell?: () => void): void {
    const { stay } = this;
    const { reason } = why;
    if (!stay) return;
    // Before the stay is over: links stay for as long as something is to come back.
    this.afterglow?.end();
    this.stay = null;
    const back = this.#next()?.key === `join:${stay.identity}`;
    if (reason === 'connection-lost' && back) this.playOn(stay, () => this.#lead());
    else stay.end();
    releaseRoom(this);
    this.#publications.clear();
    this.#activate();
    this.views.match();
    if (tell) tell();
    else this.setState('disconnected', { reason });
    this.host.emit('rtc-left', { roomId: stay.roomId, ...why });
    this.#waiters.resolve('leave');
    this.#lane.poke();
    this.#lead();
  }

  #lead(): void {
    this.views.changed();
    for (const follower of [...this.followers]) follower.follow();
  }

  /** Whether local media is wanted: the user is, or is about to be, an anchor in the room. */
  #activate(): void {
    const wish = this.wanted;
    this.#publications.activate(!!wish?.joined && !!wish.roomId && wish.userRole === 'anchor');
  }
}
