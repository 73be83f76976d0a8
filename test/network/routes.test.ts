/** How media finds its way between two homes, or in words does not. */
import {
  assert,
  assertMedia,
  network,
  routes,
  STUN_PORT,
  timed,
  turn,
  turnCredentials,
  waitForNoRoute,
  type Peer,
} from './harness.js';

const stun = { stunPort: STUN_PORT };

network('NAT to NAT through our own STUN answer', { server: stun }, async (world) => {
  const { alice, bob } = await world.call();
  await assertMedia(alice, bob);
  for (const peer of [alice, bob]) {
    for (const route of await routes(peer)) assert.match(route, /(srflx|prflx)\/(srflx|prflx) udp/);
  }
});

const NO_ROUTE = /No sound or picture arrives from alice.*Configure TURN.*tried again/;

network(
  'symmetric NAT with STUN only ends in words, and is tried again when the network changes',
  { nat: 'symmetric', server: stun },
  async (world) => {
    const { alice, bob } = await world.call();
    assert.match(await waitForNoRoute(bob), NO_ROUTE);
    assert.equal(await bob.frames('user:alice'), 0);
    assert.equal(await bob.attr('rtc-room', 'connection-state'), 'connected');
    await Promise.all([world.lab.nat('a', 'cone'), world.lab.nat('b', 'cone')]);
    await timed('a route opens after all', assertMedia(alice, bob));
    await bob.waitForAttr('rtc-remote-stream', 'playback-state', 'playing');
  },
);

network(
  'symmetric NAT with STUN and TURN: what has no direct path is relayed',
  { nat: 'symmetric', server: { ...stun, turn: turn() } },
  async (world) => {
    const { alice, bob } = await world.call();
    await assertMedia(alice, bob);
    assert.match((await routes(alice)).join(), /relay/);
    // Bob's address at home, which Alice's relay was asked to reach.
    assert.match(world.lab.said.get('turnserver') ?? '', /peer IP 10\.\d+\.0\.2 denied/);
  },
);

network(
  'relay: always through coturn, with the README’s configuration, decodes',
  { nat: 'symmetric', server: { ...stun, turn: turn(), relay: 'always' } },
  async (world) => {
    const { alice, bob } = await world.call();
    await assertMedia(alice, bob);
    for (const peer of [alice, bob]) assert.deepEqual(await routes(peer), ['relay/relay udp']);
    await assertNoAddress(alice, '10.2.0.2', '203.0.113.40');
    await assertNoAddress(bob, '10.1.0.2', '203.0.113.30');
  },
);

network(
  'a page that asks for the relay gets it',
  { server: { ...stun, turn: turn() } },
  async (world) => {
    const { alice, bob } = await world.call(`driver-options='{"iceTransportPolicy": "relay"}'`);
    await assertMedia(alice, bob);
    for (const peer of [alice, bob]) assert.deepEqual(await routes(peer), ['relay/relay udp']);
  },
);

network(
  'an expired TURN credential is refused',
  {
    server: {
      relay: 'always',
      iceServers: [{ urls: turn().urls as string, ...turnCredentials(Date.now() - 3_600_000) }],
    },
  },
  async (world) => {
    const { bob } = await world.call();
    assert.match(await waitForNoRoute(bob), NO_ROUTE);
    assert.equal(await bob.frames('user:alice'), 0);
  },
);

network(
  'the same credential an hour earlier is taken',
  {
    server: {
      relay: 'always',
      iceServers: [{ urls: turn().urls as string, ...turnCredentials(Date.now() + 3_600_000) }],
    },
  },
  async (world) => {
    const { alice, bob } = await world.call();
    await assertMedia(alice, bob);
  },
);

network(
  'UDP blocked: TURN over TCP decodes',
  {
    server: { ...stun, turn: { ...turn(), urls: [turn().urls, turn('tcp').urls].flat() } },
  },
  async (world) => {
    await Promise.all([
      world.lab.fault('a', 'meta l4proto udp drop'),
      world.lab.fault('b', 'meta l4proto udp drop'),
    ]);
    const { alice, bob } = await world.call();
    await assertMedia(alice, bob);
    for (const peer of [alice, bob]) assert.deepEqual(await routes(peer), ['relay/relay tcp']);
  },
);

/** Nothing that this page was told holds one of these. */
async function assertNoAddress(peer: Peer, ...addresses: string[]): Promise<void> {
  const told = await peer.eval(async () => {
    const seen: unknown[] = [];
    for (const pc of window.e2e.peers) {
      if (pc.connectionState === 'closed') continue;
      seen.push(pc.remoteDescription?.sdp);
      for (const stat of (await pc.getStats()).values() as Iterable<RTCStats>)
        if (stat.type === 'remote-candidate') seen.push(stat);
    }
    return JSON.stringify(seen);
  });
  assert.match(told, /typ relay/);
  for (const address of addresses) assert.ok(!told.includes(address), address);
}
