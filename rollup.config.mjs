import { existsSync, readdirSync } from 'node:fs';
import { resolve as path } from 'node:path';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import esbuild from 'rollup-plugin-esbuild';
import { minifyTemplateLiterals } from 'rollup-plugin-minify-template-literals';
import { licenses } from './test/tools/licenses.mjs';
import { livekitClient, SILENT } from './test/tools/livekit-client.mjs';

const folders = (parent) =>
  readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

/** What the exports map names; the modules they share are written beside them. */
const entries = [
  'src/index.ts',
  'src/define.ts',
  ...folders('src/elements')
    .filter((name) => name.startsWith('rtc-'))
    .map((tag) => `src/elements/${tag}/define.ts`),
  ...folders('src/drivers').map((name) => `src/drivers/${name}/index.ts`),
  'src/server/index.ts',
  'src/server/cli.ts',
].filter((file) => existsSync(file));

const typescript = () => esbuild({ target: 'es2022', tsconfig: 'src/tsconfig.json' });
/**
 * Writes another text in the place of some nodes, each no longer than before and padded: so the map fits.
 * @param change what is to be changed of a node, by `put(start, end, text)`; returns what its children are given
 */
function rewrite(code, ast, change) {
  const places = [];
  const visit = (node, given) => {
    const next = change(node, (...place) => places.push(place), given);
    for (const each of Object.values(node).flat()) if (each?.type) visit(each, next);
  };
  visit(ast, new Map());
  let from = 0;
  const parts = places
    .sort(([a], [b]) => a - b)
    .map(([start, end, text]) => {
      const part = code.slice(from, start) + text.padEnd(end - start);
      from = end;
      return part;
    });
  return { code: parts.join('') + code.slice(from), map: null };
}

/** Fields without a value, also those of `constructor(readonly …)`: they are for the types only. */
const bareFields = {
  name: 'bare-fields',
  transform(code, id) {
    if (!id.endsWith('.ts')) return null;
    return rewrite(code, this.parse(code), ({ type, key, computed, value, start, end }, put) => {
      if (type === 'PropertyDefinition' && key.type === 'Identifier' && !computed && !value)
        put(start, end, '');
    });
  },
};
const minifyTemplates = () => minifyTemplateLiterals({ include: ['src/**'] });
// package.json's sideEffects speak of dist/, not of the sources.
const resolve = (exportConditions) =>
  nodeResolve({ exportConditions, ignoreSideEffectsForRoot: true });
const minify = (module, pure) =>
  terser({
    ecma: 2022,
    // Of a classic script the top level is the page's: its one name stays.
    module,
    compress: {
      passes: 3,
      unsafe_arrows: true,
      // Of what is written here nothing is read for what reading it does; a vendor's SDK has `pure`.
      pure_getters: !pure,
      pure_funcs: pure,
      // Else one that is used once stands where that is, not where the order of bundle.ts wants it.
      top_retain: ({ name }) => /^[A-Z]\w*[a-z]/.test(name),
      // Shorter with them, but less alike: larger once compressed.
      lhs_constants: false,
      sequences: false,
    },
    mangle: { properties: false },
    format: { comments: /licenses\.txt/ },
  });

/** Any warning is a mistake: a name that is not exported, a module that is not found, a cycle. */
function onwarn(warning) {
  // A module that only imports others, as define.ts.
  if (warning.code === 'EMPTY_BUNDLE') return;
  throw Object.assign(new Error(warning.message), warning);
}

/** The drivers that a script tag's page loads when it joins: a file each beside the bundle, as that of links. */
const lazyDrivers = folders('src/drivers').filter((name) =>
  ['livekit', 'trtc', 'qiniu'].includes(name),
);
const besideBundle = {
  name: 'beside-bundle',
  resolveId(source, importer = '') {
    const link = /rtc-cross-room-link\/loader\.ts$/.test(importer) && 'link';
    const driver = source === './index.js' && /drivers\/(\w+)\/loader\.ts$/.exec(importer)?.[1];
    const name = link || driver;
    if (!link && !lazyDrivers.includes(name)) return null;
    return { id: path(`src/rtc-elements-${name}.js`), external: 'relative' };
  },
};
/** Licensed for use, not for copies: the page brings them (`sdk-url`, a global, an import map). */
const vendorSdks = ['trtc-js-sdk', 'qnweb-rtc'];

/** Of Lit only what the elements use. */
const leanLit = {
  name: 'lean-lit',
  resolveId: (source) => (/^lit(\/|$)/.test(source) ? path('src/lean-lit.ts') : null),
};

const LETTERS = 'etsirnaohldcupmfgwvybkxSIMRjC$TPEODANLUqz_JBVFHWGYKZQX';

/**
 * Private names anew in every class: terser's are one of a kind each, and compress worse. And `let`
 * for `const`, one keyword less: the types have held what is constant.
 */
const shortNames = {
  name: 'short-names',
  renderChunk(code) {
    return rewrite(code, this.parse(code), (node, put, names) => {
      if (node.type === 'VariableDeclaration' && node.kind === 'const') {
        put(node.start, node.start + 'const'.length, 'let');
      } else if (node.type === 'PrivateIdentifier') {
        put(node.start, node.end, `#${names.get(node.name)}`);
      } else if (node.type === 'ClassBody') {
        // Of the classes around it, too: their names can be used here.
        const all = new Map(names);
        all.count = names.count ?? 0;
        for (const { key } of node.body) {
          // A getter and its setter have one name.
          if (key?.type !== 'PrivateIdentifier' || all.get(key.name) !== names.get(key.name))
            continue;
          const round = Math.floor(all.count / LETTERS.length);
          all.set(key.name, LETTERS[all.count++ % LETTERS.length] + (round || ''));
        }
        return all;
      }
      return names;
    });
  },
};

const bundle = (input, output, pure) => ({
  input,
  onwarn,
  external: vendorSdks,
  plugins: [
    besideBundle,
    leanLit,
    livekitClient('src/drivers/livekit'),
    minifyTemplates(),
    resolve(['production', 'browser']),
    typescript(),
    bareFields,
    shortNames,
    minify(output.format === 'es', pure),
    output.format === 'es' && licenses(),
  ],
  output: {
    sourcemap: true,
    inlineDynamicImports: true,
    freeze: false,
    generatedCode: { preset: 'es2015', symbols: false },
    ...output,
  },
});

/**
 * livekit-client is an optional peer. A bundler must resolve every static import, also of a driver
 * that the page never loads; a dynamic one that is caught may fail. So the package's loader takes
 * the driver as a function of its SDK.
 */
const ON_DEMAND = `export async function load() {
  let livekitClient;
  try {
    livekitClient = await import('livekit-client');
  } catch (cause) {
    const message = 'provider="livekit" needs the package livekit-client: npm install livekit-client.';
    throw Object.assign(new Error(message, { cause }), {
      name: 'RtcError', code: 'sdk-missing', fatal: false, provider: 'livekit', incomplete: false,
    });
  }`;
const onDemand = {
  name: 'on-demand',
  resolveId: (source, importer = '') =>
    source === './index.js' && /drivers\/livekit\/loader\.ts$/.test(importer)
      ? { id: path('src/drivers/livekit/on-demand.js'), external: 'relative' }
      : null,
};

export default [
  bundle('src/bundle.ts', { file: 'dist/rtc-elements.js', format: 'es' }),
  bundle('src/bundle.ts', {
    file: 'dist/rtc-elements.iife.js',
    format: 'iife',
    name: 'RtcElements',
  }),
  bundle('src/core/room-link.ts', { file: 'dist/rtc-elements-link.js', format: 'es' }),
  ...lazyDrivers.map((name) =>
    bundle(
      `src/drivers/${name}/index.ts`,
      {
        file: `dist/rtc-elements-${name}.js`,
        format: 'es',
        banner: name === 'livekit' ? '/*! Licences: rtc-elements-livekit.licenses.txt */' : '',
      },
      name === 'livekit' ? SILENT : null,
    ),
  ),
  {
    input: entries,
    onwarn,
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    plugins: [onDemand, minifyTemplates(), resolve([]), typescript(), bareFields],
    output: {
      dir: 'dist',
      format: 'es',
      sourcemap: true,
      preserveModules: true,
      preserveModulesRoot: 'src',
    },
  },
  {
    input: 'src/drivers/livekit/index.ts',
    onwarn,
    external: ['livekit-client'],
    plugins: [resolve([]), typescript(), bareFields],
    output: {
      file: 'dist/drivers/livekit/on-demand.js',
      format: 'iife',
      name: 'driver',
      globals: { 'livekit-client': 'livekitClient' },
      inlineDynamicImports: true,
      banner: ON_DEMAND,
      footer: 'return driver.livekit;\n}',
      sourcemap: true,
    },
  },
];
