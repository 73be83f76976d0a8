/** Drops: signalling that goes away during a call. */
import { assert, assertEverybodySees, call, suite, waitFor, type Peer } from './harness.js';
import { breakConnection, failIce, ufrag, wedge } from './faults.js';
import { gapOf, watchGap } from './gap.js';
import { SECOND } from './peer.js';

const e2e = suite();

interface Room extends HTMLElement {
  sendMessage(data: string): Promise<void>;
}

/** A page that was loaded anew would have lost this. */
const stamp = (peer: Peer): Promise<void> =>
  peer.eval(() => {
    Object.assign(window, { stamped: true });
  });
const stamped = (peer: Peer): Promise<boolean> => peer.eval(() => 'stamped' in window);

e2e('drops: media goes on while signalling is cut, and the session is resumed', async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  await Promise.all([stamp(alice), stamp(bob)]);
  const peers = await alice.eval(() => window.e2e.peers.length);
  const routes = [await ufrag(alice), await ufrag(bob)];
  const from = await bob.mark();
  await Promise.all([watchGap(alice, 'bob'), watchGap(bob, 'alice')]);
  world.drop(alice);
  await alice.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
  // While it is cut: frames both ways.
  await Promise.all([alice.waitForFrames('user:bob', 10), bob.waitForFrames('user:alice', 10)]);
  assert.equal(await alice.attr('rtc-room', 'connection-state'), 'reconnecting');
  await bob.eval(() => (window.e2e.find('rtc-room') as Room).sendMessage('while you were away'));
  world.site.restore();
  await alice.waitForAttr('rtc-room', 'connection-state', 'reconnected');
  await alice.waitForEvent('rtc-message-received', { from: 'bob', data: 'while you were away' });
  // Longer than what was on its way when it was resumed.
  await Promise.all([alice.waitForFrames('user:bob', 20), bob.waitForFrames('user:alice', 20)]);
  for (const gap of [await gapOf(alice, 'bob'), await gapOf(bob, 'alice')])
    assert.ok(gap !== undefined && gap < 1_500, `${gap} ms without a frame`);
  assert.equal((await alice.events('rtc-message-received')).length, 1, 'once');
  assert.deepEqual(await alice.states(), [
    'connecting',
    'connected',
    'reconnecting',
    'reconnected',
  ]);
  assert.equal(await alice.eval(() => window.e2e.peers.length), peers, 'the same connections');
  assert.deepEqual([await ufrag(alice), await ufrag(bob)], routes, 'by the same route');
  assert.deepEqual(
    (await bob.events(undefined, from))
      .map(({ type }) => type)
      .filter((type) => /user|stream-(added|removed)/.test(type)),
    [],
    'the others notice nothing',
  );
  assert.deepEqual([await stamped(alice), await stamped(bob)], [true, true]);
});

e2e('drops: what is sent during a drop arrives once after it', async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  world.drop(alice);
  await alice.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
  await alice.eval(() => {
    const room = window.e2e.find('rtc-room') as Room;
    for (let i = 0; i < 5; i += 1) void room.sendMessage(`line ${i}`);
  });
  world.site.restore();
  await bob.waitForEvent('rtc-message-received', { data: 'line 4' });
  assert.deepEqual(
    (await bob.events('rtc-message-received')).map(({ detail }) => detail['data']),
    ['line 0', 'line 1', 'line 2', 'line 3', 'line 4'],
  );
});

e2e(
  'drops: a server killed and started again has everybody back without a reload',
  { child: true },
  async (world) => {
    const { alice, bob } = await call(world, 'alice', 'bob');
    await assertEverybodySees({ alice, bob });
    await Promise.all([stamp(alice), stamp(bob)]);
    const marks = [await alice.mark(), await bob.mark()];
    for (const peer of [alice, bob]) peer.expectNoise(/^console: WebSocket connection/);
    await Promise.all([watchGap(alice, 'bob'), watchGap(bob, 'alice')]);
    const killed = Date.now();
    await world.server.kill();
    await Promise.all(
      [alice, bob].map((peer) => peer.waitForAttr('rtc-room', 'connection-state', 'reconnecting')),
    );
    await Promise.all([alice.waitForFrames('user:bob'), bob.waitForFrames('user:alice')]);
    await world.server.restart();
    await Promise.all(
      [alice, bob].map((peer, i) => peer.waitForEvent('rtc-joined', {}, marks[i], 60_000)),
    );
    await Promise.all([
      alice.waitForEvent('rtc-user-joined', { userId: 'bob' }, marks[0]),
      bob.waitForEvent('rtc-user-joined', { userId: 'alice' }, marks[1]),
    ]);
    await assertEverybodySees({ alice, bob });
    await Promise.all([alice.waitForSound(), bob.waitForSound()]);
    for (const [i, peer] of [alice, bob].entries()) {
      const left = await peer.waitForEvent('rtc-left', {}, marks[i]);
      assert.equal(left.detail['reason'], 'connection-lost');
      assert.notEqual(await peer.attr('rtc-room', 'joined'), null);
      assert.equal(await stamped(peer), true);
      await waitFor('old connections are closed', async () => (await peer.connections()) === 1);
    }
    const outage = Date.now() - killed;
    for (const [peer, other] of [
      [alice, 'bob'],
      [bob, 'alice'],
    ] as const) {
      const gap = await gapOf(peer, other);
      assert.ok(gap !== undefined, 'the picture stays where it was');
      assert.ok(gap < outage / 3, `${gap} ms without a frame, of ${outage}`);
    }
  },
);

const offers = (peer: Peer): Promise<boolean> =>
  peer.eval(() =>
    window.e2e.peers.some(
      ({ connectionState, localDescription }) =>
        connectionState === 'connected' && localDescription?.type === 'offer',
    ),
  );

/** Where both were connected before, they are by something else now, and see each other. */
async function assertReplaced(
  { alice, bob }: { alice: Peer; bob: Peer },
  before: (string | undefined)[],
): Promise<void> {
  for (const [i, peer] of [alice, bob].entries()) {
    await waitFor(
      `${peer.name} has one connection, and another`,
      async () => {
        const now = await ufrag(peer);
        const { peers } = await peer.live();
        return !!now && now !== before[i] && peers === 1;
      },
      () => peer.live(),
      90 * SECOND,
    );
  }
  await assertEverybodySees({ alice, bob });
  await Promise.all([alice.waitForSound(), bob.waitForSound()]);
  for (const peer of [alice, bob])
    await peer.waitForAttr('rtc-room', 'connection-state', 'connected');
}

/** All that a page heard of users, streams and its own stay. */
const told = async (peer: Peer, from: number): Promise<string[]> =>
  (await peer.events(undefined, from))
    .map(({ type }) => type)
    .filter((type) => /user-|stream-|joined|left|connection/.test(type));

for (const broken of ['who offers', 'who answers'] as const) {
  e2e(
    `drops: a connection that ${broken} has lost for good gives its place to another`,
    async (world) => {
      const { alice, bob } = await call(world, 'alice', 'bob');
      await assertEverybodySees({ alice, bob });
      const [offerer, answerer] = (await offers(alice)) ? [alice, bob] : [bob, alice];
      const before = [await ufrag(alice), await ufrag(bob)];
      const marks = [await alice.mark(), await bob.mark()];
      await Promise.all([watchGap(alice, 'bob'), watchGap(bob, 'alice')]);
      await breakConnection(broken === 'who offers' ? offerer : answerer);
      await assertReplaced({ alice, bob }, before);
      const gaps = [await gapOf(alice, 'bob'), await gapOf(bob, 'alice')];
      console.log(
        `pictures stood still for ${gaps.map((ms) => Math.round(ms ?? NaN)).join(' and ')} ms`,
      );
      assert.ok(!gaps.includes(undefined), 'the pictures stay where they were');
      for (const [i, peer] of [alice, bob].entries())
        assert.deepEqual(await told(peer, marks[i] ?? 0), [], 'nobody has left or come');
    },
  );
}

e2e(
  'drops: a connection that says it is connected and carries nothing gives its place to another',
  async (world) => {
    const { alice, bob } = await call(world, 'alice', 'bob');
    await assertEverybodySees({ alice, bob });
    const before = [await ufrag(alice), await ufrag(bob)];
    await Promise.all([watchGap(alice, 'bob'), watchGap(bob, 'alice')]);
    await wedge(alice);
    await assertReplaced({ alice, bob }, before);
    const [fine, still] = [await gapOf(alice, 'bob'), await gapOf(bob, 'alice')];
    assert.ok(fine !== undefined && still !== undefined, 'the pictures stay where they were');
    assert.ok(fine < still / 2, `what came goes on: ${fine} ms without a frame, not ${still}`);
  },
);

e2e('drops: both sides ask for a new route at once, again and again', async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  for (let round = 0; round < 3; round += 1) {
    const before = [await ufrag(alice), await ufrag(bob)];
    await Promise.all([failIce(alice), failIce(bob)]);
    for (const [i, peer] of [alice, bob].entries()) {
      await waitFor(`${peer.name} has a new route (round ${round})`, async () => {
        const now = await ufrag(peer);
        return !!now && now !== before[i];
      });
    }
    await Promise.all([
      alice.waitForFrames('user:bob', 15),
      bob.waitForFrames('user:alice', 15),
      alice.waitForSound(),
      bob.waitForSound(),
    ]);
  }
  assert.deepEqual([await alice.connections(), await bob.connections()], [1, 1]);
});
