/** Heard from here on, and not any more below, 0–1; between, it stays as it is. */
const LOUD = 0.04;
const QUIET = 0.015;
/** Milliseconds of quiet after which somebody has stopped speaking: pauses are no change. */
const PAUSE = 1_000;

export interface Level {
  userId: string;
  level: number;
}

/** Who speaks, from levels that are measured again and again. */
export class Speakers {
  #heard = new Map<string, number>();
  #told = '';

  /** @returns the ids when they are others than before */
  update(levels: readonly Level[], now: number): string[] | null {
    const here = new Set<string>();
    for (const { userId, level } of levels) {
      here.add(userId);
      if (level >= (this.#heard.has(userId) ? QUIET : LOUD)) this.#heard.set(userId, now);
    }
    for (const [userId, at] of this.#heard) {
      if (!here.has(userId) || now - at > PAUSE) this.#heard.delete(userId);
    }
    const ids = [...this.#heard.keys()];
    // No id has a space.
    const told = ids.join(' ');
    if (told === this.#told) return null;
    this.#told = told;
    return ids;
  }
}

/** One user's level each: the loudest of what is measured. */
export function loudest(levels: readonly Level[]): Level[] {
  const best = new Map<string, number>();
  for (const { userId, level } of levels) best.set(userId, Math.max(level, best.get(userId) ?? 0));
  return [...best].map(([userId, level]) => ({ userId, level }));
}
