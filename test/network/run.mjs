/**
 * `npm run test:network`: two browsers in network namespaces of their own. Needs root on Linux, and
 * ip, tc, ss, nft, turnserver and a Chromium; elsewhere it is skipped, and says why.
 *
 *   node test/network/run.mjs routes           only files whose path has `routes` in it
 *   node test/network/run.mjs -t "half open"   only tests whose name matches
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { findBrowser } from '../tools/browser.mjs';
import { runNodeTests } from '../tools/node-tests.mjs';
import { root } from '../tools/process.mjs';

const MINUTE = 60_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { test: { type: 'string', short: 't' } },
});

const reason = await whyNot();
if (reason) {
  console.log(`skipped: ${reason}\n\n0 passed, 0 failed`);
  process.exit(0);
}
const folder = path.join(root, 'test', 'network');
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts') && positionals.every((word) => name.includes(word)))
  .map((name) => path.join(folder, name));
const prefix = `rtcnet${process.pid}`;
process.env.RTC_NETWORK_PREFIX = prefix;
process.on('exit', removeLeftovers);
const { passed, failed, skipped } = await runNodeTests('network', files, {
  pattern: values.test,
  limit: 14 * MINUTE,
});
console.log(`\nnetwork  ${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed || !passed ? 1 : 0);

async function whyNot() {
  if (process.platform !== 'linux') return 'the network tests need Linux.';
  if (process.getuid() !== 0) return 'the network tests need root, for network namespaces.';
  for (const [program, name] of [
    ['ip', 'iproute2'],
    ['tc', 'iproute2'],
    ['ss', 'iproute2'],
    ['nft', 'nftables'],
    ['turnserver', 'coturn'],
  ]) {
    if (!onPath(program)) return `${program} is not there: apt-get install ${name}`;
  }
  if (!existsSync(path.join(root, 'dist', 'rtc-elements.js')))
    return 'there is no dist/: npm run build first.';
  try {
    await findBrowser();
    execFileSync('ip', ['netns', 'add', `rtcnet${process.pid}-try`], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', `rtcnet${process.pid}-try`], { stdio: 'pipe' });
  } catch (error) {
    return `${error.stderr?.toString().trim() || error.message}`;
  }
  return undefined;
}

function onPath(program) {
  return (process.env.PATH ?? '')
    .split(':')
    .some((folder) => existsSync(path.join(folder, program)));
}

/** A test ends its own networks; this is for a run that was ended before its end. */
function removeLeftovers() {
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split(' ')[0])
    .filter((name) => name.startsWith(`${prefix}-`));
  for (const name of names) {
    const pids = execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).split(/\s+/);
    for (const pid of pids.filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
    execFileSync('ip', ['netns', 'del', name]);
  }
}
