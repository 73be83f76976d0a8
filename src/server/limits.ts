/** How often a client may send each kind of message: burst, and per second from then on. */
const RATES: Record<string, [burst: number, perSecond: number]> = {
  signal: [2000, 400],
  subscribe: [200, 40],
  publish: [200, 40],
  message: [200, 40],
  data: [60, 10],
  role: [60, 10],
  kick: [60, 10],
  ice: [60, 10],
  renew: [60, 10],
  leave: [10, 1],
};

/** A token bucket: `burst` at once, and so many per second from then on. */
export class Bucket {
  #left: number | undefined;
  #at = 0;

  /** @returns whether one more is within bounds; one that is not costs nothing */
  take(now: number, burst: number, perSecond: number): boolean {
    const left = Math.min(burst, (this.#left ?? burst) + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
    this.#left = left < 1 ? left : left - 1;
    return left >= 1;
  }
}

/** Token buckets, one for each message type of one client. */
export class Buckets {
  #buckets = new Map<string, Bucket>();

  /** @returns whether one more message of this type is within bounds */
  take(type: string, now: number): boolean {
    const [burst, perSecond] = RATES[type] ?? [10, 1];
    const bucket = this.#buckets.get(type) ?? new Bucket();
    this.#buckets.set(type, bucket);
    return bucket.take(now, burst, perSecond);
  }
}
