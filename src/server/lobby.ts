import type { Clock } from './clock.js';

/** Who has not joined yet: counted by address, and not waited for without end. */
export class Lobby<T extends object> {
  #addresses = new Map<T, string>();
  #counts = new Map<string, number>();
  /** Until when each is waited for; who came first is first. */
  #deadlines = new Map<T, number>();
  /** One timer for all: each lasts as long. */
  #cancel: (() => void) | undefined;

  /**
   * @param patience Milliseconds.
   * @param late Called for who has not joined by then; it counts until it has left.
   */
  constructor(
    private readonly clock: Clock,
    private readonly patience: number,
    private readonly late: (who: T) => void,
  ) {}

  /** How many of an address are waited for. */
  count(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  enter(who: T, address: string): void {
    this.#addresses.set(who, address);
    this.#counts.set(address, this.count(address) + 1);
    this.#deadlines.set(who, this.clock.now() + this.patience);
    this.#cancel ??= this.clock.after(this.patience, this.#sweep);
  }

  /** Has joined, or is gone. */
  leave(who: T): void {
    const address = this.#addresses.get(who);
    if (address === undefined) return;
    this.#addresses.delete(who);
    const left = this.count(address) - 1;
    if (left) this.#counts.set(address, left);
    else this.#counts.delete(address);
    this.#deadlines.delete(who);
    if (this.#deadlines.size) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #sweep = (): void => {
    this.#cancel = undefined;
    const now = this.clock.now();
    for (const [who, until] of this.#deadlines) {
      const left = until - now;
      // More than all: the clock was set back.
      if (left > 0 && left <= this.patience) {
        this.#cancel ??= this.clock.after(left, this.#sweep);
        break;
      }
      this.#deadlines.delete(who);
      this.late(who);
    }
  };
}
