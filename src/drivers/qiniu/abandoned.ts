/** Joins at a time that nobody waits for any more. */
const LIMIT = 2;

/**
 * Joins that do not settle. Where its servers do not answer, the SDK asks them every second, until
 * they do, whether or not the room was left: a page that tries again for hours would ask ever more
 * often. So a further join waits until one of them has settled, as all do once the servers answer.
 */
export class Abandoned {
  #joins = new Set<Promise<unknown>>();

  watch(join: Promise<unknown>): void {
    this.#joins.add(join);
    const settled = (): void => void this.#joins.delete(join);
    join.then(settled, settled);
  }

  /** Resolves when there is room for another join. */
  async room(): Promise<void> {
    while (this.#joins.size > LIMIT) await Promise.race(this.#joins).catch(() => undefined);
  }
}
