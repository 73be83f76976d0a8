import { RtcError } from '../../core/errors.js';
import type { Publication, TrackKind } from '../driver.js';
import { createPlaceholder, type Placeholder } from './placeholders.js';
import type { LocalStream, NativeClient, Trtc } from './sdk.js';

/** Kilobits per second for so many lines, as in TRTC's own profiles. */
const BITRATES: readonly (readonly [lines: number, bitrate: number])[] = [
  [120, 200],
  [180, 350],
  [240, 400],
  [360, 800],
  [480, 900],
  [720, 1500],
];
const HIGHEST_BITRATE = 2000;

const KINDS: readonly TrackKind[] = ['audio', 'video'];

/**
 * One published stream of the SDK, holding our tracks. The SDK never captures, and never stops what
 * is ours.
 */
export class PublishedStream {
  readonly #native: LocalStream;
  readonly #tracks = new Map<TrackKind, MediaStreamTrack>();
  readonly #placeholders = new Map<TrackKind, Placeholder>();
  readonly #muted = { audio: false, video: false };
  #profile: string;

  private constructor(
    private readonly client: NativeClient,
    sdk: Trtc,
    userId: string,
    publication: Publication,
  ) {
    for (const kind of KINDS) {
      const track = this.#trackFor(kind, publication);
      if (track) this.#tracks.set(kind, track);
    }
    this.#native = sdk.createStream({
      userId,
      audioSource: this.#tracks.get('audio'),
      videoSource: this.#tracks.get('video'),
      enableAutoRecoverCapture: false,
    });
    // Before it holds the tracks: then it only notes the bitrates, and leaves the devices alone.
    this.#native.setVideoProfile(videoProfile(publication));
    this.#native.setAudioProfile(audioProfile(publication));
    this.#profile = profileKey(publication);
  }

  /** @throws what the SDK throws; nothing is held then */
  static async publish(
    client: NativeClient,
    sdk: Trtc,
    userId: string,
    publication: Publication,
  ): Promise<PublishedStream> {
    const stream = new PublishedStream(client, sdk, userId, publication);
    try {
      await stream.#native.initialize();
      hint(publication);
      stream.#mute(publication);
      const isAuxiliary = publication.type === 'auxiliary';
      await client.publish(stream.#native, { isAuxiliary });
      return stream;
    } catch (error) {
      await stream.release();
      throw error;
    }
  }

  /** Makes what is sent exactly this. */
  async update(publication: Publication): Promise<void> {
    hint(publication);
    // Sound and picture come back before their track, or the SDK switches the new track off.
    this.#mute(publication, false);
    for (const kind of KINDS) await this.#put(kind, this.#trackFor(kind, publication));
    this.#mute(publication);
    const key = profileKey(publication);
    // The SDK would set the bitrate of a screen on the camera.
    if (key === this.#profile || publication.type === 'auxiliary') return;
    this.#native.setAudioProfile(audioProfile(publication));
    this.#native.setVideoProfile(videoProfile(publication));
    this.#profile = key;
  }

  /** Tells again what is muted: a change during a drop went nowhere. */
  repeatMuted(): void {
    const { audio, video } = this.#muted;
    if (audio) this.#native.muteAudio();
    else if (video) this.#native.muteVideo();
    else if (this.#tracks.has('audio')) this.#native.unmuteAudio();
    else this.#native.unmuteVideo();
  }

  async unpublish(): Promise<void> {
    try {
      await this.client.unpublish(this.#native);
    } finally {
      await this.release();
    }
  }

  /** Lets go of the tracks: a stream that is closed while it holds them stops them. */
  async release(): Promise<void> {
    for (const track of this.#tracks.values())
      await this.#native.removeTrack(track).catch(() => undefined);
    this.#tracks.clear();
    if (!this.#native.getAudioTrack() && !this.#native.getVideoTrack()) this.#native.close();
    for (const placeholder of this.#placeholders.values()) placeholder.release();
    this.#placeholders.clear();
  }

  async #put(kind: TrackKind, track: MediaStreamTrack | null): Promise<void> {
    const present = this.#tracks.get(kind);
    if (present === (track ?? undefined)) return;
    if (!track) {
      if (present) await this.#native.removeTrack(present);
      this.#tracks.delete(kind);
    } else {
      await (present ? this.#native.replaceTrack(track) : this.#native.addTrack(track));
      this.#tracks.set(kind, track);
    }
  }

  #trackFor(kind: TrackKind, publication: Publication): MediaStreamTrack | null {
    const has = kind === 'audio' ? publication.hasAudio : publication.hasVideo;
    if (!has) return null;
    const track = publication[kind];
    if (track) return track;
    const placeholder = this.#placeholders.get(kind) ?? createPlaceholder(kind);
    if (!placeholder) {
      throw new RtcError('unsupported', 'This browser cannot publish a muted stream.', {
        provider: 'trtc',
      });
    }
    this.#placeholders.set(kind, placeholder);
    return placeholder.track;
  }

  /** @param only Where given, only what changes to this. */
  #mute({ audioMuted, videoMuted }: Publication, only?: boolean): void {
    const due = (kind: TrackKind, muted: boolean): boolean =>
      this.#tracks.has(kind) && muted !== this.#muted[kind] && muted === (only ?? muted);
    const stream = this.#native;
    if (due('audio', audioMuted)) {
      this.#muted.audio = audioMuted;
      if (audioMuted) stream.muteAudio();
      else stream.unmuteAudio();
    }
    if (due('video', videoMuted)) {
      this.#muted.video = videoMuted;
      if (videoMuted) stream.muteVideo();
      else stream.unmuteVideo();
    }
  }
}

function hint({ type, audio, video, audioProfile }: Publication): void {
  if (video && !video.contentHint && type === 'auxiliary') video.contentHint = 'detail';
  if (audio && !audio.contentHint && audioProfile === 'music') audio.contentHint = 'music';
}

function videoProfile({ width, height, frameRate }: Publication): {
  width: number;
  height: number;
  frameRate: number;
  bitrate: number;
} {
  const lines = Math.min(width, height);
  const [, bitrate] = BITRATES.find(([most]) => lines <= most) ?? [0, HIGHEST_BITRATE];
  return { width, height, frameRate, bitrate };
}

/** 40 kbit/s of one channel, and 192 kbit/s of two. */
function audioProfile({ audioProfile }: Publication): 'standard' | 'high-stereo' {
  return audioProfile === 'music' ? 'high-stereo' : 'standard';
}

function profileKey({ width, height, frameRate, audioProfile }: Publication): string {
  return [width, height, frameRate, audioProfile].join();
}
