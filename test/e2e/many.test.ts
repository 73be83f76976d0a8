/** Many at once: five and six in a call, two who join together, a killed server under several pages. */
import { assert, caller, suite, waitFor, type Peer } from './harness.js';

const e2e = suite();

const sound = (user: string): string =>
  caller(user).replace('audio video profile="160x120@10"', 'audio');

/** Everybody hears everybody else, each over one connection. */
async function assertAllHear(peers: Peer[]): Promise<void> {
  await Promise.all(
    peers.map(async (peer) => {
      const others = peers.length - 1;
      await waitFor(
        `${peer.name} has ${others} connections`,
        async () => (await peer.heard()).length === others,
        () => peer.heard(),
      );
      const before = await peer.heard();
      await waitFor(
        `${peer.name} hears all ${others}`,
        async () => {
          const now = await peer.heard();
          return (
            now.length === others && now.every((samples, i) => samples > (before[i] ?? 0) + 4_800)
          );
        },
        () => peer.heard(),
      );
    }),
  );
}

e2e('many: a fifth and a sixth join four who are in a call', async (world) => {
  const open = (user: string): Promise<Peer> => world.open(user, sound(user));
  const four = await Promise.all(['one', 'two', 'three', 'four'].map(open));
  await assertAllHear(four);
  const fifth = await open('five');
  await assertAllHear([...four, fifth]);
  const sixth = await open('six');
  await assertAllHear([...four, fifth, sixth]);
  await world.close(fifth);
  await assertAllHear([...four, sixth]);
});

e2e('many: two who join within 5 ms see each other, again and again', async (world) => {
  const peers = await Promise.all(
    ['alice', 'bob'].map((user) => world.open(user, caller(user).replace(' joined', ''))),
  );
  const [alice, bob] = peers as [Peer, Peer];
  for (const peer of peers) {
    await peer.eval(() => customElements.whenDefined('rtc-room').then(() => undefined));
  }
  let close = 0;
  // The pages share a clock; how close they really were depends on who else uses the processor.
  for (let round = 0; close < 5 && round < 25; round += 1) {
    const at = Date.now() + 250;
    const [one, two] = await Promise.all(
      peers.map((peer) =>
        peer.eval(async (moment) => {
          await new Promise((resolve) => setTimeout(resolve, moment - Date.now() - 20));
          while (Date.now() < moment);
          window.e2e.find('rtc-room').setAttribute('joined', '');
          return Date.now();
        }, at),
      ),
    );
    if (Math.abs((one ?? 0) - (two ?? 0)) <= 5) close += 1;
    await Promise.all([alice.waitForFrames('user:bob'), bob.waitForFrames('user:alice')]);
    assert.deepEqual([await alice.connections(), await bob.connections()], [1, 1]);
    await Promise.all(peers.map((peer) => peer.set('rtc-room', 'joined', null)));
    await Promise.all(peers.map((peer) => peer.waitForNothingLive()));
  }
  assert.ok(close >= 5, `${close} rounds were within 5 ms`);
});

e2e(
  'many: a server killed under five pages and started again has all of them back',
  { child: true },
  async (world) => {
    const users = ['one', 'two', 'three', 'four', 'five'];
    const peers = await Promise.all(users.map((user) => world.open(user, sound(user))));
    await assertAllHear(peers);
    for (const peer of peers) peer.expectNoise(/^console: WebSocket connection/);
    const marks = await Promise.all(peers.map((peer) => peer.mark()));
    await world.server.kill();
    await Promise.all(
      peers.map((peer) => peer.waitForAttr('rtc-room', 'connection-state', 'reconnecting')),
    );
    // Nobody needs the server to be heard.
    await assertAllHear(peers);
    await world.server.restart();
    const started = Date.now();
    const back = await Promise.all(
      peers.map(async (peer, i) => {
        await peer.waitForEvent('rtc-joined', {}, marks[i], 60_000);
        return Date.now() - started;
      }),
    );
    await assertAllHear(peers);
    console.log(`back after ${back.join(', ')} ms`);
    for (const [i, peer] of peers.entries()) {
      assert.deepEqual(
        (await peer.events('rtc-error', marks[i])).filter(
          ({ detail }) => (detail['error'] as { fatal: boolean }).fatal,
        ),
        [],
      );
      assert.notEqual(await peer.attr('rtc-room', 'joined'), null);
    }
  },
);
