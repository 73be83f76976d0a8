/** Qiniu: joins that are refused, and joins that do not settle. */
import { issue } from '../standins/qiniu/index.js';
import { assert, suite, waitFor, type Peer, type World } from './harness.js';
import { CHROMIUM_ONLY, open, useCloud, type Member } from './qiniu-harness.js';

const e2e = suite({ chromiumOnly: CHROMIUM_ONLY });
const stand = useCloud();

const enter = (world: World, member: Partial<Member>): Promise<Peer> =>
  open(world, stand.cloud, { user: 'alice', room: 'refused', capture: false, ...member });

async function assertRefused(peer: Peer, code: string): Promise<void> {
  const { detail } = await peer.waitForEvent('rtc-error', { error: { code } });
  assert.equal((detail['error'] as { fatal: boolean }).fatal, true);
  assert.deepEqual(detail['reverted'], ['joined']);
  await peer.assertOut();
  assert.deepEqual(await peer.events('rtc-joined'), []);
}

e2e('qiniu: a token that Qiniu does not sign so is refused with auth', async (world) => {
  const token = issue({ roomName: 'refused', userId: 'alice' }).replace(/:.{4}/, ':AAAA');
  const alice = await enter(world, { token });
  alice.expectNoise(/401/);
  await assertRefused(alice, 'auth');
});

e2e('qiniu: an expired token is refused with auth', async (world) => {
  const alice = await enter(world, {
    token: issue({ roomName: 'refused', userId: 'alice', expireAt: 1_700_000_000 }),
  });
  alice.expectNoise(/401/);
  await assertRefused(alice, 'auth');
});

e2e('qiniu: another room’s token is refused before anybody is asked', async (world) => {
  const asked = stand.cloud.requests.length;
  const alice = await enter(world, { token: issue({ roomName: 'other', userId: 'alice' }) });
  await assertRefused(alice, 'auth');
  assert.deepEqual(
    stand.cloud.requests.slice(asked).filter((path) => path.includes('/auth')),
    [],
  );
});

for (const [code, error, meaning] of [
  [10001, 'token error', 'auth'],
  [10002, 'token expired', 'auth'],
  [10011, 'room full', 'room-full'],
  [10012, 'room not exist', 'join-failed'],
  [10054, 'media format not support', 'unsupported'],
] as const) {
  e2e(`qiniu: ${code} of the signalling is ${meaning}`, async (world) => {
    stand.cloud.signalling.refusals.push({ code, error });
    const alice = await enter(world, {});
    await assertRefused(alice, meaning);
  });
}

e2e('qiniu: servers that are down are asked again, seldom, until they answer', async (world) => {
  stand.cloud.unavailable = true;
  try {
    const alice = await enter(world, { options: { requestTimeout: 1_000 } });
    // With no answer of its own hosts the SDK asks Qiniu’s two: the policy refuses that.
    alice.expectNoise(/503|rtc\.qiniu(api)?\.com/);
    // The SDK's own promise never settles: ours gives up in time.
    const { detail } = await alice.waitForEvent('rtc-error', { error: { code: 'timeout' } });
    assert.deepEqual(detail['reverted'], []);
    assert.equal(await alice.attr('rtc-room', 'joined'), '');
    stand.cloud.unavailable = false;
    await alice.waitForJoined();
    await waitFor('one stay is all there is', () => {
      const [session, ...more] = stand.cloud.signalling.find('alice');
      return !!session && !more.length;
    });
  } finally {
    stand.cloud.unavailable = false;
  }
});
