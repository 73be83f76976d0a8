/** All pairings of two browsers in a call. */
import type { BrowserName } from '../e2e/browsers.js';

/** The first waits in the room; the second joins, so it makes the offer. */
export type Pair = readonly [first: BrowserName, second: BrowserName];

export const PAIRS: readonly Pair[] = [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
  ['firefox', 'firefox'],
  ['chromium', 'chromium'],
];

export const pairName = ([first, second]: Pair): string => `${second} offers to ${first}`;
