import { settle, throwIfAborted } from '../../core/async.js';
import { aborted } from '../../core/errors.js';
import type { Publication, StreamType, TrackKind } from '../driver.js';
import { fromVendor } from './errors.js';
import { Placeholders } from './placeholders.js';
import type { LocalTrack, Sdk, SdkClient } from './sdk.js';

/** Milliseconds to wait for the connection to come back. */
const PATIENCE = 12_000;
const KINDS: readonly TrackKind[] = ['audio', 'video'];

/** How others tell a screen from a camera. */
export const SCREEN_TAG = 'screen';

/** A published track of the SDK's. Between two of ours it sends its placeholder, which is its own. */
interface Slot {
  type: StreamType;
  kind: TrackKind;
  kbps: number;
  native: LocalTrack;
  placeholder: MediaStreamTrack;
  sent: MediaStreamTrack;
  muted: boolean;
}

interface Wanted {
  kind: TrackKind;
  kbps: number;
  muted: boolean;
  track: MediaStreamTrack | null;
}

/**
 * What is published. The SDK stops, disables and unpublishes by itself the tracks it was created
 * with, and sends sound through an AudioContext that is silent before a gesture: so it is created
 * with placeholders, and ours are put in their place.
 */
export class Outgoing {
  readonly placeholders = new Placeholders();
  #slots: Slot[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #over = false;

  /** @param online Resolves when the SDK is connected: while it reconnects it refuses all. */
  constructor(
    private readonly sdk: Sdk,
    private readonly client: SdkClient,
    private readonly online: () => Promise<void>,
  ) {}

  /** The sound that is sent now. */
  get microphone(): MediaStreamTrack | null {
    const slot = this.#find('main', 'audio');
    return slot && !slot.muted && slot.sent !== slot.placeholder ? slot.sent : null;
  }

  /** Of what the SDK counts. */
  get sent(): readonly Pick<Slot, 'type' | 'kind' | 'native'>[] {
    return this.#slots;
  }

  publish(publication: Publication, signal: AbortSignal): Promise<void> {
    const { type } = publication;
    return this.#next(signal, async () => {
      const wanted = wantedOf(publication);
      const kept = (slot: Slot): boolean =>
        slot.type !== type ||
        wanted.some(({ kind, kbps }) => kind === slot.kind && kbps === slot.kbps);
      await this.#drop((slot) => !kept(slot));
      await this.#add(type, wanted);
      for (const one of wanted) {
        const slot = this.#find(type, one.kind);
        if (slot) await this.#apply(slot, one);
      }
    });
  }

  unpublish(type: StreamType, signal: AbortSignal): Promise<void> {
    return this.#next(signal, () => this.#drop((slot) => slot.type === type));
  }

  /** Before the role of an audience: the SDK refuses it while anything is published. */
  clear(signal: AbortSignal): Promise<void> {
    return this.#next(signal, () => this.#drop(() => true));
  }

  /** Gives our tracks back: after it the SDK has nothing of ours to stop. */
  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    for (const slot of this.#slots.splice(0)) release(slot);
    this.placeholders.close();
  }

  #find(type: StreamType, kind: TrackKind): Slot | undefined {
    return this.#slots.find((slot) => slot.type === type && slot.kind === kind);
  }

  async #add(type: StreamType, wanted: readonly Wanted[]): Promise<void> {
    if (this.#over) return;
    const made = wanted
      .filter(({ kind }) => !this.#find(type, kind))
      .map((one) => this.#create(type, one));
    if (!made.length) return;
    try {
      await this.client.publish(made.map(({ native }) => native));
    } catch (error) {
      for (const slot of made) slot.native.destroy();
      throw error;
    }
    if (this.#over) for (const slot of made) slot.native.destroy();
    else this.#slots.push(...made);
  }

  #create(type: StreamType, { kind, kbps, muted }: Wanted): Slot {
    const { sdk } = this;
    const source = this.placeholders[kind]();
    source.enabled = !muted;
    const tag = type === 'main' ? TAGS[kind] : SCREEN_TAG;
    const config = { mediaStreamTrack: source, bitrate: kbps, tag };
    const native = (
      kind === 'audio' ? sdk.createCustomAudioTrack(config) : sdk.createCustomVideoTrack(config)
    ) as LocalTrack;
    // Of sound it is the end of the SDK's own chain of audio nodes.
    const placeholder = native.getMediaStreamTrack() ?? source;
    return { type, kind, kbps, muted, native, placeholder, sent: placeholder };
  }

  async #apply(slot: Slot, { track, muted }: Wanted): Promise<void> {
    const { native, placeholder } = slot;
    // Muting disables what is sent at that moment: never a track of the page's.
    if (muted !== slot.muted) {
      await this.#send(slot, placeholder);
      if (this.#over) return;
      native.setMuted(muted);
      slot.muted = muted;
    }
    await this.#send(slot, muted || track?.readyState !== 'live' ? placeholder : track);
  }

  async #send(slot: Slot, track: MediaStreamTrack): Promise<void> {
    const before = slot.sent;
    if (this.#over || before === track) return;
    // At once: `release()` must know of it while it is under way.
    slot.sent = track;
    try {
      await slot.native.setMediaStreamTrack(track);
    } catch (error) {
      slot.sent = before;
      throw error;
    }
  }

  async #drop(which: (slot: Slot) => boolean): Promise<void> {
    const gone = this.#slots.filter(which);
    if (!gone.length) return;
    // The SDK finds what it published by the track that it sent first.
    for (const slot of gone) await this.#send(slot, slot.placeholder);
    if (this.#over) return;
    await this.client.unpublish(gone.map(({ native }) => native));
    if (this.#over) return;
    this.#slots = this.#slots.filter((slot) => !gone.includes(slot));
    for (const { native } of gone) native.destroy();
  }

  /** One at a time, and none while the connection is down. */
  #next(signal: AbortSignal, run: () => Promise<void>): Promise<void> {
    const mine = this.#queue.then(async () => {
      await settle(this.online(), { signal, ms: PATIENCE, what: 'Qiniu' });
      if (this.#over) throw aborted();
      throwIfAborted(signal);
      // Without a limit: what lost its answer to a drop, the SDK takes up again when it is back.
      await run().catch((error: unknown) => {
        throw fromVendor(error, 'Publishing');
      });
    });
    this.#queue = mine.catch(() => undefined);
    return mine;
  }
}

const TAGS: Record<TrackKind, string> = { audio: 'microphone', video: 'camera' };

function wantedOf(publication: Publication): Wanted[] {
  hint(publication);
  const has = { audio: publication.hasAudio, video: publication.hasVideo };
  const muted = { audio: publication.audioMuted, video: publication.videoMuted };
  const kbps = {
    audio: publication.audioProfile === 'music' ? 128 : 64,
    video: videoBitrate(publication),
  };
  return KINDS.filter((kind) => has[kind]).map((kind) => ({
    kind,
    kbps: kbps[kind],
    muted: muted[kind],
    track: publication[kind],
  }));
}

function hint({ type, audio, video, audioProfile }: Publication): void {
  if (video && !video.contentHint && type === 'auxiliary') video.contentHint = 'detail';
  if (audio && !audio.contentHint && audioProfile === 'music') audio.contentHint = 'music';
}

/** In kbit/s; a curve through the SDK's own presets (480p15: 500, 720p15: 1130, 1080p15: 2080). */
export function videoBitrate({ width, height, frameRate }: Publication): number {
  return Math.round(500 * ((width * height * frameRate) / (640 * 480 * 15)) ** 0.75);
}

/**
 * `setMediaStreamTrack` puts the placeholder in at once, and `destroy` then stops that. Where the
 * connection is down it throws, and the SDK's track, which has ours inside, is left alone.
 */
function release({ native, placeholder, sent }: Slot): void {
  try {
    if (sent !== placeholder) void native.setMediaStreamTrack(placeholder).catch(() => undefined);
    if (native.getMediaStreamTrack() === placeholder) native.destroy();
  } catch {
    // It is collected with its client.
  }
}
