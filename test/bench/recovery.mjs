import { load } from './load.mjs';
import { summary } from './statistics.mjs';

const ROUNDS = 3;

/** Seconds from each drop until pictures and messages come again, both ways. */
export async function recovery() {
  const { recoveries } = await load('recovery');
  return Object.entries(await recoveries(ROUNDS)).map(([drop, all]) => ({
    drop,
    after: summary(all.map(({ after }) => after)),
    frozen: summary(all.map(({ frozen }) => frozen)),
  }));
}
