/** How long a picture stands still, from a moment on. */
import type { Peer } from './peer.js';

/** From now on, the longest time without a frame of this user's picture, in ms. */
export const watchGap = (peer: Peer, user: string): Promise<void> =>
  peer.eval((userId) => {
    const video = window.e2e.video(userId);
    const gap = { longest: 0, last: performance.now(), video };
    const frame = (): void => {
      gap.longest = Math.max(gap.longest, performance.now() - gap.last);
      gap.last = performance.now();
      video?.requestVideoFrameCallback(frame);
    };
    video?.requestVideoFrameCallback(frame);
    Object.assign(window, { gap });
  }, user);

/** Undefined when the picture is not in the same element any more. */
export const gapOf = (peer: Peer, user: string): Promise<number | undefined> =>
  peer.eval((userId) => {
    const { gap } = window as unknown as { gap: { longest: number; last: number; video: unknown } };
    if (gap.video !== window.e2e.video(userId)) return undefined;
    return Math.max(gap.longest, performance.now() - gap.last);
  }, user);
