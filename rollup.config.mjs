import { existsSync, readdirSync } from 'node:fs';
import { resolve as path } from 'node:path';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import esbuild, { minify as rename } from 'rollup-plugin-esbuild';
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
/** Fields without a value, also those of constructor(readonly …): for the types only. As long as before, so that the map fits. */
const bareFields = {
  name: 'bare-fields',
  transform(code, id) {
    if (!id.endsWith('.ts')) return null;
    let out = code;
    const visit = (node) => {
      const { type, key, value, start, end } = node;
      if (type === 'PropertyDefinition' && key.type === 'Identifier' && !value) {
        out = out.slice(0, start) + ' '.repeat(end - start) + out.slice(end);
      }
      for (const each of Object.values(node).flat()) if (each?.type) visit(each);
    };
    visit(this.parse(code));
    return { code: out, map: null };
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
      passes: 2,
      unsafe_arrows: true,
      pure_funcs: pure,
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

/** One keyword less: the types have held what is constant. As long as before, so that the map fits. */
const letForConst = {
  name: 'let-for-const',
  renderChunk(code) {
    const places = [];
    const visit = (node) => {
      if (node.type === 'VariableDeclaration' && node.kind === 'const') places.push(node.start);
      for (const each of Object.values(node).flat()) if (each?.type) visit(each);
    };
    visit(this.parse(code));
    let from = 0;
    const parts = places
      .sort((a, b) => a - b)
      .map((at) => {
        const part = `${code.slice(from, at)}let  `;
        from = at + 'const'.length;
        return part;
      });
    return { code: parts.join('') + code.slice(from), map: null };
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
    // Private names anew in every class: terser's are one of a kind each, and compress worse.
    rename({ target: 'es2022', minifyWhitespace: false }),
    letForConst,
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
