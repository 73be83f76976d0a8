/** Two homes with a browser each, a site, and when wanted a TURN server, for one test. */
import { createHmac } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import type { RoomServerOptions } from '../../src/server/index.js';
import { evaluateBy } from '../e2e/browsers.js';
import { Peer, SECOND, waitFor } from '../e2e/peer.js';
import { installRecorder } from '../e2e/recorder.js';
import { findBrowser } from '../tools/browser.mjs';
import { Lab, SERVER, TURN, type Home, type Nat } from './lab.js';

export { assert } from '../e2e/harness.js';
export { Peer, SECOND, sleep, waitFor } from '../e2e/peer.js';
export { SERVER, TURN, type Home } from './lab.js';

const SITE = `http://${SERVER}:8080`;
export const STUN_PORT = 3478;
export const TURN_SECRET = 'the TURN secret of the network tests';
/** As the site hands it out; TCP beside UDP where a test says so. */
export const turn = (transport = 'udp'): NonNullable<RoomServerOptions['turn']> => ({
  urls: [`turn:${TURN}:3478?transport=${transport}`],
  secret: TURN_SECRET,
});

export interface WorldOptions {
  nat?: Nat;
  server?: RoomServerOptions;
}

export class World {
  readonly peers: Peer[] = [];
  readonly #browsers = new Map<Home, Promise<Browser>>();

  constructor(readonly lab: Lab) {}

  /** Opens a page of its own browser context in a home. */
  async open(home: Home, name: string, body: string): Promise<Peer> {
    const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${name}</title>
<script type="module" src="/rtc-elements.js"></script></head><body>${body}</body></html>`;
    const browser = await this.#browser(home);
    const context = await browser.newContext({
      viewport: { width: 640, height: 480 },
      permissions: ['camera', 'microphone'],
    });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    // A second window is hidden else, and shows no frame.
    await cdp.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    await page.addInitScript(installRecorder);
    const peer = new Peer(name, page, context, evaluateBy(cdp));
    // What the tests break is said in the console by the browser.
    peer.expectNoise(/^console: (WebSocket connection|Failed to load resource)/);
    this.peers.push(peer);
    await page.goto(`${SITE}/page?html=${encodeURIComponent(html)}`, {
      waitUntil: 'domcontentloaded',
    });
    return peer;
  }

  /** Alice in one home and Bob in the other, in a call with small pictures. */
  async call(more = ''): Promise<{ alice: Peer; bob: Peer }> {
    const [alice, bob] = await Promise.all([
      this.open('a', 'alice', caller('alice', more)),
      this.open('b', 'bob', caller('bob', more)),
    ]);
    return { alice, bob };
  }

  async end(): Promise<void> {
    await Promise.allSettled(
      [...this.#browsers.values()].map(async (browser) => (await browser).close()),
    );
    await this.lab.close();
  }

  #browser(home: Home): Promise<Browser> {
    let browser = this.#browsers.get(home);
    if (!browser) this.#browsers.set(home, (browser = this.#launch(home)));
    return browser;
  }

  async #launch(home: Home): Promise<Browser> {
    const found = await findBrowser();
    return chromium.launch({
      executablePath: await this.lab.wrapper(home, found.executablePath),
      args: [
        ...found.args.filter((arg) => arg !== '--allow-loopback-in-peer-connection'),
        `--unsafely-treat-insecure-origin-as-secure=${SITE}`,
      ],
      chromiumSandbox: !found.args.includes('--no-sandbox'),
    });
  }
}

/** A test with networks, a site and browsers of its own; all are gone after it. */
export function network(
  name: string,
  { nat = 'cone', server = {} }: WorldOptions,
  run: (world: World) => Promise<void>,
): void {
  test(name, { timeout: 240 * SECOND }, async () => {
    const lab = await Lab.create(nat);
    const world = new World(lab);
    try {
      if (server.turn ?? server.iceServers) await startTurn(lab);
      const site = fileURLToPath(new URL('site.mjs', import.meta.url));
      const options = JSON.stringify({ port: 8080, room: server });
      await lab.start('srv', process.execPath, [site, options], /^ready/m);
      await run(world);
    } catch (error) {
      for (const peer of world.peers) console.error(await peer.report());
      const turnserver = lab.said.get('turnserver')?.split('\n').slice(-40);
      if (turnserver) console.error(['── turnserver', ...turnserver].join('\n   '));
      throw error;
    } finally {
      await world.end();
    }
  });
}

/** coturn with the configuration that the README recommends, its names and secret filled in. */
async function startTurn(lab: Lab): Promise<void> {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const example = /```ini\n(# \/etc\/turnserver\.conf\n[^]*?)```/.exec(readme)?.[1];
  if (!example) throw new Error('The README has no example of /etc/turnserver.conf.');
  const config = path.join(lab.folder, 'turnserver.conf');
  await writeFile(
    config,
    `${example
      .replace(/^static-auth-secret=.*$/m, `static-auth-secret=${TURN_SECRET}`)
      .replace(/^(cert|pkey|tls-listening-port)=.*$/gm, '')}
listening-ip=${TURN}
relay-ip=${TURN}
no-tls
no-dtls
verbose
log-file=stdout
pidfile=${lab.folder}/turnserver.pid
`,
  );
  await lab.start('turn', 'turnserver', ['-c', config], /TCP listener opened on/i);
}

/** Credentials as the server mints them, valid until then. */
export function turnCredentials(until: number): { username: string; credential: string } {
  const username = `${Math.floor(until / SECOND)}:0123456789abcdef`;
  return {
    username,
    credential: createHmac('sha1', TURN_SECRET).update(username).digest('base64'),
  };
}

export function caller(user: string, more = '', media = 'audio video'): string {
  return `<rtc-room room-id="8888" user-id="${user}" token-url="/token" joined ${more}>
  <rtc-local-stream ${media} profile="160x120@10"></rtc-local-stream>
</rtc-room>`;
}

/** Frames are decoded and sound is, on both sides. */
export async function assertMedia(alice: Peer, bob: Peer): Promise<void> {
  await Promise.all([
    alice.waitForFrames('user:bob', 5),
    bob.waitForFrames('user:alice', 5),
    alice.waitForSound(),
    bob.waitForSound(),
  ]);
}

/** The kinds of the candidates between which media flows, of all connections: `srflx/prflx udp`. */
export function routes(peer: Peer): Promise<string[]> {
  return peer.eval(async () => {
    const found: string[] = [];
    for (const pc of window.e2e.peers) {
      if (pc.connectionState !== 'connected') continue;
      const report = await pc.getStats();
      for (const stat of report.values() as Iterable<Record<string, unknown>>) {
        if (stat['type'] !== 'transport') continue;
        const pair = report.get(String(stat['selectedCandidatePairId'])) as Record<string, string>;
        const [local, remote] = ['localCandidateId', 'remoteCandidateId'].map(
          (key) => report.get(pair[key] ?? '') as Record<string, string>,
        );
        found.push(
          `${local?.['candidateType']}/${remote?.['candidateType']} ${local?.['relayProtocol'] ?? local?.['protocol']}`,
        );
      }
    }
    return found;
  });
}

/** Prints how long it took until `recovered` settles. */
export async function timed(what: string, recovered: Promise<unknown>): Promise<number> {
  const from = performance.now();
  await recovered;
  const seconds = (performance.now() - from) / SECOND;
  console.log(`recovered  ${what}: ${seconds.toFixed(1)} s`);
  return seconds;
}

/** Waits for a tile that says there is no route, and returns what it and its error say. */
export async function waitForNoRoute(peer: Peer): Promise<string> {
  await waitFor(
    `no media is told in ${peer.name}'s page`,
    () => peer.eval(() => window.e2e.all('rtc-remote-stream[playback-state="failed"]').length > 0),
    () => peer.report(),
    60 * SECOND,
  );
  const { detail } = await peer.waitForEvent('rtc-error', { error: { code: 'network' } });
  return (detail['error'] as { message: string }).message;
}
