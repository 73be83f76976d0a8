/**
 * Joins and leaves on one page leave nothing behind. 100 of them; RTC_LONG: 1,000
 * (`npm run bench -- --only leaks`). Chromium counts the objects that are really there.
 */
import { chromium, type CDPSession } from 'playwright-core';
import { findBrowser } from '../tools/browser.mjs';
import { evaluateBy, type Opener, type Tab, type TabRequest } from './browsers.js';
import { assert, caller, suite, waitFor, type Peer } from './harness.js';
import { collectGarbage, countObjects } from './heap.js';

const ROUNDS = process.env['RTC_LONG'] ? 1_000 : 100;

/** Without the recorder, which holds on to what it counts. */
class Bare implements Opener {
  readonly sessions = new Map<string, CDPSession>();
  readonly #browser = findBrowser().then(({ executablePath, args }) =>
    chromium.launch({
      executablePath,
      args: [...args, '--js-flags=--expose-gc'],
      chromiumSandbox: !args.includes('--no-sandbox'),
    }),
  );

  async open(_name: string, { userAgent, init }: TabRequest): Promise<Tab> {
    const context = await (await this.#browser).newContext({ userAgent });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    this.sessions.set(userAgent, cdp);
    for (const script of init.slice(1)) await page.addInitScript(script);
    return {
      page,
      context,
      evaluate: evaluateBy(cdp),
      goto: (url) => page.goto(url, { waitUntil: 'domcontentloaded' }),
    };
  }

  async close(): Promise<void> {
    await (await this.#browser).close();
  }
}

const browsers = new Bare();
const e2e = suite({
  opener: browsers,
  chromiumOnly: 'Chromium’s debugger counts the objects that are there',
});

interface Left {
  connections: number;
  kept: number;
  tracks: number;
  sockets: number;
  rooms: number;
  timers: number;
  heap: number;
}

/** Timers that are still to run, by watching them come and go. */
function watchTimers(): void {
  const running = new Set<unknown>();
  Object.assign(window, { running });
  const { setTimeout, setInterval, clearTimeout, clearInterval } = window;
  window.setTimeout = ((run: () => void, ...rest: [number]) => {
    const id = setTimeout(
      () => {
        running.delete(id);
        run();
      },
      ...rest,
    );
    running.add(id);
    return id;
  }) as typeof window.setTimeout;
  window.setInterval = ((run: () => void, ...rest: [number]) => {
    const id = setInterval(run, ...rest);
    running.add(id);
    return id;
  }) as typeof window.setInterval;
  for (const [name, clear] of Object.entries({ clearTimeout, clearInterval })) {
    Object.assign(window, {
      [name]: (id?: number) => {
        running.delete(id);
        clear(id);
      },
    });
  }
}

/** What is there after everything that can be collected was. */
async function left(peer: Peer): Promise<Left> {
  const cdp = browsers.sessions.get(`e2e ${peer.name}.`);
  assert.ok(cdp);
  await collectGarbage(cdp);
  const count = (prototype: string, which?: string): Promise<number> =>
    countObjects(cdp, prototype, which);
  const connections = await count('RTCPeerConnection.prototype', `it.connectionState !== 'closed'`);
  // Chromium itself keeps some that were closed before they connected.
  const kept = await count('RTCPeerConnection.prototype');
  const tracks = await count('MediaStreamTrack.prototype', `it.readyState === 'live'`);
  const sockets = await count('WebSocket.prototype');
  const rooms = await count(`customElements.get('rtc-room').prototype`);
  const timers = await peer.eval(
    () => (window as unknown as { running: Set<unknown> }).running.size,
  );
  await collectGarbage(cdp);
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  return { connections, kept, tracks, sockets, rooms, timers, heap: usedSize };
}

/** Joins, waits until sound really comes, and leaves; so many times. */
const rounds = (peer: Peer, count: number): Promise<void> =>
  peer.eval(async (times) => {
    type Room = HTMLElement & { join(): Promise<void>; leave(): Promise<void> };
    const box = document.querySelector('#box');
    const until = async (what: () => boolean): Promise<void> => {
      const end = performance.now() + 30_000;
      while (!what()) {
        if (performance.now() > end) throw new Error(`in vain: ${what.toString()}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    for (let round = 0; round < times; round += 1) {
      const room = document.createElement('rtc-room') as Room;
      room.setAttribute('room-id', '8888');
      room.setAttribute('user-id', 'alice');
      const local = document.createElement('rtc-local-stream');
      local.setAttribute('audio', '');
      const remote = document.createElement('rtc-remote-stream');
      room.append(local, remote);
      box?.append(room);
      await room.join();
      await until(
        () =>
          local.hasAttribute('published') && remote.getAttribute('playback-state') === 'playing',
      );
      // Half of them leave first; the others are taken out of the page as they are.
      if (round % 2) await room.leave();
      room.remove();
      await until(() => room.getAttribute('connection-state') === 'disconnected');
    }
  }, count);

e2e(
  `leaks: ${ROUNDS} joins and leaves leave nothing behind`,
  { timeout: 60_000 + ROUNDS * 2_000 },
  async (world) => {
    const bob = await world.open('bob', caller('bob').replace('audio video', 'audio'));
    const alice = await world.open('alice', '<div id="box"></div>', { init: watchTimers });
    await alice.eval(() => customElements.whenDefined('rtc-room').then(() => undefined));
    // What is made once, and kept, is there after the first rounds.
    await rounds(alice, 10);
    const settled = async (peer: Peer, what: string, is: (now: Left) => boolean): Promise<Left> => {
      let now = await left(peer);
      await waitFor(
        what,
        async () => {
          now = await left(peer);
          return is(now);
        },
        () => now,
      );
      return now;
    };
    const nothing = ({ connections, tracks, sockets, rooms, timers }: Left): boolean =>
      connections + tracks + sockets + rooms + timers === 0;
    const before = await settled(alice, 'nothing is left after 10 rounds', nothing);
    for (let done = 10; done < ROUNDS; done += 10) await rounds(alice, 10);
    const after = await settled(alice, `nothing is left after ${ROUNDS} rounds`, nothing);
    const grown = (after.heap - before.heap) / (ROUNDS - 10);
    console.log(
      `${ROUNDS} rounds: heap ${(before.heap / 1e6).toFixed(2)} → ${(after.heap / 1e6).toFixed(2)} MB, ${grown.toFixed(0)} bytes a round; closed connections that Chromium keeps: ${before.kept} → ${after.kept}`,
    );
    // A closed connection that Chromium keeps holds some kilobytes; it keeps one in five to ten.
    assert.ok(grown < 1_500, `the heap grows by ${grown} bytes a round`);
    assert.ok(bob);
  },
);
