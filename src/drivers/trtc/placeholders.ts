import type { TrackKind } from '../driver.js';

/** A track that sends nothing, for a stream that has sound or a picture, but none at the moment. */
export interface Placeholder {
  readonly track: MediaStreamTrack;
  release(): void;
}

/** @returns null where the browser makes none */
export function createPlaceholder(kind: TrackKind): Placeholder | null {
  return kind === 'audio' ? silence() : blackness();
}

function silence(): Placeholder | null {
  const context = new AudioContext();
  const [track] = context.createMediaStreamDestination().stream.getAudioTracks();
  return track ? { track, release: () => void context.close() } : null;
}

function blackness(): Placeholder | null {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 16;
  // Firefox captures no canvas without a context.
  canvas.getContext('2d')?.fillRect(0, 0, 16, 16);
  const [track] = canvas.captureStream(1).getVideoTracks();
  return track ? { track, release: () => track.stop() } : null;
}
