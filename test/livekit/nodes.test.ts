/** More than one machine: two LiveKit nodes on one Redis, and pages that only have attributes. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { SECOND, waitFor, type Peer } from '../e2e/peer.js';
import { Cluster } from './cluster.js';
import { longestGap, waitForReturn, watch } from './frames.js';
import { findServer } from './install.mjs';
import { Pages, useBrowser } from './pages.js';
import { startRedis } from './server.mjs';

const ROOM = '8888';
/** As promised, from the end of the node to a frame of everybody else's. */
const BACK_WITHIN = 8 * SECOND;
/** What nobody takes for an interruption. */
const UNSEEN = 700;

const missing = await whatIsMissing();

async function whatIsMissing(): Promise<string | undefined> {
  if (process.env['LIVEKIT_URL']) {
    return 'LIVEKIT_URL names a running server: two nodes are started from a binary, LIVEKIT_SERVER.';
  }
  const [server, redis] = [await findServer(), await startRedis()];
  if ('missing' in redis) return redis.missing;
  await redis.kill();
  return 'missing' in server ? server.missing : undefined;
}

suite('Two LiveKit nodes on one Redis', { skip: missing ?? false }, () => {
  const browser = useBrowser();

  function scenario(name: string, run: (cluster: Cluster, pages: Pages) => Promise<void>): void {
    test(name, { timeout: 150 * SECOND }, async () => {
      const server = await findServer();
      if ('missing' in server) throw new Error(server.missing);
      const pages = await Pages.start(browser());
      const cluster = await Cluster.start(pages, server.binary);
      try {
        await pages.during(() => run(cluster, pages));
      } finally {
        await cluster.end();
      }
    });
  }

  /** Ann through the first node, Ben through the second, in a room that `on` hosts. */
  async function call(cluster: Cluster, on: 0 | 1): Promise<[Peer, Peer]> {
    await cluster.host(ROOM, on);
    const ann = await cluster.open({ user: 'ann', room: ROOM, via: 0 });
    const ben = await cluster.open({ user: 'ben', room: ROOM, via: 1 });
    await Promise.all([watch(ann, 'ben'), watch(ben, 'ann')]);
    return [ann, ben];
  }

  scenario('users of one room see each other through different nodes', async (cluster) => {
    const [ann, ben] = await call(cluster, 0);
    await Promise.all([ann.waitForFrames('user:ben'), ben.waitForFrames('user:ann')]);
  });

  scenario('anchors in rooms on different nodes are linked', async (cluster) => {
    await cluster.host('1000', 0);
    await cluster.host('2000', 1);
    const link = async (user: string, room: string, whom: string): Promise<string> =>
      `<rtc-cross-room-link room-id="${room}" user-id="${whom}"
        token="${await cluster.token({ room, user, link: true })}"></rtc-cross-room-link>`;
    const a = await cluster.open({
      ...{ user: 'A', room: '1000', mode: 'live', via: 0 },
      inner: await link('A', '2000', 'B'),
    });
    const b = await cluster.open({
      ...{ user: 'B', room: '2000', mode: 'live', via: 1 },
      inner: await link('B', '1000', 'A'),
    });
    await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
  });

  for (const [name, dead] of [
    ['the node that hosts the room dies', 0],
    ['the node that only carries the signalling dies', 1],
  ] as const) {
    scenario(`${name}: everybody sees frames again within 8 s`, async (cluster) => {
      const [ann, ben] = await call(cluster, 0);
      const killed = Date.now();
      await cluster.nodes[dead].kill();
      if (dead === 1) {
        // Media goes on beside it.
        await waitFor('Ben comes in through the other node', async () => {
          const states = await ben.states();
          return states.at(-1) === 'reconnected';
        });
        await Promise.all([ann.waitForFrames('user:ben'), ben.waitForFrames('user:ann')]);
      } else {
        await Promise.all([waitForReturn(ann, 'ben', killed), waitForReturn(ben, 'ann', killed)]);
      }
      for (const [peer, other] of [
        [ann, 'ben'],
        [ben, 'ann'],
      ] as const) {
        const { until } = await longestGap(peer, other, killed);
        console.log(`${peer.name} sees ${other} again ${until - killed} ms after the kill`);
        assert.ok(until - killed <= BACK_WITHIN, `${peer.name} after ${until - killed} ms`);
      }
    });
  }

  scenario(
    'a node that is drained hands over without a gap that anybody sees',
    async (cluster, pages) => {
      const [ann, ben] = await call(cluster, 0);
      const [drained] = cluster.nodes;
      const from = Date.now();
      drained.drain();
      // Who comes now names the draining node first.
      const cem = await cluster.open({ user: 'cem', room: ROOM, via: 0 });
      await Promise.all([watch(cem, 'ann'), watch(cem, 'ben'), watch(ann, 'cem')]);
      await ann.waitForFrames('user:ben', 60);
      for (const [peer, other] of [
        [ann, 'ben'],
        [ben, 'ann'],
      ] as const) {
        const { gap } = await longestGap(peer, other, from);
        assert.ok(gap < UNSEEN, `${peer.name} saw nothing of ${other} for ${gap} ms`);
      }
      for (const peer of [ann, ben, cem]) await pages.close(peer);
      await drained.gone;
      const dan = await cluster.open({ user: 'dan', room: '9999', via: 0 });
      await dan.waitForAttr('rtc-room', 'connection-state', 'connected');
    },
  );
});
