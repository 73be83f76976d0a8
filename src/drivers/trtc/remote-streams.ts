import { backoff, settle, sleep } from '../../core/async.js';
import { isTransient, toRtcError } from '../../core/errors.js';
import type {
  ClientEvent,
  DefaultSubscription,
  StreamInfo,
  Subscription,
  TrackKind,
} from '../driver.js';
import { fromSdk, gone, interrupted } from './errors.js';
import type { Sound } from './meter.js';
import type { NativeClient, RemoteStream } from './sdk.js';

const KINDS: readonly TrackKind[] = ['audio', 'video'];
const NOTHING: Subscription = { audio: false, video: false };

interface Entry {
  native: RemoteStream;
  info: StreamInfo;
  wanted: Subscription;
  /** One exchange after the other. */
  tail: Promise<void>;
  told: Record<TrackKind, MediaStreamTrack | null>;
  failed: boolean;
  over: AbortController;
}

/** The streams of the others: what is announced, what is wanted of them, and what arrives. */
export class RemoteStreams {
  #entries = new Map<string, Entry>();
  /** By user id. */
  #muted = new Map<string, Record<TrackKind, boolean>>();
  #defaults: DefaultSubscription = NOTHING;

  constructor(
    private readonly client: NativeClient,
    private readonly emit: (event: ClientEvent) => void,
  ) {}

  get infos(): StreamInfo[] {
    return [...this.#entries.values()].map(({ info }) => info);
  }

  /** Whose sound is wanted and arrives. */
  get sounds(): Sound[] {
    return [...this.#entries.values()].flatMap(({ info: { userId, audioMuted }, told }) =>
      told.audio ? [{ userId, track: audioMuted ? null : told.audio }] : [],
    );
  }

  /** What to receive of streams as soon as they come. */
  setDefaults(defaults: DefaultSubscription): void {
    this.#defaults = defaults;
  }

  add(native: RemoteStream): void {
    const id = idOf(native);
    const before = this.#entries.get(id);
    if (before?.native === native) return this.update(native);
    if (before) this.remove(before.native);
    const entry: Entry = {
      native,
      info: this.#infoOf(native),
      wanted: NOTHING,
      tail: Promise.resolve(),
      told: { audio: null, video: null },
      failed: false,
      over: new AbortController(),
    };
    this.#entries.set(id, entry);
    native.on('connection-state-changed', ({ state }) => this.#connection(entry, state));
    this.emit({ type: 'stream-added', stream: entry.info });
    void this.#receiveByDefault(id, entry);
  }

  /** The SDK's stream, or what is published of it, has changed. */
  update(native: RemoteStream): void {
    const entry = this.#entries.get(idOf(native));
    if (entry) this.#refresh(entry);
  }

  remove(native: RemoteStream): void {
    const id = idOf(native);
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    entry.over.abort();
    this.emit({ type: 'stream-removed', streamId: id });
  }

  mute(userId: string, kind: TrackKind, muted: boolean): void {
    const state = this.#muted.get(userId) ?? { audio: false, video: false };
    this.#muted.set(userId, { ...state, [kind]: muted });
    const entry = this.#entries.get(idFor(userId, 'main'));
    if (entry) this.#refresh(entry);
  }

  forget(userId: string): void {
    this.#muted.delete(userId);
  }

  /** @throws RtcError */
  async subscribe(id: string, wanted: Subscription): Promise<void> {
    const entry = this.#entries.get(id);
    if (!entry) {
      if (wanted.audio || wanted.video) throw gone();
      return;
    }
    const { signal } = entry.over;
    try {
      // The SDK lets what it was asked of a stream that has ended wait for its time limit.
      await settle(this.#want(entry, wanted), { signal });
    } catch (error) {
      throw signal.aborted ? gone() : error;
    }
  }

  clear(): void {
    for (const { over } of this.#entries.values()) over.abort();
    this.#entries.clear();
  }

  #want(entry: Entry, wanted: Subscription): Promise<void> {
    const before = entry.wanted;
    entry.wanted = wanted;
    this.#tell(entry);
    const turn = entry.tail.then(async () => {
      if (entry.wanted !== wanted || entry.over.signal.aborted) return;
      try {
        await this.#exchange(entry.native, wanted);
      } catch (error) {
        if (entry.wanted === wanted) entry.wanted = before;
        throw fromSdk(error);
      }
      this.#refresh(entry);
    });
    entry.tail = turn.catch(() => undefined);
    return turn;
  }

  async #exchange(native: RemoteStream, { audio, video }: Subscription): Promise<void> {
    // The screen has no sound of its own: the SDK mixes it into the main stream's.
    const main = native.getType() === 'main';
    if (main ? audio || video : video)
      await this.client.subscribe(native, { audio: main && audio, video });
    else await this.client.unsubscribe(native);
  }

  /** The core takes what the join asked for as given: so this goes on until it is, or is changed. */
  async #receiveByDefault(id: string, entry: Entry): Promise<void> {
    const { audio, video, only } = this.#defaults;
    if (!(audio || video) || (only && !only.includes(entry.info.userId))) return;
    const wanted = { audio, video };
    const { signal } = entry.over;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        return await this.#want(entry, wanted);
      } catch (cause) {
        const error = toRtcError(cause);
        // Taken back by the failure; another wish is the core's own.
        if (signal.aborted || entry.wanted !== NOTHING || error.code === 'stream-gone') return;
        this.emit({ type: 'stream-health', streamId: id, error });
        entry.failed = true;
        if (!isTransient(error)) return;
        await sleep(backoff(attempt), signal).catch(() => undefined);
        if (entry.wanted !== NOTHING) return;
      }
    }
  }

  #connection(entry: Entry, state: string): void {
    const { info, wanted, over } = entry;
    if (over.signal.aborted || !(wanted.audio || wanted.video)) return;
    if (state === 'RECONNECTING' && !entry.failed) {
      entry.failed = true;
      const error = interrupted(info.userId);
      this.emit({ type: 'stream-health', streamId: info.id, error });
    }
    // A connection that came back has other tracks, and nothing else tells of them.
    if (state === 'CONNECTED') this.#refresh(entry);
  }

  #refresh(entry: Entry): void {
    if (entry.over.signal.aborted) return;
    const info = this.#infoOf(entry.native);
    if (JSON.stringify(info) !== JSON.stringify(entry.info)) {
      entry.info = info;
      this.emit({ type: 'stream-updated', stream: info });
    }
    this.#tell(entry);
    if (entry.failed && (entry.told.audio ?? entry.told.video)) {
      entry.failed = false;
      this.emit({ type: 'stream-health', streamId: info.id });
    }
  }

  /** Hands over the tracks that have changed. */
  #tell({ native, info, wanted, told }: Entry): void {
    for (const kind of KINDS) {
      const found = kind === 'audio' ? native.getAudioTrack() : native.getVideoTrack();
      const track = wanted[kind] ? found : null;
      if (track === told[kind]) continue;
      told[kind] = track;
      this.emit({ type: 'track', streamId: info.id, kind, track });
    }
  }

  #infoOf(native: RemoteStream): StreamInfo {
    const type = native.getType();
    const userId = native.getUserId();
    const hasAudio = native.hasAudio();
    const hasVideo = native.hasVideo();
    const muted = type === 'main' ? this.#muted.get(userId) : undefined;
    return {
      id: idFor(userId, type),
      userId,
      type,
      hasAudio,
      hasVideo,
      // The SDK calls muted what is not published too.
      audioMuted: hasAudio && !!muted?.audio,
      videoMuted: hasVideo && !!muted?.video,
    };
  }
}

function idOf(native: RemoteStream): string {
  return idFor(native.getUserId(), native.getType());
}

/** A user is in a room once, with one stream of each type; no user id has a space. */
function idFor(userId: string, type: StreamInfo['type']): string {
  return `${userId} ${type}`;
}
