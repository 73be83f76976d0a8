/**
 * Steps that can be held up. Of a join: before the answer to its HTTP request, before its WebSocket
 * is accepted, and between letting the user in and telling him so. Of a subscription: its answer.
 */
export type Step = 'access' | 'socket' | 'entry' | 'subscription';

export interface Gate {
  /** Somebody waits at it. */
  reached: Promise<void>;
  open(): void;
}

export class Gates {
  readonly #closed = new Map<Step, { arrive(): void; opened: Promise<void> }>();

  /** Whoever comes to this step waits there until the gate is opened. */
  close(step: Step): Gate {
    let arrive = (): void => undefined;
    let open = (): void => undefined;
    const reached = new Promise<void>((resolve) => (arrive = resolve));
    const opened = new Promise<void>((resolve) => (open = resolve));
    this.#closed.set(step, { arrive, opened });
    return {
      reached,
      open: () => {
        this.#closed.delete(step);
        open();
      },
    };
  }

  async pass(step: Step): Promise<void> {
    const gate = this.#closed.get(step);
    gate?.arrive();
    await gate?.opened;
  }
}
