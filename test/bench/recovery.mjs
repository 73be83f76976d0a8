import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ownAddress } from '../tools/node-tests.mjs';
import { root } from '../tools/process.mjs';
import { summary } from './statistics.mjs';

const ROUNDS = 3;

/** Seconds from each drop until pictures and messages come again, both ways. */
export async function recovery() {
  const { build } = await import('esbuild');
  const outfile = path.join(root, 'node_modules/.cache/rtc-elements/children/recovery.mjs');
  await build({
    entryPoints: [path.join(root, 'test/bench/recovery.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    plugins: [ownAddress],
    tsconfig: path.join(root, 'tsconfig.json'),
  });
  const { recoveries } = await import(pathToFileURL(outfile).href);
  return Object.entries(await recoveries(ROUNDS)).map(([drop, all]) => ({
    drop,
    after: summary(all.map(({ after }) => after)),
    frozen: summary(all.map(({ frozen }) => frozen)),
  }));
}
