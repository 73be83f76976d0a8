/**
 * `npm test`: everything, from a fresh clone.
 *
 *   node test/run.mjs                        install, build, then every suite
 *   node test/run.mjs unit e2e               these suites, on the build that is there
 *   node test/run.mjs e2e cross-room         only files whose path has `cross-room` in it, or another of the words
 *   node test/run.mjs e2e -t "leaves again"  only tests whose name matches
 *   node test/run.mjs --browser firefox unit e2e firefox
 *                                            in Firefox; `mixed`: every second page of e2e is Firefox
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { install } from './tools/install.mjs';
import { runNodeTests, testFiles } from './tools/node-tests.mjs';
import { npm, root, tool } from './tools/process.mjs';

const MINUTE = 60_000;
/** Files at a time: most tests wait most of the time. */
const TOGETHER = 2;

const suites = {
  server: (files, pattern) => runNodeTests('server', files, { pattern, limit: 3 * MINUTE }),
  unit: runInBrowser,
  e2e: (files, pattern) =>
    runNodeTests('e2e', files, {
      pattern,
      limit: 15 * MINUTE,
      together: TOGETHER,
      // They have many pages, or measure.
      alone: /^(background|drops|leaks|link-drops|live|many)\./,
    }),
  firefox: (files, pattern) => runNodeTests('firefox', files, { pattern, limit: 15 * MINUTE }),
  conformance: (files, pattern) =>
    runNodeTests('conformance', files, { pattern, limit: 15 * MINUTE, together: TOGETHER }),
};
/** Run when named only. */
const OTHERS = ['firefox'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { test: { type: 'string', short: 't' }, browser: { type: 'string' } },
});
if (values.browser) process.env.RTC_BROWSER = values.browser;
const named = positionals.filter((word) => word in suites);
const filters = positionals.filter((word) => !(word in suites));
const whole = named.length === 0 && filters.length === 0 && !values.test;

await install();
if (whole) {
  console.log('Building …');
  const { code } = await npm(['run', '--silent', 'build']);
  if (code !== 0) {
    console.log('The build failed.\n\n0 passed, 1 failed');
    process.exit(1);
  }
} else if (
  named.some((suite) => suite !== 'server' && suite !== 'unit') &&
  !existsSync(path.join(root, 'dist', 'rtc-elements.js'))
) {
  console.error('The end-to-end tests run on dist/: npm run build first.');
  process.exit(1);
}

const { findBrowser } = await import('./tools/browser.mjs');
const { executablePath } = await findBrowser();
console.log(`Browser: ${executablePath}`);
const firefox =
  /^(firefox|mixed)$/.test(process.env.RTC_BROWSER ?? '') || named.includes('firefox');
if (firefox) {
  const { findFirefox, NO_FIREFOX } = await import('./tools/firefox.mjs');
  const found = findFirefox();
  if (!found) {
    console.log(`Skipped: ${NO_FIREFOX}.\n\n0 passed, 0 failed`);
    process.exit(0);
  }
  console.log(`Firefox: ${found}`);
}

const total = { passed: 0, failed: 0, skipped: 0 };
const lines = [];
const standard = Object.keys(suites).filter((suite) => !OTHERS.includes(suite));
for (const suite of named.length > 0 ? named : standard) {
  const files = testFiles(suite, filters);
  if (files.length === 0) {
    // A suite without a file proves nothing, unless it was narrowed down.
    if (filters.length === 0) total.failed += 1;
    lines.push(`${suite.padEnd(8)} no test files`);
    continue;
  }
  console.log(`\n── ${suite}: ${files.length} files`);
  const started = Date.now();
  const counts = await suites[suite](files, values.test);
  for (const key of Object.keys(total)) total[key] += counts[key];
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  lines.push(
    `${suite.padEnd(8)} ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped (${seconds} s)`,
  );
}
if (total.passed + total.failed === 0) {
  console.error('No test ran: no file or name matches.');
  total.failed = 1;
}
console.log(`\n${lines.join('\n')}\n\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 ? 1 : 0);

async function runInBrowser(files, pattern) {
  const relative = files.map((file) => path.relative(root, file).replaceAll('\\', '/'));
  const { code, output } = await tool('@web/test-runner/dist/bin.js', ['--files', ...relative], {
    limit: 5 * MINUTE,
    env: pattern ? { RTC_TEST_NAME: pattern } : {},
  });
  const counts = /unit: (\d+) passed, (\d+) failed, (\d+) skipped/.exec(output);
  const [passed, failed, skipped] = (counts?.slice(1) ?? [0, 1, 0]).map(Number);
  // Tests that do not match the pattern make the runner's own code another than 0.
  const broken = code !== 0 && failed === 0 && !(pattern && counts);
  return { passed, failed: broken ? 1 : failed, skipped };
}
