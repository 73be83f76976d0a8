/**
 * livekit-client for the script tag's chunk, built from the sources that its package ships: its
 * own bundle is one file that no tool can take anything away from, a ninth of which no call needs.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';

const MODULE = 'livekit-client';
const main = createRequire(import.meta.url).resolve(MODULE);
const source = path.join(path.dirname(main), '..', 'src', 'index.ts');
/** Beside its sources, so that the source map's paths hold. */
const bundle = path.join(path.dirname(source), 'bundle.js');

/** Its log, which the driver turns off and no page of the chunk can turn on again. */
export const SILENT = ['trace', 'debug', 'info', 'warn', 'error'].map(
  (level) => `this.log.${level}`,
);

/**
 * Its logging library: each of its fifteen logs would look for a level in the page's storage and
 * cookies, which holds the page up for 4 to 18 ms of the join.
 */
const silentLog = {
  name: 'silent-log',
  setup(build) {
    build.onResolve({ filter: /^loglevel$/ }, ({ path }) => ({ path, namespace: 'silent-log' }));
    build.onLoad({ filter: /./, namespace: 'silent-log' }, () => ({ contents: SILENT_LOG }));
  },
};
const SILENT_LOG = `const none = () => {};
export const getLogger = () => ({
  trace: none, debug: none, info: none, warn: none, error: none,
  setLevel: none, setDefaultLevel: none, getLevel: () => 5, methodFactory: () => none,
});`;

/** @param {string} driver the folder whose modules say what of it is needed */
export function livekitClient(driver) {
  return {
    name: MODULE,
    resolveId: (id) => (id === MODULE ? bundle : null),
    async load(id) {
      if (id !== bundle) return null;
      const { outputFiles } = await build({
        stdin: {
          contents: `export { ${[...imported(driver)].join(', ')} } from ${JSON.stringify(source)};`,
          resolveDir: path.dirname(source),
        },
        bundle: true,
        format: 'esm',
        target: 'es2022',
        conditions: ['production', 'browser'],
        // As its own build has it: a field without a value is no field.
        tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
        sourcemap: 'external',
        outfile: bundle,
        legalComments: 'none',
        plugins: [silentLog],
        logLevel: 'error',
        write: false,
      });
      const [map, code] = outputFiles.map(({ text }) => text);
      return { code, map };
    },
  };
}

/** The names that the modules of a folder take from it, types left out. */
function imported(folder) {
  const names = new Set();
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.ts'))) {
    const text = readFileSync(path.join(folder, name), 'utf8');
    for (const [, list] of text.matchAll(/^import \{([^}]*)\} from 'livekit-client';/gm)) {
      for (const each of list.split(',').map((word) => word.trim())) {
        if (each && !each.startsWith('type ')) names.add(each);
      }
    }
  }
  return names;
}
