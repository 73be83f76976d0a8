/** Time, injected so that tests can turn it. */
export interface Clock {
  now(): number;
  /** @returns a function that cancels it */
  after(ms: number, run: () => void): () => void;
}

export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
