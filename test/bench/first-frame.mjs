/** Navigation to the first decoded remote frame, B coming to a room where A is: ours against raw WebRTC. */
import { delayProxy } from './delay-proxy.mjs';
import { ourSite, rawSite } from './sites.mjs';
import { summary } from './statistics.mjs';

const LIMIT = 20_000;

/**
 * @param {import('playwright-core').Browser} browser
 * @param {{ rounds: number, delay: number }} options `delay`: each way, in milliseconds
 */
export async function firstFrame(browser, { rounds, delay }) {
  const open = [];
  try {
    const ports = {};
    for (const [name, site] of [
      ['ours', ourSite],
      ['raw', rawSite],
    ]) {
      const { port, close } = await site();
      open.push(close);
      ports[name] = port;
      if (delay > 0) {
        const proxy = await delayProxy(port, delay);
        open.unshift(proxy.close);
        ports[name] = proxy.port;
      }
    }
    return await compare(browser, ports, { rounds, name: `bench-${delay}` });
  } finally {
    for (const close of open) await close();
  }
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {{ ours: number, raw: number }} ports where each is served
 * @param {{ rounds: number, name: string, settled?: number }} options `name`: of the rooms, a new one
 *   each time; `settled`: how long A is there when B comes, in milliseconds
 */
export async function compare(browser, ports, { rounds, name, settled = 400 }) {
  const times = { ours: [], raw: [] };
  // Interleaved, and each first in turn; round -1 warms the browser up and is not counted.
  for (let round = -1; round < rounds; round += 1) {
    for (const arm of round % 2 ? ['ours', 'raw'] : ['raw', 'ours']) {
      const time = await measure(browser, ports[arm], `${name}-${arm}-${round}`, settled);
      if (round >= 0) times[arm].push(time);
    }
  }
  const [ours, raw] = [summary(times.ours), summary(times.raw)];
  return { ours, raw, ratio: ours.median / raw.median };
}

async function measure(browser, port, room, settled) {
  const address = (user) => `http://127.0.0.1:${port}/call.html?room=${room}&user=${user}`;
  const context = await browser.newContext();
  try {
    const a = await context.newPage();
    await a.goto(address('A'));
    await a.waitForFunction(isReady, undefined, { timeout: LIMIT });
    await a.waitForTimeout(settled);
    const other = await browser.newContext();
    try {
      const b = await other.newPage();
      await b.addInitScript(watchFrames);
      await b.goto(address('B'), { waitUntil: 'commit' });
      const frame = await b.waitForFunction(() => window.firstRemoteFrame, undefined, {
        timeout: LIMIT,
      });
      return await frame.jsonValue();
    } finally {
      await other.close();
    }
  } finally {
    await context.close();
  }
}

/** In the page: A is in the room, its camera on. */
function isReady() {
  const room = document.querySelector('rtc-room');
  if (!room) return window.benchReady === true;
  return room.inRoom && room.querySelector('rtc-local-stream').published === true;
}

/** In the page, before its own scripts: when the first frame that came over the network is shown. */
function watchFrames() {
  const property = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'srcObject');
  const watched = new WeakSet();
  Object.defineProperty(HTMLMediaElement.prototype, 'srcObject', {
    ...property,
    set(stream) {
      property.set.call(this, stream);
      if (watched.has(this) || !this.requestVideoFrameCallback) return;
      watched.add(this);
      const look = (now, { rtpTimestamp }) => {
        // Frames of the own camera have no RTP time.
        if (rtpTimestamp === undefined) this.requestVideoFrameCallback(look);
        else window.firstRemoteFrame ??= performance.now();
      };
      this.requestVideoFrameCallback(look);
    },
  });
}
