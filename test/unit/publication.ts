import type { Publication } from '../../src/drivers/driver.js';

/** A camera and a microphone without tracks, but for what `change` says. */
export function publication(change: Partial<Publication> = {}): Publication {
  return {
    type: 'main',
    hasAudio: true,
    hasVideo: true,
    audio: null,
    video: null,
    audioMuted: false,
    videoMuted: false,
    audioProfile: 'speech',
    width: 640,
    height: 360,
    frameRate: 15,
    ...change,
  };
}
