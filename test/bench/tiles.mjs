/** 200 remote tiles created, rendered and removed: elements in a room, against raw DOM. */
import { ourSite } from './sites.mjs';
import { summary } from './statistics.mjs';

const TILES = 200;

/** @param {import('playwright-core').Browser} browser */
export async function tiles(browser, { rounds }) {
  const site = await ourSite();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${site.port}/tiles.html`);
    await page.evaluate(() => customElements.whenDefined('rtc-remote-stream'));
    const times = { ours: [], raw: [] };
    for (let round = -2; round < rounds; round += 1) {
      for (const name of round % 2 ? ['ours', 'raw'] : ['raw', 'ours']) {
        const time = await page.evaluate(inPage, { name, count: TILES });
        if (round >= 0) times[name].push(time);
      }
    }
    const [ours, raw] = [summary(times.ours), summary(times.raw)];
    return { count: TILES, ours, raw, ratio: ours.median / raw.median };
  } finally {
    await context.close();
    await site.close();
  }
}

async function inPage({ name, count }) {
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const make = {
    ours(index) {
      const tile = document.createElement('rtc-remote-stream');
      tile.setAttribute('user-id', `user-${index}`);
      return tile;
    },
    raw(index) {
      const tile = document.createElement('div');
      tile.style.cssText = 'position:relative;aspect-ratio:16/9;border-radius:12px;overflow:hidden';
      const video = document.createElement('video');
      video.autoplay = video.playsInline = true;
      video.style.cssText = 'width:100%;height:100%;object-fit:cover';
      const label = document.createElement('span');
      label.style.cssText = 'position:absolute;left:8px;bottom:8px';
      label.textContent = `user-${index}`;
      tile.append(video, label);
      return tile;
    },
  };
  // The room is there already: it is not what is measured.
  const parent = document.createElement(name === 'ours' ? 'rtc-room' : 'div');
  document.body.append(parent);
  await parent.updateComplete;
  await painted();
  const started = performance.now();
  const made = Array.from({ length: count }, (_, index) => make[name](index));
  parent.append(...made);
  await Promise.all(made.map((tile) => tile.updateComplete));
  await painted();
  if (name === 'ours' && !made.every((tile) => tile.shadowRoot.querySelector('video'))) {
    throw new Error('A tile has no <video>: nothing comparable was measured.');
  }
  for (const tile of made) tile.remove();
  await painted();
  const time = performance.now() - started;
  parent.remove();
  await painted();
  return time;
}
