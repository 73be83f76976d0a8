/**
 * `npm run test:cloud`: the conformance suite against the vendors' real clouds, each whose keys are
 * in the environment. It needs the network, and what is used there is on the account's bill.
 */
import { run } from './tools/process.mjs';
import { fileURLToPath } from 'node:url';

const MINUTE = 60_000;
const CLOUDS = {
  'trtc-cloud': ['TRTC_SDK_APP_ID', 'TRTC_SECRET_KEY'],
  'qiniu-cloud': ['QINIU_ACCESS_KEY', 'QINIU_SECRET_KEY', 'QINIU_APP_ID'],
};

let tried = 0;
let failed = 0;
for (const [backend, variables] of Object.entries(CLOUDS)) {
  const missing = variables.filter((name) => !process.env[name]);
  if (missing.length > 0) {
    console.log(`${backend}: not run. Missing in the environment: ${missing.join(', ')}.`);
    continue;
  }
  tried += 1;
  const { code } = await run(
    process.execPath,
    [fileURLToPath(new URL('./run.mjs', import.meta.url)), 'conformance'],
    { limit: 15 * MINUTE, env: { RTC_BACKEND: backend } },
  );
  if (code !== 0) failed += 1;
}
if (tried === 0) console.error('No cloud was tried: set the variables above and run this again.');
process.exit(tried === 0 || failed > 0 ? 1 : 0);
