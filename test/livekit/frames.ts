import type { Peer } from '../e2e/peer.js';
import { waitFor } from '../e2e/peer.js';

declare global {
  interface Window {
    /** When a decoded frame of a user was seen to be shown, in milliseconds since 1970. */
    frameTimes(user: string): number[];
  }
}

/** Runs in the page, after the recorder; must not name anything outside of itself. */
export function recordFrames(): void {
  const SAMPLE = 40;
  const watched = new Map<string, number[]>();
  window.frameTimes = (user) => {
    const known = watched.get(user);
    if (known) return known;
    const times: number[] = [];
    watched.set(user, times);
    let before = 0;
    setInterval(() => {
      const now = window.e2e.frames(`user:${user}`);
      if (now !== before) times.push(Date.now());
      before = now;
    }, SAMPLE);
    return times;
  };
}

/** Begins to note when frames of a user are shown, and waits for the first. */
export async function watch(peer: Peer, user: string): Promise<void> {
  await waitFor(
    `frames of ${user} in ${peer.name}'s page`,
    async () => (await peer.eval((who) => window.frameTimes(who).length, user)) > 3,
  );
}

/** The longest time without a frame of the user since `from`, and when it ended. */
export async function longestGap(
  peer: Peer,
  user: string,
  from: number,
): Promise<{ gap: number; until: number }> {
  const times = await peer.eval((who) => window.frameTimes(who), user);
  const since = [from, ...times.filter((time) => time > from), Date.now()];
  let longest = { gap: 0, until: from };
  for (let i = 1; i < since.length; i += 1) {
    // Both are inside the list.
    const [before, until] = [since[i - 1] as number, since[i] as number];
    if (until - before > longest.gap) longest = { gap: until - before, until };
  }
  return longest;
}

/** Waits until frames of the user have been shown again for a second, after none for a while. */
export async function waitForReturn(
  peer: Peer,
  user: string,
  from: number,
): Promise<{ gap: number; until: number }> {
  let longest = { gap: 0, until: from };
  await waitFor(
    `frames of ${user} are back in ${peer.name}'s page`,
    async () => {
      longest = await longestGap(peer, user, from);
      const { length } = (await peer.eval((who) => window.frameTimes(who), user)).filter(
        (time) => time >= longest.until,
      );
      return longest.gap > 700 && length > 10 && Date.now() - longest.until > 1_000;
    },
    () => longest,
    60_000,
  );
  return longest;
}
