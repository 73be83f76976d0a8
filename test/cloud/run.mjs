/**
 * `npm run test:cloud`: the conformance suite against the vendors' real clouds, each whose keys are
 * in the environment. It needs the network, and what is used there is on the account's bill.
 */
import { fileURLToPath } from 'node:url';
import { install } from '../tools/install.mjs';
import { run } from '../tools/process.mjs';

const MINUTE = 60_000;
const CLOUDS = {
  'trtc-cloud': ['TRTC_SDK_APP_ID', 'TRTC_SECRET_KEY'],
  'qiniu-cloud': ['QINIU_ACCESS_KEY', 'QINIU_SECRET_KEY', 'QINIU_APP_ID'],
};
const fileOf = (name) => fileURLToPath(new URL(name, import.meta.url));

await install();
const { runNodeTests } = await import('../tools/node-tests.mjs');
const outcomes = {};
let tried = 0;
let failed = 0;
for (const [backend, variables] of Object.entries(CLOUDS)) {
  const missing = variables.filter((name) => !process.env[name]);
  if (missing.length > 0) {
    outcomes[backend] = `not run. Missing in the environment: ${missing.join(', ')}.`;
    continue;
  }
  tried += 1;
  process.env.RTC_BACKEND = backend;
  console.log(`\n── ${backend}: does it let a user in?`);
  const entered = await runNodeTests('cloud', [fileOf('./enter.test.ts')], { limit: 3 * MINUTE });
  if (entered.failed > 0) {
    failed += 1;
    outcomes[backend] = 'failed: it did not let a user in; why stands above.';
    continue;
  }
  const suite = [fileOf('../run.mjs'), 'conformance'];
  const { code } = await run(process.execPath, suite, { limit: 30 * MINUTE });
  if (code !== 0) failed += 1;
  outcomes[backend] = code === 0 ? 'passed.' : 'failed; what failed stands above.';
}
console.log();
for (const [backend, outcome] of Object.entries(outcomes)) console.log(`${backend}: ${outcome}`);
if (tried === 0)
  console.error('No cloud was tried: set the variables of one, or of both, and run this again.');
process.exit(tried === 0 || failed > 0 ? 1 : 0);
