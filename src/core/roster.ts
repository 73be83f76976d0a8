import type { ClientEvent, StreamInfo, UserInfo } from '../drivers/driver.js';
import type { Afterglow } from './afterglow.js';
import { RemoteStream } from './remote-stream.js';
import type { RemoteUser, RtcEventDetails, UserDetail } from './types.js';

type RosterEvent =
  | 'rtc-user-joined'
  | 'rtc-user-updated'
  | 'rtc-user-left'
  | 'rtc-stream-updated'
  | 'rtc-stream-removed'
  | 'rtc-mute-changed';

export interface RosterHost {
  emit<K extends RosterEvent>(type: K, detail: RtcEventDetails[K]): void;
  /** Asks the views, which may withhold it, and fires `rtc-stream-added`. */
  announce(stream: RemoteStream): void;
  /** What plays on since the connection was lost. */
  readonly afterglow: Afterglow | null;
}

type User = Omit<UserInfo, 'id'>;

/** Who and what is in the room, as the back end tells it; one user for each user id. */
export class Roster {
  #infos = new Map<string, User>();
  #streams = new Map<string, RemoteStream>();

  constructor(
    readonly roomId: string,
    protected readonly host: RosterHost,
  ) {}

  get streams(): RemoteStream[] {
    return [...this.#streams.values()];
  }

  get users(): RemoteUser[] {
    const ids = new Set([...this.#infos.values()].map((info) => info.userId));
    return [...ids].flatMap((id) => this.user(id) ?? []);
  }

  user(userId: string): RemoteUser | undefined {
    const best = this.#best(userId);
    return best && { ...best, streams: this.streams.filter((one) => one.userId === userId) };
  }

  stream(id: string): RemoteStream | undefined {
    return this.#streams.get(id);
  }

  /** @returns whether the event was about users or streams */
  apply(event: ClientEvent): boolean {
    switch (event.type) {
      case 'user-joined':
      case 'user-updated':
        this.#putUser(event.user);
        return true;
      case 'user-left':
        this.#removeUser(event.id, event.reason);
        return true;
      case 'stream-added':
      case 'stream-updated':
        this.#putStream(event.stream);
        return true;
      case 'stream-removed':
        this.#removeStream(event.streamId);
        return true;
    }
    return false;
  }

  /** The stream of this user and type, which is another's from now on. */
  handOver({ userId, type }: StreamInfo): RemoteStream | undefined {
    const found = this.streams.find((one) => one.userId === userId && one.type === type);
    if (found) this.#streams.delete(found.id);
    return found;
  }

  /** Everybody is out of reach: streams end; nobody is told to have left. */
  end(): void {
    for (const stream of this.streams) endStream(stream);
    this.#streams.clear();
    this.#infos.clear();
  }

  /** Where a user id occurs twice, the anchor stands for it. */
  #best(userId: string): User | undefined {
    const all = [...this.#infos.values()].filter((info) => info.userId === userId);
    return all.find((info) => info.userRole === 'anchor') ?? all[0];
  }

  #detail(user: User): UserDetail {
    return { roomId: this.roomId, ...(this.#best(user.userId) ?? user) };
  }

  #putUser({ id, ...user }: UserInfo): void {
    const { userId, userData, userRole } = user;
    const before = this.#infos.get(id);
    if (before?.userData === userData && before.userRole === userRole) return;
    const known = this.#best(userId);
    this.#infos.set(id, user);
    if (before) for (const one of this.streams) if (one.userId === userId) one.userData = userData;
    this.host.emit(known ? 'rtc-user-updated' : 'rtc-user-joined', this.#detail(user));
  }

  #removeUser(id: string, reason?: 'leave' | 'timeout' | 'kick' | 'banned'): void {
    const info = this.#infos.get(id);
    if (!info) return;
    this.#infos.delete(id);
    if (this.#best(info.userId)) this.host.emit('rtc-user-updated', this.#detail(info));
    else this.host.emit('rtc-user-left', { roomId: this.roomId, userId: info.userId, reason });
  }

  #putStream(info: StreamInfo): void {
    const known = this.#streams.get(info.id);
    if (known) return this.#updateStream(known, info);
    const before = this.host.afterglow?.again(info);
    before?.update(info);
    const stream = before ?? new RemoteStream(info, this.roomId);
    stream.userData = this.#best(info.userId)?.userData ?? '';
    this.#streams.set(info.id, stream);
    this.host.announce(stream);
  }

  #updateStream(stream: RemoteStream, info: StreamInfo): void {
    const { roomId } = this;
    const { userId } = stream;
    const before = { ...stream };
    stream.update(info);
    if (before.hasAudio !== stream.hasAudio || before.hasVideo !== stream.hasVideo) {
      this.host.emit('rtc-stream-updated', { roomId, stream });
    }
    for (const kind of ['audio', 'video'] as const) {
      const key = `${kind}Muted` as const;
      const muted = stream[key];
      if (muted === before[key]) continue;
      this.host.emit('rtc-mute-changed', { roomId, userId, kind, muted });
    }
  }

  #removeStream(id: string): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#streams.delete(id);
    endStream(stream);
    this.host.emit('rtc-stream-removed', { roomId: this.roomId, stream });
  }
}

function endStream(stream: RemoteStream): void {
  stream.ended = true;
  stream.audioTrack = stream.videoTrack = null;
  stream.subscribed = stream.speaking = false;
}
