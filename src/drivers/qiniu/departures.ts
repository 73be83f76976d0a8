import { settle } from '../../core/async.js';
import { signalingOf, type SdkClient } from './sdk.js';

/** Joins at a time that nobody waits for any more, and that the servers have not answered. */
const LIMIT = 2;
/** Milliseconds for the answer to a join that is to be left. */
const PATIENCE = 3_000;

/**
 * How clients are left. The SDK can be left at any time, but does not stop what is under way then: a
 * socket that is just opening, or a reconnect that is due, lets the user in again, and nothing ends
 * that before the page does. And where its servers do not answer a join, it asks them every second
 * until they do.
 */
export class Departures {
  #asking = new Set<Promise<unknown>>();
  #leaving = new Set<Promise<void>>();

  /**
   * Leaves; no event of the client is heard after it.
   * @param joining The SDK's promise, while it has not settled.
   */
  leave(client: SdkClient, joining?: Promise<unknown>): void {
    client.removeAllListeners();
    const signaling = signalingOf(client);
    // Asked already: who leaves before he is let in does not say goodbye, and is there for a while.
    if (joining && signaling?.ws) return this.#leaveLater(client, joining);
    if (joining && !signaling) note(this.#asking, joining);
    leaveNow(client);
  }

  /** Resolves when there is room for another join. */
  async room(): Promise<void> {
    await Promise.all(this.#leaving);
    while (this.#asking.size > LIMIT) await Promise.race(this.#asking).catch(() => undefined);
  }

  #leaveLater(client: SdkClient, joining: Promise<unknown>): void {
    const inside = new Promise<void>((resolve) => {
      client.on('connection-state-changed', (state) => {
        if (state === 'CONNECTED') resolve();
      });
    });
    const left = settle(Promise.race([inside, joining]), { ms: PATIENCE })
      .catch(() => undefined)
      .then(() => leaveNow(client));
    note(this.#leaving, left);
  }
}

function leaveNow(client: SdkClient): void {
  client.removeAllListeners();
  const signaling = signalingOf(client);
  if (signaling) {
    signaling.initWs = (_, socket) => {
      socket?.close();
      return new Promise(() => undefined);
    };
  }
  client.leave().catch(() => undefined);
}

/** Kept until it settles. */
function note<T>(set: Set<Promise<T>>, promise: Promise<T>): void {
  set.add(promise);
  const settled = (): void => void set.delete(promise);
  promise.then(settled, settled);
}
