import type { RtcError } from './errors.js';
import type { checkWish } from './plan.js';
import type { RoomSession } from './room-session.js';
import type { Follower } from './session-facts.js';
import type { StreamView } from './stream-view.js';
import type {
  LeaveReason,
  LinkState,
  RoomWish,
  RtcEventDetails,
  SubscribeMode,
  ViewHost,
} from './types.js';

export interface LinkWish {
  /** The room that the link belongs to. */
  room: RoomSession | null;
  roomId?: string;
  userId?: string;
  token?: string;
  tokenUrl?: string;
  disabled: boolean;
  subscribe: SubscribeMode;
  layout: boolean;
  /** Inside another link, where none can be. */
  nested: boolean;
}

/** What links need of the core. Handed over, not imported: theirs is a file of its own. */
export interface Core {
  RtcError: typeof RtcError;
  RoomSession: typeof RoomSession;
  StreamView: typeof StreamView;
  checkWish: typeof checkWish;
}

/** A client in another room, shared by the links that join it alike. */
class SharedLink {
  readonly links = new Set<RoomLink>();
  readonly session: RoomSession;
  error: RtcError | null = null;
  reason: LeaveReason | undefined;
  #wish: RoomWish | null = null;

  constructor(core: Core, parent: RoomSession) {
    this.session = new core.RoomSession(
      {
        changed: () => this.#each((link) => link.refresh()),
        revert: () => {
          if (this.#wish) this.#wish = { ...this.#wish, joined: false };
        },
        emit: (type, detail) => {
          if (type === 'rtc-error') {
            // The map's entry for this very name.
            const { error } = detail as RtcEventDetails['rtc-error'];
            this.error = error;
            this.#each((link) => link.report(error));
          } else if (type === 'rtc-connection-state-changed') {
            this.reason = (detail as RtcEventDetails['rtc-connection-state-changed']).reason;
            if (this.session.inRoom) this.error = null;
            this.#each((link) => link.refresh());
          }
          return true;
        },
      },
      parent,
    );
  }

  update(wish: RoomWish): void {
    this.#wish = wish;
    this.session.update(wish);
  }

  #each(act: (link: RoomLink) => void): void {
    for (const link of [...this.links]) act(link);
  }
}

/** The clients of one room's links, by what they join. */
export class SharedLinks {
  #shared = new Map<string, SharedLink>();

  constructor(private readonly parent: RoomSession) {}

  static of(room: RoomSession): SharedLinks {
    return (room.links ??= new SharedLinks(room));
  }

  views(): StreamView[] {
    return [...this.#shared.values()].flatMap(({ session }) => [...session.views]);
  }

  join(key: string, link: RoomLink, wish: RoomWish): SharedLink {
    let shared = this.#shared.get(key);
    if (!shared) {
      shared = new SharedLink(link.core, this.parent);
      this.#shared.set(key, shared);
    }
    shared.links.add(link);
    shared.session.views.add(link.view);
    if (shared.links.size === 1) shared.update(wish);
    return shared;
  }

  leave(key: string, link: RoomLink): void {
    const shared = this.#shared.get(key);
    if (!shared) return;
    shared.links.delete(link);
    shared.session.views.delete(link.view);
    if (shared.links.size) {
      shared.session.views.changed();
      return;
    }
    this.#shared.delete(key);
    // At once: the link may be on its way to another room, and has one client at a time.
    shared.session.leaveNow();
  }
}

/** A cross-room link: follows its room into another one, as an audience of it. */
export class RoomLink implements Follower {
  readonly view: StreamView;
  error: RtcError | null = null;

  #wish: LinkWish | null = null;
  #state: LinkState = 'idle';
  #key: string | null = null;
  #ways = '';
  #room: RoomSession | null = null;
  #shared: SharedLink | null = null;

  constructor(
    readonly core: Core,
    private readonly host: ViewHost,
  ) {
    this.view = new core.StreamView(null, host);
  }

  get state(): LinkState {
    return this.#state;
  }

  get session(): RoomSession | null {
    return this.#shared?.session ?? null;
  }

  update(wish: LinkWish): void {
    this.#wish = wish;
    this.view.configure({
      subscribe: wish.subscribe,
      users: wish.userId ? [wish.userId] : [],
      layout: wish.layout,
    });
    this.follow();
  }

  end(): void {
    if (this.#wish) this.update({ ...this.#wish, room: null });
  }

  /** Compares what is wanted with what is joined; called on every change of the room. */
  follow(): void {
    const wish = this.#wish;
    const room = wish?.room ?? null;
    if (room !== this.#room) {
      this.#drop();
      if (this.#room) this.#room.followers.delete(this);
      this.#room = room;
      room?.followers.add(this);
    }
    // It has a connection of its own; or what it received plays on, as the room's does.
    if (room?.afterglow && !room.stay && this.#key !== null && !wish?.disabled)
      return this.refresh();
    if (!wish || !room?.inRoom || wish.disabled) {
      this.#drop();
      this.error = null;
      return this.refresh();
    }
    try {
      this.#check(wish, room);
    } catch (error) {
      this.#drop();
      // Only `check` throws here, and only this.
      const failure = error as RtcError;
      failure.fatal = !failure.incomplete;
      const known = this.error?.message === failure.message;
      return known ? this.refresh() : this.report(failure);
    }
    const key = JSON.stringify([wish.roomId, room.userId]);
    const ways = JSON.stringify([wish.token, wish.tokenUrl]);
    if (key !== this.#key) {
      this.#drop();
      this.error = null;
      this.#key = key;
      this.#shared = SharedLinks.of(room).join(key, this, this.#roomWish(wish, room));
      this.view.session = this.#shared.session;
      this.error = this.#shared.error;
      this.#announceKnown();
    } else if (this.#shared && ways !== this.#ways) {
      // Used at the next need; a link that was refused asks at once.
      this.error = this.#shared.error = null;
      this.#shared.update(this.#roomWish(wish, room));
    }
    this.#ways = ways;
    this.#shared?.session.views.changed();
    this.refresh();
  }

  report(error: RtcError): void {
    this.error = error;
    this.refresh();
    this.host.emit('rtc-error', { error, reverted: [] });
  }

  /** Tells the state when it is another one now. */
  refresh(): void {
    const previousState = this.#state;
    const state = this.#current();
    if (this.session?.inRoom) this.error = null;
    this.#state = state;
    this.host.changed();
    if (state === previousState) return;
    this.host.emit('rtc-link-state-changed', {
      state,
      previousState,
      roomId: this.#wish?.roomId ?? '',
      userId: this.#wish?.userId ?? null,
      ...(this.#shared?.reason && { reason: this.#shared.reason }),
    });
  }

  #current(): LinkState {
    const { session } = this;
    if (!session) return this.error?.fatal ? 'failed' : 'idle';
    if (session.inRoom) return this.view.filled ? 'linked' : 'waiting';
    return this.error?.fatal ? 'failed' : 'connecting';
  }

  /** A second link into a room that is joined already hears of what is there. */
  #announceKnown(): void {
    const { session, view } = this;
    if (!session?.inRoom) return;
    for (const { userId, userData, userRole } of session.users) {
      this.host.emit('rtc-user-joined', {
        roomId: this.#wish?.roomId ?? '',
        userId,
        userData,
        userRole,
      });
    }
    for (const stream of session.streams) view.announce(stream);
  }

  #drop(): void {
    if (this.#key === null || !this.#room) return;
    SharedLinks.of(this.#room).leave(this.#key, this);
    this.#key = this.#shared = null;
    this.view.session = null;
    this.view.sinkChanged();
  }

  #check(wish: LinkWish, room: RoomSession): void {
    const { RtcError, checkWish } = this.core;
    const refuse = (message: string): never => {
      throw new RtcError('argument', message);
    };
    if (wish.nested) refuse('A rtc-cross-room-link cannot stand inside another; put it beside it.');
    if (room.wish?.mode !== 'live') {
      refuse('rtc-cross-room-link needs a room in mode="live".');
    }
    if (!wish.roomId) {
      throw new RtcError('argument', 'room-id is missing on rtc-cross-room-link.', {
        incomplete: true,
      });
    }
    if (wish.roomId === room.wish?.roomId) {
      refuse('room-id of rtc-cross-room-link must name another room than its own.');
    }
    // Its own user-id instead of the room's, which was checked with the room.
    checkWish({ ...this.#roomWish(wish, room), userId: wish.userId });
  }

  #roomWish({ roomId, token, tokenUrl }: LinkWish, room: RoomSession): RoomWish {
    // In the room, its wish is there.
    const base = room.wish as RoomWish;
    const ways = room.wanted ?? base;
    const own = token ?? tokenUrl;
    return {
      ...base,
      joined: true,
      roomId,
      userId: room.userId ?? undefined,
      userRole: 'audience',
      kickFrom: [],
      audioLevels: false,
      token: token ?? (own ? undefined : ways.token),
      tokenUrl: token ? undefined : (tokenUrl ?? ways.tokenUrl),
      tokenSource: own ? undefined : ways.tokenSource,
    };
  }
}
