/** Two LiveKit nodes on one Redis, a site, and pages that come in through one node or the other. */
import { connect } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { RoomServiceClient } from 'livekit-server-sdk';
import type * as Server from '../../src/server/index.js';
import type { Peer } from '../e2e/peer.js';
import { dist } from '../e2e/serve.js';
import { KEY, SECRET, startNode, startRedis, type Node } from './server.mjs';
import { attributes, type Pages } from './pages.js';

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
  readonly nodes: [Node, Node];
  readonly #ids: string[];

  private constructor(
    private readonly pages: Pages,
    private readonly rooms: Server.LiveKitRooms,
    private readonly ends: (() => Promise<unknown>)[],
    nodes: { node: Node; id: string }[],
  ) {
    const [one, other] = nodes;
    if (!one || !other) throw new Error('a cluster has two nodes');
    this.nodes = [one.node, other.node];
    this.#ids = [one.id, other.id];
  }

  static async start(pages: Pages, binary: string): Promise<Cluster> {
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
      // Named, since it was asked for.
      return new Cluster(pages, server.livekit as Server.LiveKitRooms, ends, nodes);
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
    const place = attributes({
      ...{ provider: 'livekit', url: this.url(via), token, 'room-id': room, 'user-id': user },
      ...{ mode, 'user-role': role },
    });
    return this.pages.open(
      user,
      `<rtc-room ${place} joined>
  <rtc-local-stream audio video profile="160x120@15"></rtc-local-stream>${inner}
</rtc-room>`,
    );
  }

  async end(): Promise<void> {
    for (const end of this.ends.reverse()) await end();
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
