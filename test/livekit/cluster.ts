/** Two LiveKit nodes on one Redis, a site, and pages that come in through one node or the other. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { RoomServiceClient } from 'livekit-server-sdk';
import type { Browser } from 'playwright-core';
import type * as Server from '../../src/server/index.js';
import { Peer } from '../e2e/peer.js';
import { installRecorder } from '../e2e/recorder.js';
import { dist, Site } from '../e2e/serve.js';
import { KEY, SECRET, startNode, startRedis, type Node } from './server.mjs';
import { recordFrames } from './frames.js';

export interface Member {
  user: string;
  room: string;
  /** The node that the page is told first; the other comes second. */
  via: 0 | 1;
  mode?: 'rtc' | 'live';
  role?: Server.TokenRequest['role'];
  /** Inside `<rtc-room>`, beside its own camera. */
  inner?: string;
}

export class Cluster {
  readonly peers: Peer[] = [];
  readonly nodes: [Node, Node];
  readonly #ids: string[];

  private constructor(
    private readonly browser: Browser,
    private readonly site: Site,
    private readonly rooms: Server.LiveKitRooms,
    private readonly ends: (() => Promise<unknown>)[],
    nodes: { node: Node; id: string }[],
  ) {
    const [one, other] = nodes;
    if (!one || !other) throw new Error('a cluster has two nodes');
    this.nodes = [one.node, other.node];
    this.#ids = [one.id, other.id];
  }

  static async start(browser: Browser, binary: string): Promise<Cluster> {
    const ends: (() => Promise<unknown>)[] = [];
    try {
      const redis = await startRedis();
      if ('missing' in redis) throw new Error(redis.missing);
      ends.push(() => redis.kill());
      const nodes: { node: Node; id: string }[] = [];
      for (let i = 0; i < 2; i += 1) {
        const node = await startNode(binary, { redis: redis.address });
        ends.push(() => node.kill());
        const ids = await ask(redis.address, 'HKEYS nodes');
        const id = ids.find((each) => nodes.every((known) => known.id !== each));
        if (!id) throw new Error('the node has not registered with Redis');
        nodes.push({ node, id });
      }
      const { createRoomServer } = (await import(
        pathToFileURL(path.join(dist, 'server/index.js')).href
      )) as typeof Server;
      const url = nodes.map(({ node }) => node.url).join(' ');
      const server = createRoomServer({ dev: true, livekit: { url, key: KEY, secret: SECRET } });
      ends.push(() => server.close());
      const site = await Site.start();
      ends.push(() => site.stop());
      // Named, since it was asked for.
      return new Cluster(browser, site, server.livekit as Server.LiveKitRooms, ends, nodes);
    } catch (error) {
      for (const end of ends.reverse()) await end();
      throw error;
    }
  }

  /** Opens a room on the node that is to host it; LiveKit else takes any. */
  async host(room: string, on: 0 | 1): Promise<void> {
    const nodeId = this.#ids[on] ?? '';
    await this.#client(on).createRoom({
      name: room,
      nodeId,
      emptyTimeout: 30,
      departureTimeout: 10,
    });
  }

  /** The addresses, this one first. */
  url(via: 0 | 1): string {
    return [this.nodes[via].url, this.nodes[via === 0 ? 1 : 0].url].join(' ');
  }

  /** A credential for one stay: the token endpoint would give everybody the same addresses. */
  async token(request: Server.TokenRequest): Promise<string> {
    return (await this.rooms.mintToken(request)).token;
  }

  async open({
    user,
    room,
    via,
    mode = 'rtc',
    role = 'anchor',
    inner = '',
  }: Member): Promise<Peer> {
    const token = await this.token({ room, user, role });
    const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${user}</title>
<script type="module" src="/rtc-elements.js"></script></head>
<body><rtc-room provider="livekit" url="${this.url(via)}" token="${token}" room-id="${room}"
  user-id="${user}" mode="${mode}" user-role="${role}" joined>
  <rtc-local-stream audio video profile="160x120@15"></rtc-local-stream>${inner}
</rtc-room></body></html>`;
    const context = await this.browser.newContext({ permissions: ['camera', 'microphone'] });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    // A second window is hidden else, and shows no frame.
    await cdp.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    await page.addInitScript(installRecorder);
    await page.addInitScript(recordFrames);
    const peer = new Peer(user, page, context, cdp);
    // A node that is gone is no mistake of the page.
    peer.expectNoise(/^console: (WebSocket connection|Failed to load resource)/);
    this.peers.push(peer);
    await page.goto(this.site.add(`/${user}.html`, html), { waitUntil: 'domcontentloaded' });
    return peer;
  }

  async close(peer: Peer): Promise<void> {
    this.peers.splice(this.peers.indexOf(peer), 1);
    await peer.context.close();
  }

  async end(): Promise<void> {
    await Promise.all(this.peers.map(({ context }) => context.close()));
    for (const end of this.ends.reverse()) await end();
  }

  assertQuiet(): void {
    for (const { name, noise } of this.peers) assert.deepEqual(noise, [], `in ${name}'s page`);
  }

  #client(node: 0 | 1): RoomServiceClient {
    return new RoomServiceClient(this.nodes[node].url.replace(/^ws/, 'http'), KEY, SECRET);
  }
}

/** One command of Redis whose answer is a list of texts. */
function ask(address: string, command: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
    let text = '';
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      text += String(chunk);
      const [count = '', ...rest] = text.split('\r\n');
      const wanted = Number(count.slice(1));
      if (!count.startsWith('*') || rest.length < wanted * 2 + 1) return;
      socket.destroy();
      resolve(rest.filter((_, index) => index % 2 === 1));
    });
    socket.write(`${command}\r\n`);
  });
}
