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
      limit: 34_330,
    },
    { name: 'dist/rtc-elements.iife.js', bytes: file('rtc-elements.iife.js'), limit: 34_505 },
    { name: 'beside it, for pages with a link', bytes: file('rtc-elements-link.js') },
    {
      name: 'a LiveKit call: rtc-elements.js and rtc-elements-livekit.js',
      bytes: file('rtc-elements.js') + file('rtc-elements-livekit.js'),
      limit: 165_090,
    },
    {
      name: 'an idle page: ./define through a bundler',
      bytes: define.idle,
      limit: 15_600,
    },
    { name: 'loaded when a room joins: the embedded driver', bytes: define.lazy },
  ];
}

const file = (name) => gzipped(readFileSync(path.join(dist, name)));

/** What a page author's bundler makes of `import 'rtc-elements/define'`: the static part, and the rest. */
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
  const idle = new Set();
  const visit = (name) => {
    if (idle.has(name)) return;
    idle.add(name);
    for (const each of metafile.outputs[name].imports)
      if (each.kind === 'import-statement') visit(each.path);
  };
  visit('out/define.js');
  const sum = (names) => names.reduce((total, name) => total + (sizes.get(name) ?? 0), 0);
  return {
    idle: sum([...idle]),
    lazy: sum([...sizes.keys()].filter((name) => !idle.has(name))),
  };
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
  // Without its chunk the driver would be loaded by pages that never join.
  const lazy = rows.at(-1).bytes > 0;
  if (!lazy) console.error('The embedded driver is not a chunk of its own.');
  return lazy && rows.every(({ bytes, limit = Infinity }) => bytes <= limit) ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main());
