/**
 * `npm run test:livekit`: the conformance suite on a real LiveKit server, and two nodes on one Redis.
 *
 *   node test/livekit/run.mjs                 both
 *   node test/livekit/run.mjs nodes -t name   only files whose path, and tests whose name, match
 *
 * The server is built once, outside the checkout, when LIVEKIT_SERVER (a binary), LIVEKIT_URL (a
 * running server, with LIVEKIT_API_KEY and LIVEKIT_API_SECRET) and the cache name none.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { install } from '../tools/install.mjs';
import { runNodeTests, testFiles } from '../tools/node-tests.mjs';
import { root } from '../tools/process.mjs';
import { findServer } from './install.mjs';

const MINUTE = 60_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { test: { type: 'string', short: 't' } },
});

await install();
if (!process.env.LIVEKIT_URL) {
  const found = await findServer({ build: true });
  if ('missing' in found) {
    console.log(`LiveKit tests skipped: ${found.missing}\n\n0 passed, 0 failed, all skipped`);
    process.exit(0);
  }
  console.log(`LiveKit: ${found.binary}`);
}
if (!existsSync(path.join(root, 'dist', 'rtc-elements-livekit.js'))) {
  console.error('These tests run on dist/: npm run build first.');
  process.exit(1);
}

process.env.RTC_BACKEND = 'livekit';
const total = { passed: 0, failed: 0, skipped: 0 };
for (const [suite, minutes] of [
  ['conformance', 15],
  ['livekit', 9],
]) {
  const files = testFiles(suite, positionals);
  if (files.length === 0) continue;
  console.log(`\n── ${suite} on LiveKit: ${files.length} files`);
  const counts = await runNodeTests(suite, files, {
    pattern: values.test,
    limit: minutes * MINUTE,
  });
  for (const key of Object.keys(total)) total[key] += counts[key];
}
if (total.passed + total.failed + total.skipped === 0) {
  console.error('No test ran: no file or name matches.');
  total.failed = 1;
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);
