import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ownAddress } from '../tools/node-tests.mjs';
import { root } from '../tools/process.mjs';

/** A module of this folder that is written in TypeScript. */
export async function load(name) {
  const { build } = await import('esbuild');
  const outfile = path.join(root, 'node_modules/.cache/rtc-elements/children', `${name}.mjs`);
  await build({
    entryPoints: [path.join(root, 'test/bench', `${name}.ts`)],
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
  return import(pathToFileURL(outfile).href);
}
