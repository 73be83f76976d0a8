/**
 * `npm run test:vendors`: the conformance suite on the vendors' own SDKs, as they were shipped, with
 * a stand-in on this machine for the cloud of each.
 *
 *   node test/vendors.mjs                     both
 *   node test/vendors.mjs trtc live -t "link" one of them; files whose path, tests whose name, match
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { install } from './tools/install.mjs';
import { runNodeTests, testFiles } from './tools/node-tests.mjs';
import { root } from './tools/process.mjs';

const MINUTE = 60_000;
const VENDORS = ['trtc', 'qiniu'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { test: { type: 'string', short: 't' } },
});
const named = VENDORS.filter((name) => positionals.includes(name));
const words = positionals.filter((word) => !VENDORS.includes(word));

await install();
if (!existsSync(path.join(root, 'dist', 'rtc-elements.js'))) {
  console.error('These tests run on dist/: npm run build first.');
  process.exit(1);
}

const files = testFiles('conformance', words);
const total = { passed: 0, failed: 0, skipped: 0 };
const lines = [];
for (const vendor of files.length === 0 ? [] : named.length > 0 ? named : VENDORS) {
  console.log(`\n── conformance on ${vendor}: ${files.length} files`);
  process.env.RTC_BACKEND = vendor;
  const started = Date.now();
  const counts = await runNodeTests('conformance', files, {
    pattern: values.test,
    limit: 15 * MINUTE,
  });
  for (const key of Object.keys(total)) total[key] += counts[key];
  const { passed, failed, skipped } = counts;
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  lines.push(`${vendor}: ${passed} passed, ${failed} failed, ${skipped} skipped (${seconds} s)`);
}
if (total.passed + total.failed === 0) {
  console.error('No test ran: no file or name matches.');
  total.failed = 1;
}
console.log(`\n${lines.join('\n')}\n\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 ? 1 : 0);
