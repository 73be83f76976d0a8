import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../tools/process.mjs';
import { summary } from './statistics.mjs';

const ROUNDS = 5;

async function load() {
  const { build } = await import('esbuild');
  const outfile = path.join(root, 'node_modules/.cache/rtc-elements/children/server-load.mjs');
  await build({
    entryPoints: [path.join(root, 'test/bench/server-load.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    tsconfig: path.join(root, 'tsconfig.json'),
  });
  return import(pathToFileURL(outfile).href);
}

/** The room server against a bare `ws` relay, each in a process of its own, in turn. */
export async function server() {
  const { serverLoad } = await load();
  const { ours, relay } = await serverLoad(ROUNDS);
  const pair = (key, target) => {
    const [mine, bare] = [ours, relay].map((all) => summary(all.map((one) => one[key])));
    return { ours: mine, raw: bare, ratio: mine.median / bare.median, target };
  };
  return {
    joins: pair('joins', 0.7),
    rss: pair('rss', 2),
    heap: pair('heap'),
    messages: pair('messages'),
    deliveries: pair('deliveries'),
  };
}

/** Hostile and malformed messages; throws when the server crashed, kept a socket or grew. */
export async function fuzzServer(total) {
  const { serverFuzz } = await load();
  const started = Date.now();
  const result = await serverFuzz(total);
  const { stuck, before, after } = result;
  const seconds = (Date.now() - started) / 1000;
  const grown = { heap: after.heap - before.heap, rss: after.rss - before.rss };
  if (stuck || after.rooms || after.sessions || grown.heap > 4e6 || grown.rss > 40e6)
    throw new Error(`The fuzzed server did not hold: ${JSON.stringify(result)}`);
  return { ...result, seconds, grown };
}
