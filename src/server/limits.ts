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
  leave: [10, 1],
};

/** Token buckets, one for each message type of one client. */
export class Buckets {
  #buckets = new Map<string, { left: number; at: number }>();

  constructor(private readonly now: () => number) {}

  /** @returns whether one more message of this type is within bounds */
  take(type: string): boolean {
    const [burst, perSecond] = RATES[type] ?? [10, 1];
    const now = this.now();
    const bucket = this.#buckets.get(type) ?? { left: burst, at: now };
    bucket.left = Math.min(burst, bucket.left + ((now - bucket.at) / 1000) * perSecond) - 1;
    bucket.at = now;
    this.#buckets.set(type, bucket);
    return bucket.left >= 0;
  }
}
