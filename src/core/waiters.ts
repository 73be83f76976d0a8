import { aborted, type RtcError } from './errors.js';

interface Waiter {
  resolve(): void;
  reject(error: RtcError): void;
}

/** The promises of `join()`, `leave()` and `switchRole()`, by what they wait for. */
export class Waiters<K extends string> {
  #waiting = new Map<K, Waiter[]>();

  wait(key: K): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiting.get(key) ?? [];
      this.#waiting.set(key, [...waiters, { resolve, reject }]);
    });
  }

  /** Rejects all that wait for one of `keys`. */
  reject(keys: K | readonly K[], error: RtcError = aborted()): void {
    for (const key of [keys].flat() as K[]) {
      for (const waiter of this.#take(key)) waiter.reject(error);
    }
  }

  resolve(key: K): void {
    for (const waiter of this.#take(key)) waiter.resolve();
  }

  #take(key: K): Waiter[] {
    const waiters = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    return waiters;
  }
}
