import { settle, throwIfAborted } from '../../core/async.js';
import { RtcError, toRtcError } from '../../core/errors.js';
import type {
  ClientEvent,
  DefaultSubscription,
  RoomMode,
  StreamInfo,
  StreamType,
  Subscription,
  TrackKind,
  UserInfo,
} from '../driver.js';
import { fromVendor, noMedia } from './errors.js';
import { SCREEN_TAG } from './outgoing.js';
import type { RemoteTrack, SdkClient } from './sdk.js';

const PATIENCE = 12_000;

/** A remote user's tracks of one type, and what of them is received. */
export interface Incoming {
  readonly id: string;
  readonly userId: string;
  readonly type: StreamType;
  readonly tracks: Map<TrackKind, RemoteTrack>;
  wanted: Subscription;
  readonly on: Set<RemoteTrack>;
  /** What the core was told. */
  readonly told: Map<TrackKind, MediaStreamTrack | null>;
  busy: Promise<void> | null;
  /** Receiving failed, and was told. */
  failed: boolean;
}

/**
 * Who else is in the room, and what they publish. Qiniu knows tracks with tags; they are gathered to
 * streams here: by user, a screen (tag `screen…`) apart from all else.
 */
export class RemoteSide {
  #users = new Map<string, string>();
  #streams = new Map<string, Incoming>();
  #listeners = new Map<RemoteTrack, () => void>();
  #emit: ((event: ClientEvent) => void) | null = null;

  constructor(
    private readonly client: SdkClient,
    private readonly mode: RoomMode,
    private readonly defaults: DefaultSubscription,
    private readonly online: () => Promise<void>,
  ) {}

  get users(): UserInfo[] {
    return [...this.#users.keys()].map((userId) => this.#user(userId));
  }

  get infos(): StreamInfo[] {
    return [...this.#streams.values()].map(infoOf);
  }

  get streams(): Iterable<Incoming> {
    return this.#streams.values();
  }

  /** From here on changes are told; what there is by then, the caller has told. */
  start(emit: (event: ClientEvent) => void): void {
    this.#emit = emit;
    for (const stream of this.#streams.values()) this.#receive(stream);
  }

  stop(): void {
    this.#emit = null;
    for (const off of this.#listeners.values()) off();
    this.#listeners.clear();
    this.#streams.clear();
    this.#users.clear();
  }

  userJoined(userId: string, userData = ''): void {
    this.#users.set(userId, userData);
    this.#tell({ type: 'user-joined', user: this.#user(userId) });
  }

  /** The SDK tells of the user only, not of the tracks that went with him. */
  userLeft(userId: string): void {
    for (const stream of [...this.#streams.values()]) {
      if (stream.userId === userId) this.#removeTracks([...stream.tracks.values()]);
    }
    if (this.#users.delete(userId)) this.#tell({ type: 'user-left', id: userId });
  }

  published(tracks: readonly RemoteTrack[]): void {
    const known = new Set(this.#streams.keys());
    const touched = new Set<Incoming>();
    for (const track of tracks) {
      const stream = this.#streamOf(track);
      // Of several pictures under one type the first is shown.
      if (!stream || stream.tracks.has(kindOf(track))) continue;
      this.#streams.set(stream.id, stream);
      stream.tracks.set(kindOf(track), track);
      touched.add(stream);
      const changed = (): void => this.#tell({ type: 'stream-updated', stream: infoOf(stream) });
      track.on('mute-state-changed', changed);
      this.#listeners.set(track, () => track.off('mute-state-changed', changed));
    }
    for (const stream of touched) {
      const type = known.has(stream.id) ? 'stream-updated' : 'stream-added';
      if (type === 'stream-added') this.#roleOf(stream.userId);
      this.#tell({ type, stream: infoOf(stream) });
      this.#receive(stream);
    }
  }

  unpublished(tracks: readonly RemoteTrack[]): void {
    this.#removeTracks(tracks);
  }

  /** @throws RtcError `stream-gone`, `network` */
  async subscribe(streamId: string, wanted: Subscription, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const stream = this.#streams.get(streamId);
    if (!stream) throw new RtcError('stream-gone', 'The stream is no longer published.');
    stream.wanted = wanted;
    await this.#reconcile(stream);
  }

  async unsubscribe(streamId: string, signal: AbortSignal): Promise<void> {
    if (!this.#streams.has(streamId)) return;
    await this.subscribe(streamId, { audio: false, video: false }, signal);
  }

  /**
   * Tries again what failed that nobody waits for, and tells of tracks that the SDK has replaced:
   * after a lost media connection it does so silently.
   */
  refresh(): void {
    for (const stream of this.#streams.values()) {
      if (stream.busy) continue;
      this.#tellTracks(stream);
      if (changesOf(stream).some((list) => list.length)) this.#receive(stream);
    }
  }

  #receive(stream: Incoming): void {
    if (!this.#emit) return;
    this.#reconcile(stream).then(
      () => {
        if (stream.failed) this.#tell({ type: 'stream-health', streamId: stream.id });
        stream.failed = false;
      },
      (error: unknown) => {
        if (!this.#streams.has(stream.id)) return;
        stream.failed = true;
        this.#tell({ type: 'stream-health', streamId: stream.id, error: toRtcError(error) });
      },
    );
  }

  #reconcile(stream: Incoming): Promise<void> {
    stream.busy ??= this.#work(stream).finally(() => {
      stream.busy = null;
    });
    return stream.busy;
  }

  async #work(stream: Incoming): Promise<void> {
    for (;;) {
      // A microtask, so that changes of one task are one exchange.
      await settle(this.online(), { ms: PATIENCE, what: 'Qiniu' });
      const [add, remove] = changesOf(stream);
      if (!this.#emit || !this.#streams.has(stream.id)) return;
      if (!add.length && !remove.length) return this.#tellTracks(stream);
      try {
        if (remove.length) {
          await settle(this.client.unsubscribe(remove), {
            ms: PATIENCE,
            what: 'Qiniu',
          });
          for (const track of remove) stream.on.delete(track);
        }
        if (add.length) {
          await settle(this.client.subscribe(add), { ms: PATIENCE, what: 'Qiniu' });
          for (const track of add) this.#arrived(stream, track);
        }
      } catch (error) {
        throw fromVendor(error, 'Subscribing');
      }
    }
  }

  #arrived(stream: Incoming, track: RemoteTrack): void {
    if (![...stream.tracks.values()].includes(track)) return;
    // Left out of the answer, without an error: it is about to go, or an earlier call still waits.
    if (!track.getMediaStreamTrack()) throw noMedia(stream.userId);
    stream.on.add(track);
  }

  #tellTracks(stream: Incoming): void {
    for (const kind of ['audio', 'video'] as const) {
      const track = stream.tracks.get(kind);
      const media = (track && stream.on.has(track) && track.getMediaStreamTrack()) || null;
      if ((stream.told.get(kind) ?? null) === media) continue;
      stream.told.set(kind, media);
      this.#tell({ type: 'track', streamId: stream.id, kind, track: media });
    }
  }

  #removeTracks(tracks: readonly RemoteTrack[]): void {
    const touched = new Set<Incoming>();
    for (const track of tracks) {
      // Not by the event's user: after a reconnect the SDK names one for the tracks of all.
      const stream = this.#streamOf(track);
      if (stream?.tracks.get(kindOf(track)) !== track) continue;
      stream.tracks.delete(kindOf(track));
      stream.on.delete(track);
      this.#listeners.get(track)?.();
      this.#listeners.delete(track);
      touched.add(stream);
    }
    for (const stream of touched) {
      if (stream.tracks.size) {
        this.#tellTracks(stream);
        this.#tell({ type: 'stream-updated', stream: infoOf(stream) });
      } else {
        this.#streams.delete(stream.id);
        this.#tell({ type: 'stream-removed', streamId: stream.id });
        this.#roleOf(stream.userId);
      }
    }
  }

  #streamOf({ userID: userId, tag }: RemoteTrack): Incoming | undefined {
    if (!userId) return undefined;
    const type = tag?.toLowerCase().startsWith(SCREEN_TAG) ? 'auxiliary' : 'main';
    const id = `${userId}:${type}`;
    const known = this.#streams.get(id);
    if (known) return known;
    const { audio, video, only } = this.defaults;
    const given = !only || only.includes(userId);
    return {
      id,
      userId,
      type,
      tracks: new Map(),
      wanted: { audio: given && audio, video: given && video },
      on: new Set(),
      told: new Map(),
      busy: null,
      failed: false,
    };
  }

  /** Qiniu tells no roles: who publishes is an anchor. */
  #roleOf(userId: string): void {
    if (this.mode === 'live' && this.#users.has(userId))
      this.#tell({ type: 'user-updated', user: this.#user(userId) });
  }

  #user(userId: string): UserInfo {
    const publishes = [...this.#streams.values()].some((stream) => stream.userId === userId);
    return {
      id: userId,
      userId,
      userData: this.#users.get(userId) ?? '',
      userRole: this.mode === 'rtc' || publishes ? 'anchor' : 'audience',
    };
  }

  #tell(event: ClientEvent): void {
    this.#emit?.(event);
  }
}

function kindOf(track: RemoteTrack): TrackKind {
  return track.isVideo() ? 'video' : 'audio';
}

/** What is to be received in addition, and what not any more. */
function changesOf({ tracks, wanted, on }: Incoming): [add: RemoteTrack[], remove: RemoteTrack[]] {
  const all = [...tracks];
  return [
    all.flatMap(([kind, track]) => (wanted[kind] && !on.has(track) ? [track] : [])),
    all.flatMap(([kind, track]) => (!wanted[kind] && on.has(track) ? [track] : [])),
  ];
}

function infoOf({ id, userId, type, tracks }: Incoming): StreamInfo {
  const audio = tracks.get('audio');
  const video = tracks.get('video');
  return {
    id,
    userId,
    type,
    hasAudio: !!audio,
    hasVideo: !!video,
    audioMuted: !!audio?.isMuted(),
    videoMuted: !!video?.isMuted(),
  };
}
