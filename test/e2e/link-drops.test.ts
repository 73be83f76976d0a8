/** Drops: the server goes away during a call of two rooms that are linked. */
import { gapOf, watchGap } from './gap.js';
import { assert, sleep, suite, waitFor } from './harness.js';

const e2e = suite();

const link = 'rtc-cross-room-link';
const anchor = (user: string, room: string, otherUser: string, otherRoom: string): string =>
  `<rtc-room mode="live" room-id="${room}" user-id="${user}" joined>
  <rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>
  <${link} room-id="${otherRoom}" user-id="${otherUser}"></${link}>
</rtc-room>`;

e2e(
  'drops: a link’s picture plays on while the server is killed and started again',
  { child: true },
  async (world) => {
    const [a, b] = await Promise.all([
      world.open('A', anchor('A', '1000', 'B', '2000')),
      world.open('B', anchor('B', '2000', 'A', '1000')),
    ]);
    const both = [
      { peer: a, other: 'B' },
      { peer: b, other: 'A' },
    ];
    const seen = (): Promise<unknown> =>
      Promise.all(both.map(({ peer, other }) => peer.waitForFrames(`user:${other}`)));
    await seen();
    const marks = [await a.mark(), await b.mark()];
    for (const { peer, other } of both) {
      peer.expectNoise(/^console: WebSocket connection/);
      await waitFor('the two are connected twice', async () => (await peer.connections()) === 2);
      await watchGap(peer, other);
    }
    const killed = Date.now();
    await world.server.kill();
    for (const { peer } of both)
      await peer.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
    await seen();
    // Long against the change to the next connection, which the first one back may begin before the other.
    await sleep(4_000);
    await world.server.restart();
    await Promise.all(
      both.map(({ peer }, i) => peer.waitForEvent('rtc-joined', {}, marks[i], 60_000)),
    );
    for (const { peer } of both) {
      await peer.waitForAttr(link, 'link-state', 'linked');
      await waitFor('old connections are closed', async () => (await peer.connections()) === 2);
    }
    await seen();
    const outage = Date.now() - killed;
    for (const [i, { peer, other }] of both.entries()) {
      const left = await peer.waitForEvent(
        'rtc-left',
        { roomId: other === 'B' ? '1000' : '2000' },
        marks[i],
      );
      assert.equal(left.detail['reason'], 'connection-lost');
      const gap = await gapOf(peer, other);
      assert.ok(gap !== undefined, 'the picture stays where it was');
      assert.ok(gap < outage / 3, `${gap} ms without a frame, of ${outage}`);
    }
  },
);
