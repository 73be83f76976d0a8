/** Qiniu's real SDK, unchanged, against the stand-in for its cloud: what conformance/ does not tell. */
import { assert, assertEverybodySees, suite, waitFor, type Peer, type World } from './harness.js';
import { CHROMIUM_ONLY, networkOf, open, useCloud, type Member } from './qiniu-harness.js';

const e2e = suite({ chromiumOnly: CHROMIUM_ONLY });
const stand = useCloud();

const enter = (world: World, member: Member): Promise<Peer> => open(world, stand.cloud, member);

/** The one request that the SDK makes elsewhere; the page's policy refuses it. */
const REPORT = 'connect-src: https://pili-rtc-qos.qiniuapi.com/v1/rtcevent ';
/** The SDK throws to nobody when its socket is gone. */
const ABORT = /WebSocket|websocket abort|reconnect failed/;

interface Room extends HTMLElement {
  getStats(): Promise<RTCStatsReport[]>;
}

e2e('qiniu: two people see and hear each other, and nothing leaves the machine', async (world) => {
  const alice = await enter(world, { user: 'alice', room: 'call', more: 'user-data="Alice"' });
  const log = await networkOf(alice);
  const bob = await enter(world, { user: 'bob', room: 'call' });
  await assertEverybodySees({ alice, bob });
  await Promise.all([alice.waitForSound(), bob.waitForSound()]);
  const { detail } = await bob.waitForEvent('rtc-user-joined', { userId: 'alice' });
  assert.equal(detail['userData'], 'Alice');
  // The SDK reports at the end of a stay at the latest.
  await alice.set('rtc-room', 'joined', null);
  await alice.waitForNothingLive();
  const refused = (): Promise<string[]> => alice.eval(() => window.e2e.violations);
  await waitFor('the SDK has tried to report', async () => (await refused()).length > 0);
  assert.deepEqual([...new Set(await refused())], [REPORT]);
  assert.ok(log.inside.some((url) => url.startsWith(`${stand.cloud.origin}/v3/apps/`)));
  assert.deepEqual(log.outside, []);
});

e2e('qiniu: who was removed by the server may come back', async (world) => {
  const room = 'removed';
  const bob = await enter(world, { user: 'bob', room, capture: false });
  await bob.waitForJoined();
  stand.cloud.removeUser(room, 'bob');
  await bob.waitForEvent('rtc-client-banned', { reason: 'banned' });
  await bob.assertOut();
  await bob.set('rtc-room', 'joined', '');
  await bob.waitForJoined();
});

e2e('qiniu: who joins a room where somebody is muted learns it', async (world) => {
  const more = '<rtc-local-stream audio video video-muted profile="160x120@10"></rtc-local-stream>';
  const bob = await enter(world, { user: 'bob', room: 'mute2', capture: false, inner: more });
  await bob.waitForAttr('rtc-local-stream', 'published', '');
  const alice = await enter(world, { user: 'alice', room: 'mute2', capture: false });
  await alice.waitForEvent('rtc-mute-changed', { userId: 'bob', kind: 'video', muted: true });
  await bob.set('rtc-local-stream', 'video-muted', null);
  await alice.waitForFrames('user:bob');
});

e2e('qiniu: media and role survive a lost connection', async (world) => {
  const room = 'role';
  const options = { requestTimeout: 1_500 };
  const anna = await enter(world, { user: 'anna', room, more: 'mode="live"', options });
  const more = 'mode="live" user-role="audience"';
  const victor = await enter(world, { user: 'victor', room, more, options });
  await victor.waitForFrames('user:anna');
  await victor.set('rtc-room', 'user-role', 'anchor');
  await anna.waitForFrames('user:victor');

  victor.expectNoise(ABORT);
  const from = await anna.mark();
  stand.cloud.drop('victor');
  await victor.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
  await Promise.all([victor.waitForFrames('user:anna'), anna.waitForFrames('user:victor')]);
  await victor.waitForAttr('rtc-room', 'connection-state', 'reconnected');
  assert.deepEqual(await anna.events('rtc-user-left', from), []);

  // The SDK has come back as an audience: without its role, Qiniu would refuse this.
  await victor.set('rtc-local-stream', 'no-publish', '');
  await anna.waitForEvent('rtc-stream-removed', { stream: { userId: 'victor' } }, from);
  await victor.set('rtc-local-stream', 'no-publish', null);
  await anna.waitForEvent('rtc-stream-added', { stream: { userId: 'victor' } }, from);
  await anna.waitForFrames('user:victor');
  assert.deepEqual(await victor.events('rtc-error'), []);
});

e2e('qiniu: who leaves while something is being subscribed to is gone', async (world) => {
  const room = 'gone';
  const bob = await enter(world, { user: 'bob', room });
  const more = 'subscribe="none"';
  const carol = await enter(world, { user: 'carol', room, capture: false, more });
  await carol.waitForJoined();
  await bob.waitForAttr('rtc-local-stream', 'published', '');
  const gate = stand.cloud.gates.close('subscription');
  const alice = await enter(world, { user: 'alice', room, capture: false });
  // The SDK throws then, and its own event does not come.
  alice.expectNoise(/reading 'userID'/);
  await gate.reached;
  await alice.waitForEvent('rtc-user-joined', { userId: 'carol' });
  await carol.set('rtc-room', 'joined', null);
  await alice.waitForEvent('rtc-user-left', { userId: 'carol' });
  gate.open();
  await alice.waitForFrames('user:bob');
});

e2e('qiniu: getStats() tells the rates of what is sent and received', async (world) => {
  const room = 'stats';
  const [alice, bob] = await Promise.all(
    ['alice', 'bob'].map((user) => enter(world, { user, room })),
  );
  assert.ok(alice && bob);
  await assertEverybodySees({ alice, bob });
  const rates = (): Promise<Record<string, number>> =>
    alice.eval(async () => {
      const room = window.e2e.find('rtc-room') as Room;
      const found: Record<string, number> = {};
      for (const report of await room.getStats()) {
        for (const stat of report.values() as Iterable<Record<string, unknown>>)
          found[`${String(stat['type'])} ${String(stat['kind'])}`] = Number(stat['bitrate'] ?? 0);
      }
      return found;
    });
  const wanted = ['audio', 'video'].flatMap((kind) => [
    `inbound-rtp ${kind}`,
    `outbound-rtp ${kind}`,
  ]);
  await waitFor(
    'each direction and kind has a rate',
    async () => {
      const found = await rates();
      return wanted.every((one) => (found[one] ?? 0) > 1_000);
    },
    rates,
  );
  await alice.set('rtc-room', 'subscribe', 'none');
  await waitFor('nothing is received', async () => !('inbound-rtp video' in (await rates())));
});
