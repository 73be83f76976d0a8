import type { TrackKind } from '../driver.js';

/** Makes the media of a user that has none of its own; null where no media can be made. */
export type TrackMaker = (kind: TrackKind, userId: string) => MediaStreamTrack | null;

let silence: AudioContext | undefined;

/** A still picture with the user's id, or silence; null outside a browser. */
export const makeTrack: TrackMaker = (kind, userId) => {
  if (typeof document === 'undefined') return null;
  if (kind === 'audio') {
    silence ??= new AudioContext();
    return silence.createMediaStreamDestination().stream.getAudioTracks()[0] ?? null;
  }
  const canvas = document.createElement('canvas');
  canvas.width = 320;
  canvas.height = 180;
  const context = canvas.getContext('2d');
  const [track] = canvas.captureStream().getVideoTracks();
  if (context) {
    context.fillStyle = '#246';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = '#fff';
    context.font = '32px sans-serif';
    context.fillText(userId, 16, 100, canvas.width - 32);
  }
  return track ?? null;
};

/** Every track that was handed out, so that it can be seen whether each was ended again. */
export class TrackPool {
  readonly #tracks = new Set<MediaStreamTrack>();

  constructor(private readonly make: TrackMaker) {}

  /** Tracks that are handed out and not ended. */
  get live(): MediaStreamTrack[] {
    return [...this.#tracks].filter((track) => track.readyState === 'live');
  }

  /** What a viewer receives of a publisher's track; made up where the publisher has none. */
  take(source: MediaStreamTrack | null, kind: TrackKind, userId: string): MediaStreamTrack | null {
    const track = source ? source.clone() : this.make(kind, userId);
    if (track) this.#tracks.add(track);
    return track;
  }

  end(track: MediaStreamTrack | null): void {
    if (!track) return;
    track.stop();
    this.#tracks.delete(track);
  }
}
