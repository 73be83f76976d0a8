import type { EndedReason, LeftReason } from '../protocol/messages.js';
import type { Clock } from './clock.js';

export type Ended = EndedReason | LeftReason;

/** Things that are true until a time. */
export class Expiring<T> {
  #entries = new Map<string, { value: T; until: number }>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    this.#sweep();
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.until > this.clock.now() ? entry.value : undefined;
  }

  set(key: string, value: T, ms: number): void {
    this.#sweep();
    this.#entries.set(key, { value, until: this.clock.now() + ms });
  }

  /** Every entry is older than those behind it only roughly; the whole map is small. */
  #sweep(): void {
    const now = this.clock.now();
    for (const [key, { until }] of this.#entries) if (until <= now) this.#entries.delete(key);
  }
}

interface Ban {
  /** Tokens issued before this are refused; milliseconds. */
  notBefore: number;
  /** Everything is refused until then; milliseconds. */
  until: number;
}

/** Who may not come back with what they had. */
export class Bans {
  #bans: Expiring<Ban>;

  constructor(
    private readonly clock: Clock,
    private readonly tokenLife: number,
  ) {
    this.#bans = new Expiring(clock);
  }

  /** @param user Absent: the whole room (it was dismissed). */
  add(room: string, user: string | undefined, seconds = 0): void {
    const now = this.clock.now();
    const ms = seconds * 1000;
    const life = Math.max(ms, (this.tokenLife + 60) * 1000);
    this.#bans.set(keyOf(room, user), { notBefore: now, until: now + ms }, life);
  }

  /** @param issuedAt Of the token, in seconds; absent: there was none. */
  refuses(room: string, user: string, issuedAt: number | undefined): boolean {
    return [this.#bans.get(keyOf(room, user)), this.#bans.get(keyOf(room, undefined))].some(
      (ban) =>
        ban !== undefined &&
        (this.clock.now() < ban.until ||
          (issuedAt !== undefined && issuedAt * 1000 < ban.notBefore)),
    );
  }
}

function keyOf(room: string, user: string | undefined): string {
  return JSON.stringify([room, user]);
}
