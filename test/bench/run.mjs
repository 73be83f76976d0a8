/**
 * `npm run bench`: prints a table, and writes node_modules/.cache/rtc-elements/bench.json.
 *
 *   npm run bench -- --rounds 20          medians of 20 (10 at least; 12 unless named)
 *   npm run bench -- --only tiles         first-frame, recovery, livekit, tiles, sizes, server
 *                                       or fuzz
 *   npm run bench -- --only leaks         1,000 joins and leaves on one page; only when named
 *   npm run bench -- --only background    6 minutes in a hidden tab; only when named
 *   npm run bench -- --write              also into test/bench/results.json, which the README quotes
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { findBrowser } from '../tools/browser.mjs';
import { runNodeTests } from '../tools/node-tests.mjs';
import { root } from '../tools/process.mjs';
import { measure } from '../tools/size.mjs';
import { firstFrame } from './first-frame.mjs';
import { livekitFirstFrame } from './livekit.mjs';
import { recovery } from './recovery.mjs';
import { fuzzServer, server } from './server.mjs';
import { tiles } from './tiles.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '12' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 10) {
  console.error(`--rounds ${values.rounds}: give a whole number of 10 or more.`);
  process.exit(2);
}
/** A difference this small needs more; and what takes a tenth of a second does. */
const LIVEKIT_ROUNDS = 20;
const TILE_ROUNDS = 40;
/** Long forms of end-to-end tests. */
const LONG = ['leaks', 'background'];
const parts = ['first-frame', 'recovery', 'livekit', 'tiles', 'sizes', 'server', 'fuzz', ...LONG];
const FUZZ = 1_000_000;
if (values.only !== undefined && !parts.includes(values.only)) {
  console.error(`--only ${values.only}: give one of ${parts.join(', ')}.`);
  process.exit(2);
}
if (values.write && values.only) {
  console.error('--write keeps whole results: leave --only away.');
  process.exit(2);
}
if (!existsSync(path.join(root, 'dist', 'rtc-elements.js'))) {
  console.error('There is no dist/: npm run build first.');
  process.exit(1);
}
if (LONG.includes(values.only)) {
  process.env.RTC_LONG = '1';
  const file = path.join(root, 'test', 'e2e', `${values.only}.test.ts`);
  const { failed } = await runNodeTests('e2e', [file], { limit: 20 * 60_000 });
  process.exit(failed > 0 ? 1 : 0);
}
const wanted = (part) => values.only === undefined || values.only === part;

const { executablePath, args } = await findBrowser();
const launch = () => chromium.launch({ executablePath, args, headless: true });
const browser = await launch();
const results = {
  date: new Date().toISOString(),
  machine: `${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? os.arch()}, ${os.type()} ${os.release()}`,
  node: process.version,
  chromium: browser.version(),
  rounds,
};
try {
  if (wanted('first-frame')) {
    results.firstFrame = [];
    for (const [delay, target] of [
      [0, 1],
      [40, 0.85],
    ]) {
      console.log(`First remote frame, ${delay} ms each way …`);
      results.firstFrame.push({ delay, target, ...(await firstFrame(browser, { rounds, delay })) });
    }
  }
  if (wanted('livekit')) {
    console.log('First remote frame on LiveKit …');
    const measured = await livekitFirstFrame(browser, {
      rounds: Math.max(rounds, LIVEKIT_ROUNDS),
    });
    if ('missing' in measured) console.log(`Left out: ${measured.missing}`);
    else results.livekit = { target: 1.05, bytesTarget: 175_000, ...measured };
  }
} finally {
  await browser.close();
}
if (wanted('tiles')) {
  console.log('Tiles …');
  // Not the browser of a hundred calls: it is slower, and with elements more so.
  const fresh = await launch();
  try {
    const measured = await tiles(fresh, { rounds: Math.max(rounds, TILE_ROUNDS) });
    results.tiles = { target: 1.5, ...measured };
  } finally {
    await fresh.close();
  }
}
if (wanted('recovery')) {
  console.log('A call of two, and what drops do to it …');
  results.recovery = await recovery();
}
if (wanted('sizes')) results.sizes = await measure();
if (wanted('server')) {
  console.log('The room server and a bare relay …');
  results.server = await server();
}
if (wanted('fuzz')) {
  console.log(`${FUZZ.toLocaleString('en')} hostile and malformed messages …`);
  results.fuzz = await fuzzServer(FUZZ);
}

const ms = ({ median, min, max }) =>
  `${median.toFixed(0)} ms (${min.toFixed(0)}–${max.toFixed(0)})`;
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const verdict = ({ ratio, target }) =>
  `${ratio.toFixed(2)} × (aim ${target}${ratio <= target ? '' : ', missed'})`;
const table = [
  ...(results.firstFrame ?? []).map((each) => [
    `navigation → first remote frame, ${each.delay} ms each way`,
    ms(each.ours),
    ms(each.raw),
    verdict(each),
  ]),
  ...(results.livekit
    ? [
        [
          `the same on LiveKit, against livekit-client by hand (${results.livekit.ours.n} rounds)`,
          ms(results.livekit.ours),
          ms(results.livekit.raw),
          verdict(results.livekit),
        ],
        [
          'scripts that such a page loads, gzip',
          kB(results.livekit.bytes.ours),
          kB(results.livekit.bytes.raw),
          `budget ${kB(results.livekit.bytesTarget)}`,
        ],
      ]
    : []),
  ...(results.tiles
    ? [
        [
          `${results.tiles.count} tiles made, shown, removed (${results.tiles.ours.n} rounds)`,
          ms(results.tiles.ours),
          ms(results.tiles.raw),
          verdict(results.tiles),
        ],
      ]
    : []),
  ...(results.recovery ?? []).map(recoveryRow),
  ...(results.sizes ?? []).map(({ name, bytes, limit }) => [
    name,
    `${kB(bytes)} gzip`,
    '',
    limit === undefined ? '' : `budget ${(limit / 1000).toFixed(1)}`,
  ]),
  ...(results.server ? serverRows(results.server) : []),
  ...(results.fuzz ? [fuzzRow(results.fuzz)] : []),
];
function serverRows({ joins, cpu, clients, rss, heap, messages, deliveries }) {
  const of =
    (unit, divisor = 1) =>
    (all) =>
      `${(all.median / divisor).toFixed(divisor > 1 ? 1 : 0)} ${unit} (${(all.min / divisor).toFixed(0)}–${(all.max / divisor).toFixed(0)})`;
  const row = (name, all, show, aim = '') => [
    name,
    show(all.ours),
    show(all.raw),
    `${all.ratio.toFixed(2)} ×${aim}`,
  ];
  const least = (at) => ` (aim ≥ ${at.target}${at.ratio >= at.target ? '' : ', missed'})`;
  const most = (at) => ` (aim ≤ ${at.target}${at.ratio <= at.target ? '' : ', missed'})`;
  const rounds = `, against a bare ws relay (${joins.ours.n} rounds)`;
  return [
    row(`joins in a second${rounds}`, joins, of('/s'), least(joins)),
    row('CPU time of a join, the server', cpu, of('µs')),
    row('the same, all clients', clients, of('µs')),
    row('memory of an idle connection, process', rss, of('kB', 1000), most(rss)),
    row('the same, heap and buffers', heap, of('kB', 1000)),
    row('messages in a second through a room of 20', messages, of('/s')),
    row('the same, delivered', deliveries, of('/s')),
  ];
}

function recoveryRow({ drop, after, frozen }) {
  const s = ({ median, min, max }) =>
    `${median.toFixed(1)} s (${min.toFixed(1)}–${max.toFixed(1)})`;
  return [
    `recovered from ${drop} (${after.n} rounds)`,
    s(after),
    '',
    `picture still for ${s(frozen)}`,
  ];
}

function fuzzRow({ messages, connections, seconds, grown }) {
  return [
    'hostile and malformed messages: no crash',
    `${messages} over ${connections} sockets in ${seconds.toFixed(0)} s`,
    '',
    `heap ${(grown.heap / 1e6).toFixed(1)} MB, RSS ${(grown.rss / 1e6).toFixed(1)} MB more`,
  ];
}

const rows = [['median of ' + rounds + ' (range)', 'ours', 'raw', 'ratio'], ...table];
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
console.log(`\n${results.machine}, Chromium ${results.chromium}, Node ${results.node}\n`);
for (const row of rows) {
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}

const json = `${JSON.stringify(results, null, 2)}\n`;
const cache = path.join(root, 'node_modules', '.cache', 'rtc-elements');
mkdirSync(cache, { recursive: true });
writeFileSync(path.join(cache, 'bench.json'), json);
if (values.write) writeFileSync(path.join(root, 'test', 'bench', 'results.json'), json);
