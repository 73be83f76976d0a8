import { existsSync, readdirSync } from 'node:fs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import esbuild from 'rollup-plugin-esbuild';
import { minifyTemplateLiterals } from 'rollup-plugin-minify-template-literals';

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
const minifyTemplates = () => minifyTemplateLiterals({ include: ['src/**'] });
// package.json's sideEffects speak of dist/, not of the sources.
const resolve = (exportConditions) =>
  nodeResolve({ exportConditions, ignoreSideEffectsForRoot: true });
const minify = (module) =>
  terser({
    ecma: 2022,
    // Of a classic script the top level is the page's: its one name stays.
    module,
    compress: { passes: 2, unsafe_arrows: true },
    mangle: { properties: false },
    format: { comments: false },
  });

/** Any warning is a mistake: a name that is not exported, a module that is not found, a cycle. */
function onwarn(warning) {
  // A module that only imports others, as define.ts.
  if (warning.code === 'EMPTY_BUNDLE') return;
  throw Object.assign(new Error(warning.message), warning);
}

const bundle = (output) => ({
  input: 'src/bundle.ts',
  onwarn,
  plugins: [
    minifyTemplates(),
    resolve(['production', 'browser']),
    typescript(),
    minify(output.format === 'es'),
  ],
  output: {
    sourcemap: true,
    inlineDynamicImports: true,
    freeze: false,
    generatedCode: { preset: 'es2015', symbols: false },
    ...output,
  },
});

export default [
  bundle({ file: 'dist/rtc-elements.js', format: 'es' }),
  bundle({ file: 'dist/rtc-elements.iife.js', format: 'iife', name: 'RtcElements' }),
  {
    input: entries,
    onwarn,
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    plugins: [minifyTemplates(), resolve([]), typescript()],
    output: {
      dir: 'dist',
      format: 'es',
      sourcemap: true,
      preserveModules: true,
      preserveModulesRoot: 'src',
    },
  },
];
