/** `npm run test:cloud` where there is nothing to run it with: what it says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const NAMES = /^(TRTC|QINIU)_/;

function runWith(more: NodeJS.ProcessEnv): { status: number | null; output: string } {
  const env = Object.entries(process.env).filter(([name]) => !NAMES.test(name));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [fileURLToPath(new URL('../cloud/run.mjs', import.meta.url))],
    { env: { ...Object.fromEntries(env), ...more }, encoding: 'utf8' },
  );
  return { status, output: stdout + stderr };
}

test('test:cloud names every variable that is missing, and fails', () => {
  const { status, output } = runWith({});
  assert.equal(status, 1);
  assert.match(output, /trtc-cloud: not run\..* TRTC_SDK_APP_ID, TRTC_SECRET_KEY\./);
  assert.match(
    output,
    /qiniu-cloud: not run\..* QINIU_ACCESS_KEY, QINIU_SECRET_KEY, QINIU_APP_ID\./,
  );
});

test('test:cloud with half of a cloud’s variables asks for the other, and shows no key', () => {
  const { status, output } = runWith({ TRTC_SECRET_KEY: 'canary', QINIU_SECRET_KEY: 'canary' });
  assert.equal(status, 1);
  assert.match(output, /trtc-cloud: not run\..*environment: TRTC_SDK_APP_ID\./);
  assert.match(output, /qiniu-cloud: not run\..*environment: QINIU_ACCESS_KEY, QINIU_APP_ID\./);
  assert.doesNotMatch(output, /canary/);
});
