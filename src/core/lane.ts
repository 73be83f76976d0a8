import { backoff, sleep } from './async.js';
import { toRtcError, type RtcError } from './errors.js';

export interface Step {
  /** Names the transition: when the wanted one gets another name, this one is aborted. */
  key: string;
  run(signal: AbortSignal): Promise<void>;
}

/**
 * One resource on its way to what is wanted, one transition at a time. Whoever changes the wish or
 * the actual state calls `poke()`.
 */
export class Lane {
  #step: Step | undefined;
  #controller: AbortController | undefined;
  #stuck: string | undefined;
  #running = false;
  #attempt = 0;

  /**
   * @param next The transition that is due now; null when actual is as wanted.
   * @param failed Hears a failure; true: try again after a pause. False: not before `next()` names
   * another transition.
   */
  constructor(
    private readonly next: () => Step | null,
    private readonly failed: (error: RtcError, step: Step) => boolean,
  ) {}

  /** The transition that has failed and is not tried again. */
  get stuck(): boolean {
    return this.#stuck !== undefined && this.next()?.key === this.#stuck;
  }

  poke(): void {
    if (this.#running) {
      if (this.next()?.key !== this.#step?.key) this.#controller?.abort();
    } else {
      this.#running = true;
      queueMicrotask(() => void this.#run());
    }
  }

  async #run(): Promise<void> {
    for (;;) {
      const step = this.next();
      if (step?.key !== this.#stuck) this.#stuck = undefined;
      if (!step || this.#stuck) break;
      if (step.key !== this.#step?.key) this.#attempt = 0;
      this.#step = step;
      const { signal } = (this.#controller = new AbortController());
      try {
        await step.run(signal);
        this.#attempt = 0;
      } catch (error) {
        if (signal.aborted) continue;
        if (this.failed(toRtcError(error), step)) {
          await sleep(backoff(this.#attempt++), signal).catch(() => undefined);
        } else if (this.next()?.key === step.key) {
          this.#stuck = step.key;
        }
      }
    }
    this.#running = false;
    this.#step = undefined;
  }
}
