/** Runs test files written for node:test, in TypeScript, and counts what they did. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { root, run } from './process.mjs';

/** A file keeps its own address in the bundle, so that it finds what lies beside it. */
const ownAddress = {
  name: 'own-address',
  setup(build) {
    build.onLoad({ filter: /\.(ts|mjs)$/ }, async ({ path: file }) => {
      if (file.includes('node_modules')) return null;
      const text = await readFile(file, 'utf8');
      return {
        contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file).href)),
        loader: file.endsWith('.ts') ? 'ts' : 'js',
      };
    });
  },
};

/** esbuild's options for TypeScript that runs in Node. */
export const forNode = {
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
  plugins: [ownAddress],
  tsconfig: path.join(root, 'tsconfig.json'),
};

/**
 * @param {string} suite the name of a folder in test/
 * @param {string[]} words only files whose path below the project has one of them in it; all without
 */
export function testFiles(suite, words = []) {
  const folder = path.join(root, 'test', suite);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => path.join(folder, name))
    .filter(
      (file) =>
        words.length === 0 || words.some((word) => path.relative(root, file).includes(word)),
    );
}

/**
 * @param {string} suite the name of a folder in test/
 * @param {string[]} files its test files
 * @param {{ pattern?: string, limit: number, together?: number, alone?: RegExp }} options
 *   `pattern`: only tests whose name matches; `together`: so many files at a time, but for those
 *   whose name matches `alone`
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
export async function runNodeTests(suite, files, { pattern, limit, together = 1, alone = /^$/ }) {
  const { build } = await import('esbuild');
  const out = path.join(root, 'node_modules', '.cache', 'rtc-elements', suite);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await build({
    entryPoints: files,
    outdir: out,
    outbase: path.join(root, 'test', suite),
    outExtension: { '.js': '.mjs' },
    sourcemap: 'inline',
    ...forNode,
  });
  const total = { passed: 0, failed: 0, skipped: 0 };
  const isAlone = (file) => alone.test(path.basename(file));
  for (const [part, concurrency] of [
    [files.filter((file) => !isAlone(file)), Math.min(together, availableParallelism())],
    [files.filter(isAlone), 1],
  ]) {
    if (part.length === 0) continue;
    const built = part.map((file) =>
      path.join(out, path.relative(path.join(root, 'test', suite), file)).replace(/\.ts$/, '.mjs'),
    );
    const counts = await runBuilt(built, { out, pattern, limit, concurrency });
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
  return total;
}

async function runBuilt(files, { out, pattern, limit, concurrency }) {
  const counts = path.join(out, 'counts.json');
  rmSync(counts, { force: true });
  const { code } = await run(
    process.execPath,
    [
      '--enable-source-maps',
      '--test',
      `--test-concurrency=${concurrency}`,
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${pathToFileURL(fileURLToPath(new URL('./node-counter.mjs', import.meta.url))).href}`,
      `--test-reporter-destination=${counts}`,
      ...(pattern ? [`--test-name-pattern=${pattern}`] : []),
      ...files,
    ],
    { limit },
  );
  const total = readCounts(counts);
  if (code !== 0 && total.failed === 0) total.failed = 1;
  return total;
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Ended before its end.
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
