/** `npm run size`: what a page loads, after gzip -9, against the budget. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { root } from './process.mjs';

const dist = path.join(root, 'dist');
const gzipped = (contents) => gzipSync(contents, { level: 9 }).length;

/**
 * The bytes of each budgeted thing. `limit` fails the build; it goes down towards `goal`, and up only for what an issue adds.
 * @returns {Promise<{ name: string, bytes: number, goal?: number, limit?: number }[]>}
 */
export async function measure() {
  const define = await throughBundler();
  return [
    {
      name: 'dist/rtc-elements.js, embedded driver inside',
      bytes: file('rtc-elements.js'),
      goal: 26_000,
      limit: 34_590,
    },
    { name: 'dist/rtc-elements.iife.js', bytes: file('rtc-elements.iife.js'), limit: 34_790 },
    { name: 'beside it, for pages with a link', bytes: file('rtc-elements-link.js') },
    {
      name: 'a LiveKit call: rtc-elements.js and rtc-elements-livekit.js',
      bytes: file('rtc-elements.js') + file('rtc-elements-livekit.js'),
      limit: 165_330,
    },
    {
      name: 'an idle page: ./define through a bundler',
      bytes: define.idle,
      limit: 15_690,
    },
    { name: 'and in an embedded call, core and driver too', bytes: define.call },
  ];
}

const file = (name) => gzipped(readFileSync(path.join(dist, name)));

/** What an embedded call loads by `import()`. */
const IN_A_CALL = ['elements/shared/commands', 'elements/engine', 'drivers/embedded/index'];

/** What a page author's bundler makes of `import 'rtc-elements/define'`: before a call, and in one. */
async function throughBundler() {
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: [path.join(dist, 'define.js')],
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['production', 'browser'],
    outdir: path.join(root, 'out'),
    write: false,
    metafile: true,
    // Optional peers: who has an embedded call has not installed them.
    external: ['livekit-client', 'trtc-js-sdk', 'qnweb-rtc'],
    absWorkingDir: root,
    legalComments: 'none',
  });
  const sizes = new Map(
    outputFiles.map((each) => [
      path.relative(root, each.path).replaceAll('\\', '/'),
      gzipped(each.contents),
    ]),
  );
  const { outputs } = metafile;
  const load = (name, loaded) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const each of outputs[name].imports)
      if (each.kind === 'import-statement') load(each.path, loaded);
  };
  const sum = (loaded) => [...loaded].reduce((total, name) => total + sizes.get(name), 0);
  const idle = new Set();
  load('out/define.js', idle);
  const call = new Set(idle);
  for (const part of IN_A_CALL) {
    const name = Object.keys(outputs).find(
      (each) => outputs[each].entryPoint === `dist/${part}.js`,
    );
    // Else pages that never join load it.
    if (!name) throw new Error(`${part}.js is no chunk of its own.`);
    load(name, call);
  }
  return { idle: sum(idle), call: sum(call) };
}

async function main() {
  if (!existsSync(path.join(dist, 'define.js'))) {
    console.error('There is no dist/: npm run build first.');
    return 1;
  }
  const rows = await measure();
  for (const { name, bytes, goal = 0, limit } of rows) {
    const verdict =
      limit === undefined
        ? ''
        : bytes <= limit
          ? `of ${limit}${bytes > goal && goal ? `, goal ${goal} missed by ${bytes - goal}` : ''}`
          : `of ${limit}: TOO LARGE by ${bytes - limit}`;
    console.log(`${String(bytes).padStart(7)} B gzip  ${name.padEnd(48)} ${verdict}`.trimEnd());
  }
  return rows.every(({ bytes, limit = Infinity }) => bytes <= limit) ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main());
