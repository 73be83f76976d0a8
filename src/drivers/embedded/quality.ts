/** What the uplink carries unless `driver-options` says otherwise, in bits per second. */
export const UPLINK = 2_500_000;

export interface VideoSource {
  /** Pixels, and frames per second. */
  width: number;
  height: number;
  frameRate: number;
  /** A screen keeps its resolution and gives up frames instead. */
  screen: boolean;
}

/** One viewer of one picture; `h` is the tile's height in device pixels. */
export interface VideoWish extends VideoSource {
  h?: number;
}

export interface VideoEncoding {
  maxBitrate: number;
  maxFramerate: number;
  scaleResolutionDownBy: number;
}

/** Bits for each pixel of each frame at which VP8 looks clean in a call. */
const BITS_PER_PIXEL = 0.08;
const MOST = 2_500_000;
const LEAST = 60_000;
/**
 * When less than the whole demand is left for a viewer: from so many bits per second on, at most so
 * many lines and frames (the steps whose cost for the sender was measured; architecture.md).
 */
const LADDER: readonly (readonly [bits: number, height: number, frameRate: number])[] = [
  [1_200_000, 720, 30],
  [700_000, 480, 30],
  [450_000, 480, 20],
  [240_000, 360, 15],
  [110_000, 240, 15],
  [80_000, 240, 10],
];

const LOWEST = [0, 120, 10] as const;
const WHOLE = [0, Infinity, Infinity] as const;

/**
 * Pixels of a first picture. Before it knows the network Chromium lets none of more than 320x240 through: it
 * skips up to four, and then stays small for many seconds.
 */
const FIRST = 320 * 240;

/** What a picture begins with: one that is there at once. */
export function first(encoding: VideoEncoding, track: MediaStreamTrack): VideoEncoding {
  const { width = 0, height = 0 } = track.getSettings();
  // A little more, for the encoder rounds its sides up.
  const scale = Math.ceil(Math.sqrt((width * height) / FIRST) * 10) / 10;
  return {
    ...encoding,
    scaleResolutionDownBy: Math.max(encoding.scaleResolutionDownBy, scale),
  };
}

/** Bits per second of sound for each viewer. */
export function audioBitrate(profile: 'speech' | 'music'): number {
  return profile === 'music' ? 128_000 : 40_000;
}

/** The encodings of all viewers' pictures, sharing `budget` bits per second. */
export function shareVideo(
  wishes: ReadonlyMap<string, VideoWish>,
  budget: number,
): Map<string, VideoEncoding> {
  const viewers = [...wishes].map(([key, wish]) => {
    const { height, h, screen } = wish;
    const scale = screen ? 1 : scaleTo(height, h || height);
    return { key, wish, scale, demand: demandOf(wish, scale), share: 0 };
  });
  let left = budget;
  let waiting = viewers.length;
  // Who needs least is served first, and what it leaves goes to the others.
  for (const viewer of [...viewers].sort((a, b) => a.demand - b.demand)) {
    viewer.share = Math.max(LEAST, Math.min(viewer.demand, left / waiting--));
    left = Math.max(0, left - viewer.share);
  }
  const encodings = new Map<string, VideoEncoding>();
  for (const { key, wish, scale, demand, share } of viewers) {
    const maxBitrate = Math.round(share);
    const [, height, frames] =
      maxBitrate >= Math.floor(demand)
        ? WHOLE
        : (LADDER.find(([bits]) => maxBitrate >= bits) ?? LOWEST);
    encodings.set(key, {
      maxBitrate,
      maxFramerate: Math.min(wish.frameRate, frames),
      scaleResolutionDownBy: wish.screen ? 1 : Math.max(scale, scaleTo(wish.height, height)),
    });
  }
  return encodings;
}

function demandOf({ width, height, frameRate, screen }: VideoSource, scale: number): number {
  const bits = ((width * height) / scale ** 2) * frameRate * BITS_PER_PIXEL;
  return Math.max(LEAST, Math.min(MOST, screen ? bits / 2 : bits));
}

/** In halves and downwards, so that a tile that grows a little changes no encoder. */
function scaleTo(from: number, to: number): number {
  return Math.max(1, Math.floor((from / to) * 2) / 2);
}
