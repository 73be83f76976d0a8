/** From a lost server to the next one: what plays on, and what must not. */
import { gapOf, watchGap } from './gap.js';
import { assert, suite, waitFor, type Peer, type World } from './harness.js';

const e2e = suite();

const anchor = (more = ''): string => `<rtc-room mode="live" room-id="8888" user-id="ann" joined>
  <rtc-local-stream audio video profile="160x120@10" ${more}></rtc-local-stream>
</rtc-room>`;
const viewer =
  '<rtc-room mode="live" room-id="8888" user-id="vic" user-role="audience" joined></rtc-room>';

/** How many connections there were each time that one was closed, it included. */
function countAtClose(): void {
  const counts: number[] = [];
  Object.assign(window, { counts });
  const { close } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.close = function () {
    if (this.connectionState === 'connected')
      counts.push(window.e2e.peers.filter((it) => it.connectionState === 'connected').length);
    close.call(this);
  };
}

interface People {
  ann: Peer;
  vic: Peer;
}

/** Ann receives nothing; Vic sees her. */
async function watch(world: World, more?: string): Promise<People> {
  const ann = await world.open('ann', anchor(more), { init: countAtClose });
  const vic = await world.open('vic', viewer);
  await vic.waitForFrames('user:ann');
  for (const peer of [ann, vic]) peer.expectNoise(/^console: WebSocket connection/);
  return { ann, vic };
}

/** The server is another one, and `late` does not reach it yet; the other one is back. */
async function restart(world: World, late: Peer, first: Peer): Promise<void> {
  const mark = await first.mark();
  await world.server.kill();
  for (const peer of [first, late])
    await peer.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
  world.drop(late);
  await world.server.restart();
  await first.waitForEvent('rtc-joined', {}, mark, 60_000);
}

for (const [who, order] of [
  ['before', ({ ann, vic }: People) => [ann, vic]],
  ['after', ({ ann, vic }: People) => [vic, ann]],
] as const) {
  e2e(
    `handover: an anchor who receives nothing and is back ${who} her viewer is seen on`,
    { child: true },
    async (world) => {
      const people = await watch(world);
      const { ann, vic } = people;
      const [first, late] = order(people) as [Peer, Peer];
      await watchGap(vic, 'ann');
      await restart(world, late, first);
      await vic.waitForFrames('user:ann', 15);
      const mark = await late.mark();
      world.site.restore();
      await late.waitForEvent('rtc-joined', {}, mark, 60_000);
      for (const peer of [ann, vic])
        await waitFor(
          `${peer.name}'s old connection is closed`,
          async () => (await peer.connections()) === 1,
        );
      await vic.waitForFrames('user:ann', 15);
      await vic.waitForSound();
      const counts = await ann.eval(() => (window as unknown as { counts: number[] }).counts);
      assert.ok(
        !counts.includes(1),
        'the old connection is not closed before the new one is there',
      );
      const gap = await gapOf(vic, 'ann');
      assert.ok(gap !== undefined, 'the picture stays where it was');
      console.log(`the picture stood still for ${Math.round(gap)} ms`);
    },
  );
}

e2e(
  'handover: what is taken back while it plays on is not sent any more',
  { child: true },
  async (world) => {
    const { ann, vic } = await watch(world, 'preview');
    await restart(world, vic, ann);
    await vic.waitForFrames('user:ann', 5);
    await ann.set('rtc-local-stream', 'no-publish', '');
    await ann.waitForNoOutbound('video');
    await ann.waitForNoOutbound('audio');
    const before = await vic.frames('user:ann');
    assert.ok((await ann.live()).tracks > 0, 'the camera is on');
    await ann.set('rtc-local-stream', 'no-publish', null);
    world.site.restore();
    await waitFor('she is seen again', async () => (await vic.frames('user:ann')) > before + 10);
  },
);
