/** What src/drivers/driver.ts promises, case by case: on the fake driver, and on RTC_BACKEND's. */
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Capability } from './backend.js';
import { contract } from './driver/contract.js';
import type {} from './driver/page.js';
import { lacks, name, stories, waitFor, type Story } from './harness.js';
import { Browsers } from '../e2e/browsers.js';
import { play, World } from '../e2e/harness.js';
import { SECOND } from '../e2e/peer.js';
import { Site } from '../e2e/serve.js';

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('./driver/page.ts', import.meta.url))],
  bundle: true,
  write: false,
  format: 'esm',
  target: 'es2022',
  logLevel: 'silent',
  // Never bundled by us: the page loads them from `sdk-url`.
  external: ['trtc-js-sdk', 'qnweb-rtc'],
});
const script = outputFiles[0]?.text ?? '';

/** Who appears in the cases; the attributes say how each gets in. */
const people = ['alice', 'bob', 'anna', 'victor']
  .map((user) => `<rtc-room mode="live" room-id="8888" user-id="${user}"></rtc-room>`)
  .join('\n');
const refused =
  '<rtc-room mode="live" room-id="8888" user-id="alice" data-refused="yes"></rtc-room>';

async function run(world: Pick<Story, 'open' | 'site'>, driver: string, title: string, body = '') {
  world.site.route('/contract.js', () => ({
    status: 200,
    headers: { 'content-type': 'text/javascript' },
    body: script,
  }));
  const page = await world.open('driver', body, { bundle: '/contract.js' });
  // A refusal is told by the browser, too.
  page.expectNoise(/status of 4\d\d|WebSocket/);
  await waitFor('the script has run', () => page.eval(() => 'runCase' in window));
  const missing = driver === name ? (Object.keys(lacks) as Capability[]) : [];
  await page.eval((...args) => window.runCase(...args), driver, title, missing);
}

const story = stories();
for (const [title, { needs = [] }] of Object.entries(contract)) {
  story(`the driver: ${title}`, needs, (world) =>
    run(world, name, title, people + (lacks.refused ? '' : refused)),
  );
}

if (name === 'embedded') {
  const browsers = new Browsers({ autoplay: true, grants: true, args: [], firefoxPrefs: {} });
  after(() => browsers.close());
  for (const [title, { needs = [] }] of Object.entries(contract)) {
    if (needs.includes('refused')) continue;
    test(`fake: the driver: ${title}`, { timeout: 60 * SECOND }, async () => {
      const nothing = { stop: () => Promise.resolve() };
      await play(new World(browsers, await Site.start(), nothing), (world) =>
        run(world, 'fake', title),
      );
    });
  }
}
