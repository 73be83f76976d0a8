/**
 * The only clock of the fake back end: everything that it answers or tells is a job in one queue.
 * By itself it runs each job in a microtask of its own; by hand, when a test says so.
 */
export class Scheduler {
  #jobs: (() => void)[] = [];
  #pumping = false;
  #manual: boolean;

  /**
   * @param manual True: jobs wait for `step()` or `flush()`.
   * @param latency Milliseconds before each job; 0: none, in microtasks.
   */
  constructor(
    manual: boolean,
    private readonly latency: number,
  ) {
    this.#manual = manual;
  }

  /** How many jobs wait. */
  get waiting(): number {
    return this.#jobs.length;
  }

  get manual(): boolean {
    return this.#manual;
  }

  /** Going back to false runs what waits. */
  set manual(manual: boolean) {
    this.#manual = manual;
    this.#pump();
  }

  add(job: () => void): void {
    this.#jobs.push(job);
    this.#pump();
  }

  /** Runs the next jobs. @returns how many there were to run */
  step(count = 1): number {
    let done = 0;
    for (; done < count; done++) {
      const job = this.#jobs.shift();
      if (!job) break;
      job();
    }
    return done;
  }

  /** Runs everything that waits, and what that brings, until nothing waits. */
  async flush(): Promise<void> {
    do {
      while (this.step());
      // Whoever was answered may have more to ask, some microtasks later.
      await new Promise((resolve) => setTimeout(resolve));
    } while (this.#jobs.length);
  }

  #pump(): void {
    if (this.#manual || this.#pumping || !this.#jobs.length) return;
    this.#pumping = true;
    const run = (): void => {
      this.#pumping = false;
      if (this.#manual) return;
      try {
        this.step();
      } finally {
        this.#pump();
      }
    };
    if (this.latency) setTimeout(run, this.latency);
    else queueMicrotask(run);
  }
}
