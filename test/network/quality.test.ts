/** Bad lines: the sound is kept. */
import {
  assert,
  assertMedia,
  caller,
  network,
  SECOND,
  sleep,
  STUN_PORT,
  waitFor,
  type Peer,
} from './harness.js';

const server = { stunPort: STUN_PORT };
/** Sound is listened to for so long, once the line has been bad for `SETTLE`. */
const SPAN = 20 * SECOND;
const SETTLE = 10 * SECOND;

interface Heard {
  time: number;
  samples: number;
  concealed: number;
}

function heard(peer: Peer): Promise<Heard> {
  return peer.eval(async () => {
    const [samples = 0, concealed = 0] = await Promise.all(
      ['totalSamplesReceived', 'concealedSamples'].map((field) =>
        window.e2e.sum('inbound-rtp', 'audio', field),
      ),
    );
    return { time: performance.now(), samples, concealed };
  });
}

/**
 * Of the sound that was due to each of these from one other, how much was decoded from packets, and
 * not made up; printed, and asserted to be 95 %.
 */
async function assertSound(what: string, peers: Peer[]): Promise<void> {
  const before = await Promise.all(peers.map(heard));
  await sleep(SPAN);
  const after = await Promise.all(peers.map(heard));
  const kept = peers.map(({ name }, i) => {
    const [then, now] = [before[i], after[i]];
    if (!then || !now) throw new Error('as many answers as peers');
    const due = ((now.time - then.time) / SECOND) * 48_000;
    return { name, share: (now.samples - then.samples - (now.concealed - then.concealed)) / due };
  });
  const words = kept.map(({ name, share }) => `${name} ${(share * 100).toFixed(1)} %`).join(', ');
  console.log(`sound kept  ${what}: ${words}`);
  for (const { name, share } of kept) assert.ok(share >= 0.95, `${name} heard ${share}`);
}

for (const percent of [5, 20]) {
  network(`${percent} % packet loss: the sound is kept`, { server }, async (world) => {
    const { alice, bob } = await world.call();
    await assertMedia(alice, bob);
    // Both ways, what is asked for again too.
    await world.lab.fault('a', `meta l4proto udp numgen random mod 100 < ${percent} counter drop`);
    await sleep(SETTLE);
    await assertSound(`${percent} % loss`, [alice, bob]);
    const rules = await world.lab.at('nata', 'nft list table ip fault');
    const dropped = Number(/counter packets (\d+)/.exec(rules)?.[1]);
    assert.ok(dropped > 30 * percent, `${dropped} packets were dropped`);
    await assertMedia(alice, bob);
  });
}

network('600 kbit/s uplink, three viewers: the sound is kept', { server }, async (world) => {
  await world.lab.uplink('a', 600);
  const alice = await world.open(
    'a',
    'alice',
    caller('alice', 'mode="live"').replace('160x120@10', '640x360@15'),
  );
  await alice.waitForJoined();
  const viewers = await Promise.all(
    ['vera', 'vito', 'viki'].map((name) =>
      world.open(
        'b',
        name,
        `<rtc-room room-id="8888" mode="live" user-role="audience" user-id="${name}" token-url="/token" joined></rtc-room>`,
      ),
    ),
  );
  await Promise.all(viewers.map((viewer) => viewer.waitForFrames('user:alice', 3)));
  await sleep(SETTLE);
  await assertSound('600 kbit/s for three viewers', viewers);
  const line = await world.lab.at('nata', 'tc -s qdisc show dev wan');
  assert.ok(Number(/overlimits (\d+)/.exec(line)?.[1]) > 0, `the line was never full: ${line}`);
  // Pictures still come.
  const before = await alice.outboundVideoBytes();
  await Promise.all(viewers.map((viewer) => viewer.waitForFrames('user:alice', 3)));
  await waitFor('pictures go out', async () => (await alice.outboundVideoBytes()) > before);
});
