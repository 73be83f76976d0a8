/** `npm run lint`: eslint, lit-analyzer and prettier; all of them run, whatever the others say. */
import { tool } from './process.mjs';

// The elements register in modules of their own, and their wishes are read by a converter of ours.
const LIT_RULES = [
  '--strict',
  '--rules.no-unknown-tag-name',
  'off',
  '--rules.no-missing-import',
  'off',
  '--rules.no-property-visibility-mismatch',
  'off',
  '--rules.no-incompatible-property-type',
  'off',
  // Its CSS is older than container queries.
  '--rules.no-invalid-css',
  'off',
];

const checks = {
  eslint: () => tool('eslint/bin/eslint.js', ['--max-warnings', '0', '.']),
  'lit-analyzer': () =>
    tool('lit-analyzer/cli.js', [
      'src/elements/**/*.ts',
      '--maxWarnings',
      '0',
      '--noColor',
      ...LIT_RULES,
    ]),
  prettier: () => tool('prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']),
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  const { code } = await check();
  console.log(`${name}: ${code === 0 ? 'clean' : 'failed'}`);
  if (code !== 0) failed += 1;
}
process.exit(failed > 0 ? 1 : 0);
