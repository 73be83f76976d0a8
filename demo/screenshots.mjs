/**
 * Takes the pictures of demo/images/ anew: `node demo/screenshots.mjs [name…]`.
 *
 * The calls are real, browser page to browser page through the demo's own server. Only the cameras
 * are drawn (sitters.mjs): people look better than a test pattern.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { sit } from './sitters.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const SIZE = { width: 1280, height: 800 };

/** Each story: who sits before the pictured page's cameras, the other pages, and what is done. */
const STORIES = {
  call: {
    page: 'call.html?name=Alice&plain',
    sitters: ['alice'],
    others: [['call.html?user=Bob&muted', 'bob']],
    videos: 2,
  },
  live: {
    page: 'live.html?name=Alice&plain',
    sitters: ['carol'],
    others: [
      [
        'live.html?role=audience&user=Viktor&muted',
        'dan',
        (page) => page.getByRole('button', { name: 'Become an anchor' }).last().click(),
      ],
      ['live.html?role=audience&user=Uma&muted', 'bob'],
    ],
    videos: 2,
  },
  'cross-room': {
    page: 'cross-room.html?plain',
    sitters: ['alice', 'dan'],
    others: [
      ['cross-room.html?room=1000&user=U&role=audience', 'bob'],
      ['cross-room.html?room=1000&user=V&role=audience', 'bob'],
      ['cross-room.html?room=2000&user=X&role=audience', 'bob'],
    ],
    videos: 4,
  },
  rooms: {
    page: 'rooms.html',
    sitters: ['carol'],
    others: [
      [
        'rooms.html?user=Bob&name=Bob+from+sales&muted',
        'bob',
        (page) => say(page, 'Good morning, Hana'),
      ],
    ],
    after: (page) => say(page, 'Good morning! Shall we begin?'),
    videos: 2,
    scroll: 300,
  },
};

async function say(page, text) {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

/** Waits until so many videos of the page show a picture. */
function pictures(page, count) {
  const decoded = (wanted) => {
    const roots = [document];
    let found = 0;
    for (const root of roots) {
      for (const element of root.querySelectorAll('*')) {
        if (element.shadowRoot) roots.push(element.shadowRoot);
        if (element.localName === 'video' && element.videoWidth > 0) found += 1;
      }
    }
    return found >= wanted;
  };
  return page.waitForFunction(decoded, count, { timeout: 30_000 });
}

async function open(browser, address, sitters) {
  const context = await browser.newContext({
    viewport: SIZE,
    permissions: ['camera', 'microphone'],
  });
  await context.addInitScript(sit, sitters);
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`${address}: ${error.message}`));
  await page.goto(address);
  await page.waitForFunction(() =>
    [...document.querySelectorAll('rtc-room')].every((room) => room.inRoom),
  );
  return page;
}

async function shoot(browser, origin, name) {
  const { page: address, sitters, others, after, videos, scroll = 0 } = STORIES[name];
  const page = await open(browser, `${origin}/${address}`, sitters);
  const rest = [];
  for (const [other, sitter, act] of others) {
    const opened = await open(browser, `${origin}/${other}`, [sitter]);
    rest.push(opened);
    await act?.(opened);
  }
  await after?.(page);
  await pictures(page, videos);
  await page.waitForTimeout(2500);
  await page.evaluate((top) => scrollTo(0, top), scroll);
  for (const [colorScheme, suffix] of [
    ['light', ''],
    ['dark', '-dark'],
  ]) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(400);
    await page.screenshot({ path: path.join(here, 'images', `${name}${suffix}.png`) });
  }
  for (const each of [page, ...rest]) await each.context().close();
  console.log(`demo/images/${name}.png, ${name}-dark.png`);
}

const server = spawn(process.execPath, [path.join(here, 'start.mjs'), '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const origin = await new Promise((resolve, reject) => {
  let printed = '';
  server.stdout.on('data', (chunk) => {
    printed += chunk;
    const found = /http:\/\/localhost:\d+/.exec(printed);
    if (found) resolve(found[0]);
  });
  server.once('exit', (code) => reject(new Error(`The demo server ended with ${code}.`)));
});
const browser = await chromium.launch({
  executablePath: process.env.CHROME_PATH ?? PLACES.find(existsSync),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--autoplay-policy=no-user-gesture-required',
    '--allow-loopback-in-peer-connection',
  ],
});
try {
  const asked = process.argv.slice(2);
  for (const name of asked.length ? asked : Object.keys(STORIES))
    await shoot(browser, origin, name);
} finally {
  await browser.close();
  server.kill('SIGTERM');
}
