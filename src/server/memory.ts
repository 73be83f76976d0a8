import type { EndedReason, LeftReason } from '../protocol/messages.js';
import type { Clock } from './clock.js';
import { MAX_TOKEN_LIFE, SKEW } from './tokens.js';

export type Ended = EndedReason | LeftReason;

/** Things that are true until a time; past `limit` the oldest are forgotten. */
export class Expiring<T> {
  #entries = new Map<string, { value: T; until: number }>();
  #sweepAt = 64;

  constructor(
    private readonly clock: Clock,
    private readonly limit = Infinity,
  ) {}

  get size(): number {
    this.#sweep();
    return this.#entries.size;
  }

  /** Nothing is true, nor was lately. */
  get isEmpty(): boolean {
    return !this.#entries.size;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.until > this.clock.now() ? entry.value : undefined;
  }

  set(key: string, value: T, ms: number): void {
    // Only when it has doubled since the last time: each entry is looked at a few times in its life.
    if (this.#entries.size >= this.#sweepAt) this.#sweep();
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: this.clock.now() + ms });
    if (this.#entries.size <= this.limit) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** What is still true, with the time until which it is. */
  list(): [key: string, value: T, until: number][] {
    this.#sweep();
    return [...this.#entries].map(([key, { value, until }]) => [key, value, until]);
  }

  #sweep(): void {
    const now = this.clock.now();
    for (const [key, { until }] of this.#entries) if (until <= now) this.#entries.delete(key);
    this.#sweepAt = Math.max(64, this.#entries.size * 2);
  }
}

interface Times {
  /** Tokens issued until then are refused; milliseconds. */
  notBefore: number;
  /** Everything is refused until then; milliseconds. */
  until: number;
}

/** A removal or a dismissal as it is kept over a restart. Times are milliseconds since 1970. */
export interface Ban extends Times {
  room: string;
  /** Absent: the whole room. */
  user?: string;
  /** When it can be forgotten: no token from before it is valid any more. */
  expires: number;
}

/** Who may not come back with what they had. */
export class Bans {
  /** Called after each change. */
  changed: () => void = () => undefined;
  #bans: Expiring<Times>;

  constructor(
    private readonly clock: Clock,
    private readonly tokenLife: number,
  ) {
    this.#bans = new Expiring(clock);
  }

  /** @param user Absent: the whole room (it was dismissed). */
  add(room: string, user: string | undefined, seconds = 0): void {
    const now = this.clock.now();
    const key = keyOf(room, user);
    // A removal during a longer ban does not shorten it.
    const until = Math.max(now + seconds * 1000, this.#bans.get(key)?.until ?? 0);
    const tokens = now + (Math.max(this.tokenLife, MAX_TOKEN_LIFE) + SKEW) * 1000;
    this.#bans.set(key, { notBefore: now, until }, Math.max(until, tokens) - now);
    this.changed();
  }

  /** @param issuedAt Of the token, in seconds; absent: there was none. */
  refuses(room: string, user: string, issuedAt: number | undefined): boolean {
    if (this.#bans.isEmpty) return false;
    return [this.#bans.get(keyOf(room, user)), this.#bans.get(keyOf(room, undefined))].some(
      (ban) =>
        ban !== undefined &&
        (this.clock.now() < ban.until ||
          (issuedAt !== undefined && Math.round(issuedAt * 1000) <= ban.notBefore)),
    );
  }

  list(): Ban[] {
    return this.#bans.list().map(([key, times, expires]) => {
      const [room, user] = JSON.parse(key) as [string, string | null];
      return { room, ...(user !== null && { user }), ...times, expires };
    });
  }

  restore(bans: readonly Ban[]): void {
    const now = this.clock.now();
    for (const { room, user, notBefore, until, expires } of bans) {
      if (expires > now) this.#bans.set(keyOf(room, user), { notBefore, until }, expires - now);
    }
  }
}

function keyOf(room: string, user: string | undefined): string {
  return JSON.stringify([room, user ?? null]);
}
