import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { forNode } from '../tools/node-tests.mjs';
import { root } from '../tools/process.mjs';

/** A module of this folder that is written in TypeScript. */
export async function load(name) {
  const { build } = await import('esbuild');
  const outfile = path.join(root, 'node_modules/.cache/rtc-elements/children', `${name}.mjs`);
  await build({
    entryPoints: [path.join(root, 'test/bench', `${name}.ts`)],
    outfile,
    ...forNode,
  });
  return import(pathToFileURL(outfile).href);
}
