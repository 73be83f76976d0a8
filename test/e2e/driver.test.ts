/** The embedded driver alone against the real room server: what its wire and connections promise. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createRoomServer, type RoomServer } from '../../src/server/index.js';
import type {} from '../e2e-driver/page.js';
import { DriverPage as Page } from '../e2e-driver/tab.js';
import { browserOf, Browsers } from './browsers.js';

declare global {
  interface Window {
    /** How often ICE servers were asked for. */
    asked: number;
  }
}

const PATIENCE = 20_000;
const browsers = new Browsers({ autoplay: true, grants: true, args: [], firefoxPrefs: {} });
let site: Server;
let rooms: RoomServer;
let script = '';
let pages: Page[] = [];

before(async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../e2e-driver/page.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
  });
  script = outputFiles[0]?.text ?? '';
  rooms = createRoomServer({ dev: true });
  site = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(
      isScript
        ? script
        : '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
    );
  });
  rooms.attach(site);
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  await browsers.close();
  await rooms.close();
  site.closeAllConnections();
  site.close();
});

async function open(
  userId: string,
  config: { options?: Record<string, unknown>; url?: string } = {},
): Promise<Page> {
  const tab = await browsers.open(browserOf(pages.length + 1), {
    userAgent: `e2e ${userId}.`,
    init: [],
    denied: false,
  });
  const page = new Page(tab);
  pages.push(page);
  await tab.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
  await until(page, () => 'User' in window);
  await page.evaluate(
    ([id, more]) => {
      window.user = new window.User({ userId: id, ...more });
    },
    [userId, config] as const,
  );
  return page;
}
async function anchor(userId: string): Promise<Page> {
  const page = await open(userId);
  await page.evaluate(() => window.user.join());
  return page;
}
/** More pictures of so many streams than there were. */
async function frames(page: Page, streams = 1): Promise<void> {
  const seen = await page.evaluate(() => ({ ...window.user.frames }));
  await page.waitForFunction(
    ([count, had]) =>
      Object.entries(window.user.frames).filter(([id, n]) => n > (had[id] ?? 0) + 3).length >=
      count,
    [streams, seen] as const,
    { timeout: PATIENCE },
  );
}
function scenario(name: string, run: () => Promise<void>): void {
  test(name, async () => {
    pages = [];
    try {
      await run();
    } finally {
      for (const page of pages) await page.close();
    }
  });
}
const until = (page: Page, what: () => boolean): Promise<void> =>
  page.waitForFunction(what, undefined, { timeout: PATIENCE });

scenario('three users see one another; 100 rounds of publishing add no m-line', async () => {
  const a = await anchor('a');
  const b = await anchor('b');
  await Promise.all([frames(a), frames(b)]);
  await a.evaluate(async () => {
    for (let round = 0; round < 100; round++) {
      await window.user.client.unpublish('main', window.user.never);
      await window.user.client.publish(window.user.publication(), window.user.never);
    }
  });
  await frames(b);
  const lines = await a.evaluate(() =>
    window.user.connections.map((pc) => [
      pc.getTransceivers().length,
      pc.localDescription?.sdp.match(/^m=/gm)?.length,
    ]),
  );
  assert.deepEqual(lines, [[4, 4]]);
  const c = await anchor('c');
  await Promise.all([frames(a, 2), frames(b, 2), frames(c, 2)]);
});

scenario('sound and picture of one user share a stream, from both sides', async () => {
  const a = await anchor('a');
  const b = await anchor('b');
  await frames(b);
  for (const page of [a, b]) {
    const ids = await page.evaluate(() =>
      window.user.connections[0]?.remoteDescription?.sdp.match(/a=msid:\S+/g),
    );
    assert.equal(ids?.length, 4);
    assert.equal(ids[0], ids[1]);
    assert.equal(ids[2], ids[3]);
    assert.notEqual(ids[0], ids[2]);
  }
});

scenario('what nobody receives is not sent', async () => {
  const a = await anchor('a');
  const b = await anchor('b');
  await frames(b);
  await b.evaluate(() => {
    const [id = ''] = window.user.streams;
    return window.user.client.subscribe(id, { audio: true, video: false }, window.user.never);
  });
  await until(a, () =>
    window.user.connections.every((pc) => !pc.getTransceivers()[1]?.sender.track),
  );
  const sent = (): Promise<number> =>
    a.evaluate(() => window.user.sum('outbound-rtp', 'bytesSent', 'video'));
  await a.waitForTimeout(300);
  const now = await sent();
  await a.waitForTimeout(1_000);
  assert.equal(await sent(), now);
  await b.evaluate(() => {
    const [id = ''] = window.user.streams;
    return window.user.client.subscribe(
      id,
      { audio: true, video: true, height: 120 },
      window.user.never,
    );
  });
  await frames(b);
  assert.equal(
    await a.evaluate(
      () =>
        window.user.connections[0]?.getSenders()[1]?.getParameters().encodings[0]
          ?.scaleResolutionDownBy,
    ),
    2,
  );
});

scenario(
  'sockets lost again and again: messages in order, none lost or doubled, media goes on',
  async () => {
    const a = await anchor('a');
    const b = await anchor('b');
    await frames(b);
    await a.evaluate(async () => {
      const sent: unknown[] = [];
      for (let i = 0; i < 60; i++) {
        sent.push(window.user.client.sendMessage?.(String(i)));
        if (i % 25 === 10) window.user.socket?.close(3001);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await Promise.all(sent);
    });
    await b.evaluate(() => window.user.socket?.close(3001));
    await a.evaluate(() => window.user.client.sendMessage?.('last'));
    await until(b, () => window.user.messages.includes('last'));
    assert.deepEqual(await b.evaluate(() => window.user.messages), [
      ...Array.from({ length: 60 }, (_, i) => String(i)),
      'last',
    ]);
    const states = await a.evaluate(() => window.user.types(/^reconnect/));
    assert.ok(states.length >= 4, states.join());
    assert.deepEqual(
      states,
      states.map((_, i) => (i % 2 ? 'reconnected' : 'reconnecting')),
    );
    await frames(b);
  },
);

scenario('a half-open socket is found out by the first request', async () => {
  const a = await anchor('a');
  const b = await anchor('b');
  await a.evaluate(async () => {
    const { socket } = window.user;
    if (socket) socket.send = () => undefined;
    await window.user.client.sendMessage?.('still there');
  });
  await until(b, () => window.user.messages.length > 0);
  assert.deepEqual(await b.evaluate(() => window.user.messages), ['still there']);
});

scenario(
  'no packet for 4 s on a connection that looks well: a new route, whichever side notices',
  async () => {
    const a = await anchor('a');
    const b = await anchor('b');
    await Promise.all([frames(a), frames(b)]);
    for (const [silent, deaf] of [
      [a, b],
      [b, a],
    ] as const) {
      const ufrag = (): Promise<string | undefined> =>
        deaf.evaluate(
          () =>
            /ice-ufrag:(\S+)/.exec(window.user.connections[0]?.localDescription?.sdp ?? '')?.[1],
        );
      const old = await ufrag();
      // Firefox goes on sending a black picture without a track.
      const send = (active: boolean): Promise<void> =>
        silent.evaluate(async (on) => {
          for (const sender of window.user.connections[0]?.getSenders() ?? []) {
            const parameters = sender.getParameters();
            for (const encoding of parameters.encodings) encoding.active = on;
            await sender.setParameters(parameters);
            if (!on) await sender.replaceTrack(null);
          }
        }, active);
      await send(false);
      const end = Date.now() + PATIENCE;
      while ((await ufrag()) === old && Date.now() < end) await deaf.waitForTimeout(100);
      assert.notEqual(await ufrag(), old);
      await send(true);
      await silent.evaluate(() =>
        window.user.client.publish(window.user.publication(), window.user.never),
      );
      await frames(deaf);
      assert.deepEqual(await deaf.evaluate(() => window.user.types(/^stream-health/)), []);
    }
  },
);

scenario(
  'TURN credentials that have ended are fetched anew before a newcomer is answered',
  async () => {
    const turn = { urls: 'turn:127.0.0.1:9', secret: 'the TURN secret of the driver tests' };
    const server = createRoomServer({ dev: true, turn });
    try {
      const { port } = await server.listen(0, '127.0.0.1');
      const enter = async (userId: string): Promise<Page> => {
        const page = await open(userId, { url: `ws://127.0.0.1:${port}/rtc` });
        await page.evaluate(() => window.user.join());
        return page;
      };
      const a = await enter('a');
      const asked = (): Promise<number> => a.evaluate(() => window.asked);
      await a.evaluate(() => {
        window.asked = 0;
        const { socket } = window.user;
        const send = socket?.send.bind(socket);
        if (socket && send)
          socket.send = (frame: string) => {
            if (frame.includes('"t":"ice"')) window.asked += 1;
            send(frame);
          };
      });
      const b = await enter('b');
      await Promise.all([frames(a), frames(b)]);
      assert.equal(await asked(), 0);
      await a.evaluate(() => {
        const { now } = Date;
        Date.now = () => now() + 3_600_000;
      });
      const c = await enter('c');
      await Promise.all([frames(a, 2), frames(c, 2)]);
      assert.ok((await asked()) > 0);
    } finally {
      await server.close();
    }
  },
);

scenario('no route: told in words that name the user and TURN', async () => {
  await anchor('alice');
  const viewer = await open('viewer', { options: { iceTransportPolicy: 'relay' } });
  await viewer.evaluate(() => window.user.join('audience'));
  await until(viewer, () => window.user.types(/^stream-health/).length > 0);
  const message = await viewer.evaluate(() => {
    const event = window.user.events.find(({ type }) => type === 'stream-health');
    return event?.type === 'stream-health' ? event.error?.message : '';
  });
  assert.match(message ?? '', /alice.*TURN/);
});

scenario(
  'an audience becomes an anchor and goes back; what it leaves behind is nothing',
  async () => {
    const a = await anchor('a');
    const viewer = await open('viewer');
    await viewer.evaluate(() => window.user.join('audience'));
    await frames(viewer);
    await viewer.evaluate(async () => {
      await window.user.client.switchRole('anchor', {}, window.user.never);
      await window.user.capture();
      await window.user.client.publish(window.user.publication(), window.user.never);
    });
    await frames(a);
    await viewer.evaluate(() => window.user.client.switchRole('audience', {}, window.user.never));
    await until(a, () => window.user.streams.size === 0);
    assert.ok(
      await viewer.evaluate(() =>
        window.user.connections.every((pc) => pc.getSenders().every(({ track }) => !track)),
      ),
    );
    await viewer.evaluate(() => window.user.client.leave());
    await until(
      a,
      () => window.user.connections.length === 0 && window.user.types(/^user-left/).length === 1,
    );
    assert.equal(
      await viewer.evaluate(() => window.user.connections.length + Number(!!window.user.socket)),
      0,
    );
  },
);
