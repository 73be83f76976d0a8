import type { RtcError } from '../../core/errors.js';
import { isTransient, toRtcError } from '../../core/errors.js';

/** Milliseconds: between looks, at first and at most; for LiveKit's own recovery while its node answers; for everything. */
const LOOK = 300;
const SLOWEST = 1_500;
const GRACE = 5_000;
const LIMIT = 30_000;
/**
 * Milliseconds for a node's word that this user is in: for 8 s the others may still believe in a
 * dead one and hand on to it what then hangs; and from then on, for a slow network.
 */
const WORD = 1_200;
const BELIEF = 8_000;
const SLOW_WORD = 6_000;

export interface FailoverHost {
  /** Whether anything answers at this address. */
  answers(address: string): Promise<boolean>;
  /** Leaves the node and joins at this address, if its word comes within so many milliseconds. */
  move(address: string, ms: number): Promise<void>;
  /** Nothing helped. */
  gaveUp(error?: RtcError): void;
}

export interface Clock {
  now(): number;
  wait(ms: number): Promise<void>;
}

const clock: Clock = {
  now: () => Date.now(),
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * When to go to which node. livekit-client stays with one address and needs 28 to 40 s to give up a
 * dead node, and 11 s to notice one that only carried the media.
 */
export class Failover {
  #current: string;
  #search: symbol | null = null;
  #dead = false;

  constructor(
    private readonly addresses: readonly string[],
    current: string,
    private readonly host: FailoverHost,
    private readonly time: Clock = clock,
  ) {
    this.#current = current;
  }

  get current(): string {
    return this.#current;
  }

  /** The signalling dropped: livekit-client tries to bring it back, and may. */
  interrupted(): void {
    if (!this.#search) void this.#look();
  }

  /** The Room is out of order for good: there is nothing to wait for. */
  dead(): void {
    this.#dead = true;
    this.interrupted();
  }

  /** It came back by itself, or the stay is over. */
  stop(): void {
    this.#search = null;
    this.#dead = false;
  }

  async #look(): Promise<void> {
    const search = (this.#search = Symbol('search'));
    const started = this.time.now();
    let pause = LOOK;
    while (this.time.now() - started < LIMIT) {
      const answering = await this.#answering();
      if (this.#search !== search) return;
      const [other] = answering.filter((address) => address !== this.#current);
      const own = answering.includes(this.#current);
      const left = this.#dead || !own || this.time.now() - started >= GRACE;
      const target = left ? (other ?? answering[0]) : undefined;
      if (target) {
        // From here on the old Room is gone.
        this.#dead = true;
        try {
          await this.host.move(target, this.time.now() - started < BELIEF ? WORD : SLOW_WORD);
          if (this.#search !== search) return;
          this.#current = target;
          return this.stop();
        } catch (cause) {
          if (this.#search !== search) return;
          const error = toRtcError(cause);
          if (!isTransient(error)) return this.#giveUp(error);
        }
      }
      await this.time.wait(pause * (0.5 + Math.random()));
      pause = Math.min(SLOWEST, pause * 1.2);
      if (this.#search !== search) return;
    }
    // Not yet moved: livekit-client still tries, and says itself when it is over.
    if (this.#dead) this.#giveUp();
    else this.stop();
  }

  async #answering(): Promise<string[]> {
    const asked = await Promise.all(this.addresses.map((address) => this.host.answers(address)));
    return this.addresses.filter((_, index) => asked[index]);
  }

  #giveUp(error?: RtcError): void {
    this.stop();
    this.host.gaveUp(error);
  }
}
