/** Qiniu's real SDK, unchanged, against the stand-in for its cloud: the stories of a call. */
import { issue } from '../standins/qiniu/index.js';
import {
  assert,
  assertEverybodySees,
  endingOf,
  suite,
  waitFor,
  type Peer,
  type World,
} from './harness.js';
import { CHROMIUM_ONLY, networkOf, open, useCloud, type Member } from './qiniu-harness.js';

const e2e = suite({ chromiumOnly: CHROMIUM_ONLY });
const stand = useCloud();

const enter = (world: World, member: Member): Promise<Peer> => open(world, stand.cloud, member);

/** The one request that the SDK makes elsewhere; the page's policy refuses it. */
const REPORT = 'connect-src: https://pili-rtc-qos.qiniuapi.com/v1/rtcevent ';
/** The SDK throws to nobody when its socket is gone. */
const ABORT = /WebSocket|websocket abort|reconnect failed/;

interface Room extends HTMLElement {
  sendMessage(data: string, to?: string | string[]): Promise<void>;
  kick(userId: string): Promise<void>;
}

/** Two people who see each other. */
async function pair(world: World, room: string, options = {}): Promise<{ alice: Peer; bob: Peer }> {
  const alice = await enter(world, { user: 'alice', room, options });
  const bob = await enter(world, { user: 'bob', room, options });
  await assertEverybodySees({ alice, bob });
  return { alice, bob };
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

e2e('qiniu: leaving tells the others, and joining anew brings frames again', async (world) => {
  const { alice, bob } = await pair(world, 'rejoin');
  const from = await bob.mark();
  await alice.set('rtc-room', 'joined', null);
  await bob.waitForEvent('rtc-user-left', { userId: 'alice' }, from);
  await bob.waitForEvent('rtc-stream-removed', { stream: { userId: 'alice' } }, from);
  await alice.assertOut();
  await alice.set('rtc-room', 'joined', '');
  await assertEverybodySees({ alice, bob });
});

e2e('qiniu: an audience becomes an anchor and goes back', async (world) => {
  const room = 'live';
  const anchor = await enter(world, { user: 'anna', room, more: 'mode="live"' });
  const more = 'mode="live" user-role="audience"';
  const viewer = await enter(world, { user: 'victor', room, more });
  await viewer.waitForFrames('user:anna');
  assert.equal(await viewer.eval(() => window.e2e.asked), 0, 'no device was asked for');
  const joined = await anchor.waitForEvent('rtc-user-joined', { userId: 'victor' });
  assert.equal(joined.detail['userRole'], 'audience');

  await viewer.set('rtc-room', 'user-role', 'anchor');
  await viewer.waitForEvent('rtc-role-changed', { userRole: 'anchor' });
  await anchor.waitForFrames('user:victor');
  await anchor.waitForEvent('rtc-user-updated', { userId: 'victor', userRole: 'anchor' });

  const from = await anchor.mark();
  await viewer.set('rtc-room', 'user-role', 'audience');
  await viewer.waitForEvent('rtc-role-changed', { userRole: 'audience' });
  await anchor.waitForEvent('rtc-stream-removed', { stream: { userId: 'victor' } }, from);
  await waitFor('the camera is off', async () => (await viewer.live()).tracks === 0);
  await viewer.waitForFrames('user:anna');
});

e2e('qiniu: anchors of two rooms see each other through links', async (world) => {
  const member = (user: string, room: string, other: string, otherRoom: string): Member => ({
    user,
    room,
    more: 'mode="live"',
    inner: `<rtc-cross-room-link room-id="${otherRoom}" user-id="${other}"
      token="${issue({ roomName: otherRoom, userId: user })}"></rtc-cross-room-link>`,
  });
  const [a, b] = await Promise.all([
    enter(world, member('A', 'cross1', 'B', 'cross2')),
    enter(world, member('B', 'cross2', 'A', 'cross1')),
  ]);
  await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
  await a.waitForAttr('rtc-cross-room-link', 'link-state', 'linked');
  assert.deepEqual(await a.events('rtc-left'), [], 'the second client kicked nobody');
});

e2e('qiniu: who is removed by the server is out, and may come back', async (world) => {
  const { alice, bob } = await pair(world, 'kick');
  const from = await bob.mark();
  stand.cloud.removeUser('kick', 'bob');
  await bob.waitForEvent('rtc-client-banned', { reason: 'banned' }, from);
  await bob.assertOut();
  assert.deepEqual(await endingOf(bob, from), [
    'rtc-connection-state-changed banned',
    'rtc-client-banned banned',
    'rtc-left banned',
  ]);
  await alice.waitForEvent('rtc-user-left', { userId: 'bob' });
  await bob.set('rtc-room', 'joined', '');
  await assertEverybodySees({ alice, bob });
});

e2e('qiniu: an admin’s token removes others', async (world) => {
  const room = 'moderate';
  const alice = await enter(world, { user: 'alice', room, permission: 'admin' });
  const bob = await enter(world, { user: 'bob', room });
  await alice.waitForFrames('user:bob');
  await alice.eval(() => (window.e2e.find('rtc-room') as Room).kick('bob'));
  await bob.waitForEvent('rtc-client-banned', { reason: 'banned' });
  await bob.assertOut();
});

e2e('qiniu: the same user elsewhere ends the earlier stay', async (world) => {
  const first = await enter(world, { user: 'alice', room: 'twice' });
  await first.waitForJoined();
  const second = await enter(world, { user: 'alice', room: 'twice' });
  await first.waitForEvent('rtc-client-banned', { reason: 'kick' });
  await first.assertOut();
  assert.equal(await second.attr('rtc-room', 'connection-state'), 'connected');
});

e2e('qiniu: a dismissed room ends for everybody', async (world) => {
  const { alice, bob } = await pair(world, 'dismiss');
  stand.cloud.dismiss('dismiss');
  for (const peer of [alice, bob]) {
    await peer.waitForEvent('rtc-client-banned', { reason: 'room_disband' });
    await peer.assertOut();
  }
});

e2e('qiniu: messages reach all, or those named, and not the sender', async (world) => {
  const room = 'talk';
  const [alice, bob, carol] = await Promise.all(
    ['alice', 'bob', 'carol'].map((user) => enter(world, { user, room, capture: false })),
  );
  assert.ok(alice && bob && carol);
  await alice.waitForEvent('rtc-user-joined', { userId: 'bob' });
  await alice.waitForEvent('rtc-user-joined', { userId: 'carol' });
  await alice.eval(async () => {
    const element = window.e2e.find('rtc-room') as Room;
    await element.sendMessage('to bob', 'bob');
    await element.sendMessage('to nobody here', ['dave']);
    await element.sendMessage('to all');
  });
  await bob.waitForEvent('rtc-message-received', { from: 'alice', data: 'to bob' });
  await bob.waitForEvent('rtc-message-received', { from: 'alice', data: 'to all' });
  await carol.waitForEvent('rtc-message-received', { from: 'alice', data: 'to all' });
  assert.equal((await carol.events('rtc-message-received')).length, 1);
  assert.deepEqual(await alice.events('rtc-message-received'), []);
});

e2e('qiniu: a kick message is obeyed where kick-from names its sender', async (world) => {
  const room = 'ask';
  const alice = await enter(world, { user: 'alice', room, capture: false });
  const bob = await enter(world, { user: 'bob', room, more: 'kick-from="alice"' });
  await alice.waitForEvent('rtc-user-joined', { userId: 'bob' });
  await bob.waitForJoined();
  await alice.eval(() => (window.e2e.find('rtc-room') as Room).kick('bob'));
  await bob.waitForEvent('rtc-left', { reason: 'kicked-by-user', by: 'alice' });
  await bob.assertOut();
});

e2e('qiniu: muted media is not sent, and comes back', async (world) => {
  const { alice, bob } = await pair(world, 'mute');
  const muted = { userId: 'bob', muted: true };
  await bob.set('rtc-local-stream', 'video-muted', '');
  await alice.waitForEvent('rtc-mute-changed', { ...muted, kind: 'video' });
  await waitFor('the camera is released', async () => (await bob.live()).tracks === 1);
  assert.equal(await bob.attr('rtc-local-stream', 'published'), '', 'still published');
  await bob.set('rtc-local-stream', 'video-muted', null);
  await alice.waitForEvent('rtc-mute-changed', { ...muted, kind: 'video', muted: false });
  await alice.waitForFrames('user:bob');
  await bob.set('rtc-local-stream', 'audio-muted', '');
  await alice.waitForEvent('rtc-mute-changed', { ...muted, kind: 'audio' });
  assert.equal((await bob.live()).tracks, 2, 'the microphone is kept');
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

e2e('qiniu: a shared screen is a second stream', async (world) => {
  const button = '<button id="share" commandfor="mine" command="--toggle-screen">Share</button>';
  const local = '<rtc-local-stream id="mine" audio video profile="160x120@10"></rtc-local-stream>';
  const room = 'screen';
  const inner = button + local;
  const bob = await open(
    world,
    stand.cloud,
    { user: 'bob', room, capture: false, inner },
    {
      // A picture of the page's own: headless browsers have no screen.
      init: () => {
        navigator.mediaDevices.getDisplayMedia = () => {
          const canvas = Object.assign(document.createElement('canvas'), {
            width: 320,
            height: 200,
          });
          const context = canvas.getContext('2d');
          setInterval(() => context?.fillRect(Math.random() * 320, Math.random() * 200, 9, 9), 50);
          return Promise.resolve(canvas.captureStream(10));
        };
      },
    },
  );
  const face = '<rtc-remote-stream id="face" user-id="bob"></rtc-remote-stream>';
  const shown = `<rtc-remote-stream id="screen" user-id="bob" stream-type="auxiliary"></rtc-remote-stream>`;
  const alice = await enter(world, { user: 'alice', room, capture: false, inner: face + shown });
  await alice.waitForFrames('#face');
  await bob.click('#share');
  await alice.waitForFrames('#screen');
  await alice.waitForFrames('#face');
  await bob.click('#share');
  await alice.waitForEvent('rtc-stream-removed', { stream: { type: 'auxiliary' } });
  await alice.waitForFrames('#face');
});

e2e('qiniu: media goes on while signalling is cut, and the stay is resumed', async (world) => {
  const { alice, bob } = await pair(world, 'drop', { requestTimeout: 1_500 });
  const from = await bob.mark();
  alice.expectNoise(ABORT);
  stand.cloud.drop('alice');
  await alice.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
  await Promise.all([alice.waitForFrames('user:bob'), bob.waitForFrames('user:alice')]);
  await alice.waitForAttr('rtc-room', 'connection-state', 'reconnected');
  await assertEverybodySees({ alice, bob });
  assert.deepEqual(await alice.events('rtc-left'), []);
  assert.deepEqual(await bob.events('rtc-user-left', from), []);
});

e2e('qiniu: after a restart of the servers everybody is back by himself', async (world) => {
  const { alice, bob } = await pair(world, 'restart', { requestTimeout: 1_500 });
  for (const peer of [alice, bob]) peer.expectNoise(ABORT);
  const marks = await Promise.all([alice.mark(), bob.mark()]);
  stand.cloud.restart();
  await alice.waitForEvent('rtc-left', { reason: 'connection-lost' }, marks[0]);
  await alice.waitForEvent('rtc-joined', {}, marks[0]);
  await bob.waitForEvent('rtc-joined', {}, marks[1]);
  await assertEverybodySees({ alice, bob });
});
