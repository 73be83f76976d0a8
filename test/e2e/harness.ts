/** Pages that are HTML attributes only, in separate browser contexts, against a room server of their own. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  browserOf,
  Browsers,
  type BrowserName,
  type LaunchOptions,
  type Opener,
} from './browsers.js';
import { Peer, SECOND } from './peer.js';
import { installRecorder } from './recorder.js';
import { TestServer, type ServerOptions } from './room-server.js';
import { Site } from './serve.js';

export { PATIENCE, Peer, sleep, waitFor } from './peer.js';
export { assert };

/** A page's own policy that keeps what a vendor's SDK asks of its cloud, and all else, on this machine. */
export const CLOSED = "connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*";

export interface OpenOptions {
  headers?: Record<string, string>;
  /** In <head>, before the bundle. */
  head?: string;
  /** Runs in the page before everything else. */
  init?: () => void;
  /** The user has refused camera and microphone for this site; needs `grants: false`. */
  denied?: boolean;
  /** Instead of 127.0.0.1: a name that is not a secure context. */
  host?: string;
  /** Where the bundle stands; '' leaves it out. */
  bundle?: string;
  /** Else as RTC_BROWSER says. */
  browser?: BrowserName;
}

/** One test's server, site and pages. */
export class World<S extends { stop(): Promise<void> } = TestServer> {
  readonly peers: Peer[] = [];
  #pages = 0;

  constructor(
    private readonly browsers: Opener,
    readonly site: Site,
    readonly server: S,
  ) {}

  /** What a page's body is made from. */
  protected prepare(body: string): Promise<string> {
    return Promise.resolve(body);
  }

  /** Opens a page of its own browser context whose body is this. */
  async open(name: string, body: string, options: OpenOptions = {}): Promise<Peer> {
    const { head = '', headers, init, denied, bundle = '/rtc-elements.js', host } = options;
    const script = bundle && `<script type="module" src="${bundle}"></script>`;
    const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${name}</title>${head}${script}</head>
<body>
${await this.prepare(body)}
</body></html>`;
    this.#pages += 1;
    const url = this.site.add(`/page${this.#pages}.html`, html, headers);
    const tab = await this.browsers.open(options.browser ?? browserOf(this.#pages), {
      // Names the page to `site.drop()`.
      userAgent: `e2e ${name}.`,
      init: [installRecorder, ...(init ? [init] : [])],
      denied: !!denied,
    });
    const peer = new Peer(name, tab.page, tab.context, tab.evaluate);
    this.peers.push(peer);
    await tab.goto(host ? url.replace('127.0.0.1', host) : url);
    return peer;
  }

  /** Cuts this user's signalling, as a lost network does, until `site.restore()`. */
  drop(peer: Peer): void {
    peer.expectNoise(/^console: WebSocket connection/);
    this.site.drop(`e2e ${peer.name}.`);
  }

  async close(peer: Peer): Promise<void> {
    this.assertQuiet(peer);
    this.peers.splice(this.peers.indexOf(peer), 1);
    await peer.context.close();
  }

  assertQuiet(peer: Peer): void {
    assert.deepEqual(peer.noise, [], `errors in ${peer.name}'s page`);
  }

  async end(): Promise<void> {
    await Promise.all(this.peers.map(({ context }) => context.close()));
    await this.server.stop();
    await this.site.stop();
  }
}

export interface Suite {
  (name: string, run: (world: World) => Promise<void>): void;
  (name: string, server: ServerOptions, run: (world: World) => Promise<void>): void;
}

/**
 * Tests of one file: one browser for all, a server and a site for each.
 * `grants: false`: the browser decides by its permissions, not by a flag that says yes to all.
 * `chromiumOnly`: why; where Firefox is asked for, the tests are skipped with it.
 */
export function suite({
  autoplay = true,
  grants = true,
  args = [],
  firefoxPrefs = {},
  opener,
  chromiumOnly,
}: Partial<LaunchOptions> & { opener?: Opener; chromiumOnly?: string } = {}): Suite {
  const browsers = opener ?? new Browsers({ autoplay, grants, args, firefoxPrefs });
  after(() => browsers.close());
  const skip = browserOf(2) === 'firefox' && chromiumOnly;

  return (name: string, second: ServerOptions | Run, third?: Run) => {
    const [options, run] = typeof second === 'function' ? [{}, second] : [second, third as Run];
    test(name, { timeout: options.timeout ?? 150 * SECOND, skip }, async () => {
      const site = await Site.start();
      const server = await TestServer.start(options);
      site.backend = server.port;
      await play(new World(browsers, site, server), run);
    });
  };
}

/** Runs a test in its world, which ends with it. */
export async function play<W extends World<{ stop(): Promise<void> }>>(
  world: W,
  run: (world: W) => Promise<void>,
): Promise<void> {
  try {
    await run(world);
    for (const peer of world.peers) world.assertQuiet(peer);
  } catch (error) {
    for (const peer of world.peers) console.error(await peer.report());
    throw error;
  } finally {
    await world.end();
  }
}

export type Run = (world: World) => Promise<void>;

/** `<rtc-room>` with a camera and a microphone of a size that two cores can encode for many. */
export function caller(user: string | null, room = '8888', more = '', inner = ''): string {
  const id = user === null ? '' : ` user-id="${user}"`;
  return `<rtc-room room-id="${room}"${id} joined ${more}>
  <rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>${inner}
</rtc-room>`;
}

/** Each page shows frames of each other one. */
export async function assertEverybodySees(people: Record<string, Peer>): Promise<void> {
  await Promise.all(
    Object.entries(people).flatMap(([me, peer]) =>
      Object.keys(people)
        .filter((other) => other !== me)
        .map((other) => peer.waitForFrames(`user:${other}`)),
    ),
  );
}

/** Opens a caller's page for each, at once. */
export async function call<U extends string>(
  world: Pick<World, 'open'>,
  ...users: U[]
): Promise<Record<U, Peer>> {
  const peers = await Promise.all(
    users.map(async (user) => [user, await world.open(user, caller(user))] as const),
  );
  // The entries are the users, one by one.
  return Object.fromEntries(peers) as Record<U, Peer>;
}

/** `rtc-left` and what belongs to it, in the order in which the page heard it. */
export async function endingOf(peer: Peer, from: number): Promise<unknown[]> {
  const told = ['rtc-client-banned', 'rtc-left', 'rtc-connection-state-changed'];
  return (await peer.events(undefined, from))
    .filter(({ type }) => told.includes(type))
    .map(({ type, detail }) => `${type} ${String(detail['reason'] ?? detail['state'])}`);
}
