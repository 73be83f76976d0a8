/** `npm run build`: dist/ with its declarations, custom-elements.json, and the size gate. */
import { chmodSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root, run, tool } from './process.mjs';

const dist = path.join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
// Together: on two cores the build takes as long as its longest part.
const parts = await Promise.all([
  tool('rollup/dist/bin/rollup', ['-c', '--silent']),
  tool('@typescript/native/bin/tsc', ['-p', 'src', '--pretty', 'false']),
  tool('@custom-elements-manifest/analyzer/cem.js', [
    'analyze',
    '--quiet',
    '--config',
    'custom-elements-manifest.config.mjs',
  ]),
]);
if (parts.some(({ code }) => code !== 0)) {
  console.error('The build failed; what is wrong stands above.');
  process.exit(1);
}
chmodSync(path.join(dist, 'server', 'cli.js'), 0o755);
const size = await run(process.execPath, ['test/tools/size.mjs']);
process.exit(size.code);
