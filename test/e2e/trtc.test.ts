/** TRTC's own SDK, unmodified, behind the elements; the stand-in of test/standins/trtc/ is its cloud. */
import { after, before } from 'node:test';
import type { Page } from 'playwright-core';
import { SDK_INTEGRITY } from '../standins/trtc/sdk.js';
import { TrtcStandIn } from '../standins/trtc/server.js';
import { APP, CAMERA, open, serveSdk, userSig } from '../standins/trtc/world.js';
import { assertEverybodySees, assert, endingOf, suite, waitFor, type Peer } from './harness.js';

const e2e = suite();
let cloud: TrtcStandIn;
before(async () => {
  cloud = await TrtcStandIn.start(APP);
});
after(() => cloud.stop());

const OTHER = { ...APP, secretKey: 'the secret key of somebody else' };

const live = (role: string): string => `mode="live" user-role="${role}"`;

/** What is shared is a picture of the page's own: headless browsers have no screen. */
function shareCanvas(): void {
  navigator.mediaDevices.getDisplayMedia = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 200 });
    const context = canvas.getContext('2d');
    setInterval(() => context?.fillRect(Math.random() * 320, Math.random() * 200, 9, 9), 50);
    const stream = canvas.captureStream(10);
    window.e2e.tracks.push(...stream.getTracks());
    return Promise.resolve(stream);
  };
}

/** Every host that the page asked for anything, ICE servers and WebSockets included. */
async function hostsOf(peer: Peer): Promise<string[]> {
  const addresses = await peer.eval(() => [
    ...performance.getEntriesByType('resource').map(({ name }) => name),
    ...window.e2e.sockets.map(({ url }) => url),
    ...window.e2e.peers
      .flatMap((one) => one.getConfiguration().iceServers ?? [])
      .flatMap(({ urls }) => urls),
  ]);
  return [...new Set(addresses.map((address) => new URL(address).hostname))];
}

e2e('trtc: two pages see and hear each other, and talk to nobody else', async (world) => {
  const [alice, bob] = await Promise.all([open(world, cloud, 'alice'), open(world, cloud, 'bob')]);
  const asked = new Set<string>();
  // This suite's pages are Playwright's.
  (alice.page as Page).on('request', (request) => asked.add(new URL(request.url()).hostname));
  await assertEverybodySees({ alice, bob });
  await Promise.all([alice.waitForSound(), bob.waitForSound()]);
  await alice.waitForAttr('rtc-local-stream', 'published', '');
  await alice.waitForEvent('rtc-network-quality');
  await alice.set('rtc-room', 'joined', null);
  await alice.waitForNothingLive();
  await bob.waitForEvent('rtc-user-left', { userId: 'alice' });
  await alice.set('rtc-room', 'joined', '');
  await assertEverybodySees({ alice, bob });
  assert.deepEqual(await hostsOf(alice), ['127.0.0.1']);
  assert.deepEqual([...asked], ['127.0.0.1']);
  assert.deepEqual(await alice.events('rtc-error'), []);
});

e2e('trtc: mute and unmute, sound and picture, reach the others', async (world) => {
  const [alice, bob] = await Promise.all([
    open(world, cloud, 'alice'),
    open(world, cloud, 'bob', { inner: '' }),
  ]);
  await bob.waitForFrames('user:alice');
  for (const kind of ['audio', 'video'] as const) {
    let from = await bob.mark();
    await alice.set('rtc-local-stream', `${kind}-muted`, '');
    await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind, muted: true }, from);
    from = await bob.mark();
    await alice.set('rtc-local-stream', `${kind}-muted`, null);
    await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind, muted: false }, from);
  }
  await Promise.all([bob.waitForFrames('user:alice'), bob.waitForSound()]);
  assert.deepEqual(await bob.events('rtc-stream-removed'), []);
});

e2e('trtc: a camera that is muted before it is published starts when unmuted', async (world) => {
  const inner = CAMERA.replace(' video ', ' video video-muted ');
  const [alice, bob] = await Promise.all([
    open(world, cloud, 'alice', { inner }),
    open(world, cloud, 'bob', { inner: '' }),
  ]);
  await bob.waitForEvent('rtc-stream-added', { stream: { userId: 'alice', hasVideo: true } });
  await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'video', muted: true });
  await alice.set('rtc-local-stream', 'video-muted', null);
  await bob.waitForFrames('user:alice');
});

e2e('trtc: tracks are added, changed and taken away in place', async (world) => {
  const inner = '<rtc-local-stream audio profile="160x120@10"></rtc-local-stream>';
  const [alice, bob] = await Promise.all([
    open(world, cloud, 'alice', { inner }),
    open(world, cloud, 'bob', { inner: '' }),
  ]);
  await bob.waitForEvent('rtc-stream-added', { stream: { userId: 'alice', hasVideo: false } });
  await alice.set('rtc-local-stream', 'video', '');
  await bob.waitForEvent('rtc-stream-updated', { stream: { userId: 'alice', hasVideo: true } });
  await bob.waitForFrames('user:alice');
  await alice.set('rtc-local-stream', 'profile', '320x240@10');
  await waitFor('the picture has the new size', async () => {
    const [width] = await bob.eval(() =>
      window.e2e
        .showing('alice')
        .map((element) => element.shadowRoot?.querySelector('video')?.videoWidth),
    );
    return width === 320;
  });
  const from = await bob.mark();
  await alice.set('rtc-local-stream', 'video', null);
  await bob.waitForEvent(
    'rtc-stream-updated',
    { stream: { userId: 'alice', hasVideo: false, hasAudio: true } },
    from,
  );
  await bob.waitForSound();
});

e2e('trtc: live: an audience becomes an anchor, goes back, and comes again', async (world) => {
  const [anna, victor] = await Promise.all([
    open(world, cloud, 'anna', { more: live('anchor') }),
    open(world, cloud, 'victor', { more: live('audience') }),
  ]);
  await victor.waitForFrames('user:anna');
  assert.equal(await victor.eval(() => window.e2e.asked), 0, 'no device was asked for');
  for (let round = 0; round < 2; round++) {
    const from = await anna.mark();
    await victor.set('rtc-room', 'user-role', 'anchor');
    await victor.waitForEvent('rtc-role-changed', { userRole: 'anchor' });
    await anna.waitForEvent('rtc-stream-added', { stream: { userId: 'victor' } }, from);
    await anna.waitForFrames('user:victor');
    await victor.set('rtc-room', 'user-role', 'audience');
    await waitFor('the camera is off', async () => (await victor.live()).tracks === 0);
    await anna.waitForEvent('rtc-stream-removed', { stream: { userId: 'victor' } }, from);
    await anna.waitForEvent('rtc-user-left', { userId: 'victor' }, from);
  }
  await victor.waitForFrames('user:anna');
  assert.deepEqual(await victor.events('rtc-left'), []);
});

e2e('trtc: anchors in two rooms see each other through links', async (world) => {
  const linked = (room: string, user: string): string =>
    `${CAMERA}<rtc-cross-room-link room-id="${room}" user-id="${user}"></rtc-cross-room-link>`;
  const [a, b] = await Promise.all([
    open(world, cloud, 'A', { room: '1000', more: live('anchor'), inner: linked('2000', 'B') }),
    open(world, cloud, 'B', { room: '2000', more: live('anchor'), inner: linked('1000', 'A') }),
  ]);
  await assertEverybodySees({ A: a, B: b });
  assert.deepEqual(
    [...(await a.events('rtc-client-banned')), ...(await b.events('rtc-client-banned'))],
    [],
  );
  await a.set('rtc-cross-room-link', 'disabled', '');
  await a.waitForAttr('rtc-cross-room-link', 'link-state', 'idle');
  await b.waitForFrames('user:A');
  await a.set('rtc-cross-room-link', 'disabled', null);
  await a.waitForFrames('user:B');
});

e2e('trtc: the same user elsewhere ends the earlier stay with kick', async (world) => {
  const [first, bob] = await Promise.all([open(world, cloud, 'alice'), open(world, cloud, 'bob')]);
  await bob.waitForFrames('user:alice');
  const from = await first.mark();
  const second = await open(world, cloud, 'alice');
  await first.waitForEvent('rtc-left', { reason: 'kick' }, from);
  assert.deepEqual(await endingOf(first, from), [
    'rtc-connection-state-changed kick',
    'rtc-client-banned kick',
    'rtc-left kick',
  ]);
  await first.assertOut();
  await assertEverybodySees({ alice: second, bob });
});

for (const [what, reason, act] of [
  ['removed from', 'banned', () => cloud.removeUser('8888', 'alice')],
  ['in a dismissed room, he leaves', 'room_disband', () => cloud.dismiss('8888')],
] as const) {
  e2e(`trtc: a user is ${what} the room with ${reason}, and may come again`, async (world) => {
    const [alice, bob] = await Promise.all([
      open(world, cloud, 'alice'),
      open(world, cloud, 'bob', { inner: '' }),
    ]);
    await bob.waitForFrames('user:alice');
    const from = await alice.mark();
    act();
    await alice.waitForEvent('rtc-left', { reason }, from);
    assert.deepEqual(await endingOf(alice, from), [
      `rtc-connection-state-changed ${reason}`,
      `rtc-client-banned ${reason}`,
      `rtc-left ${reason}`,
    ]);
    await alice.assertOut();
    // Without leave() after the ban the SDK refuses this user for the life of the page.
    await alice.set('rtc-room', 'joined', '');
    await bob.set('rtc-room', 'joined', '');
    await bob.waitForFrames('user:alice');
  });
}

e2e('trtc: a dropped connection comes back by itself', async (world) => {
  const [alice, bob] = await Promise.all([open(world, cloud, 'alice'), open(world, cloud, 'bob')]);
  await assertEverybodySees({ alice, bob });
  const from = await alice.mark();
  alice.expectNoise(/^console: WebSocket connection/);
  cloud.drop('alice');
  await alice.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
  cloud.restore();
  await alice.waitForAttr('rtc-room', 'connection-state', 'reconnected');
  assert.deepEqual(await alice.states(from), ['reconnecting', 'reconnected']);
  await alice.set('rtc-local-stream', 'audio-muted', '');
  await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'audio', muted: true });
  await assertEverybodySees({ alice, bob });
  assert.deepEqual(await bob.events('rtc-user-left'), []);
});

e2e('trtc: a cloud that starts anew is joined again', async (world) => {
  const [alice, bob] = await Promise.all([open(world, cloud, 'alice'), open(world, cloud, 'bob')]);
  await assertEverybodySees({ alice, bob });
  const from = await alice.mark();
  cloud.restart();
  await alice.waitForEvent('rtc-connection-state-changed', { state: 'reconnecting' }, from);
  await bob.waitForEvent('rtc-stream-removed', { stream: { userId: 'alice' } });
  await bob.waitForEvent('rtc-stream-added', { stream: { userId: 'alice' } }, from);
  await assertEverybodySees({ alice, bob });
  assert.equal(await alice.attr('rtc-local-stream', 'published'), '');
});

e2e('trtc: the SDK comes from another origin with its hash', async (world) => {
  const sdkUrl = `${cloud.proxy.loggerProxy}/trtc.js`;
  const more = `sdk-url="${sdkUrl}" sdk-integrity="${SDK_INTEGRITY}"`;
  const [alice, bob] = await Promise.all([
    open(world, cloud, 'alice', { more }),
    open(world, cloud, 'bob', { inner: '', more }),
  ]);
  await bob.waitForFrames('user:alice');
  assert.equal(
    await alice.eval(() => document.querySelector<HTMLScriptElement>('head > [integrity]')?.src),
    sdkUrl,
  );
});

e2e('trtc: what is muted while the connection is lost is told afterwards', async (world) => {
  const [alice, bob] = await Promise.all([
    open(world, cloud, 'alice'),
    open(world, cloud, 'bob', { inner: '' }),
  ]);
  await bob.waitForFrames('user:alice');
  alice.expectNoise(/^console: WebSocket connection/);
  cloud.drop('alice');
  await alice.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
  await alice.set('rtc-local-stream', 'audio-muted', '');
  await bob.waitForFrames('user:alice', 10);
  cloud.restore();
  await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'audio', muted: true });
});

e2e('trtc: a shared screen is a second stream', async (world) => {
  const inner = `${CAMERA.replace('<rtc-local-stream', '<rtc-local-stream id="mine"')}
<button id="share" commandfor="mine" command="--toggle-screen">Share</button>`;
  const views = `<rtc-remote-stream id="face" user-id="alice"></rtc-remote-stream>
<rtc-remote-stream id="screen" user-id="alice" stream-type="auxiliary"></rtc-remote-stream>`;
  const [alice, bob] = await Promise.all([
    open(world, cloud, 'alice', { inner, init: shareCanvas }),
    open(world, cloud, 'bob', { inner: views, more: 'layout="none"' }),
  ]);
  await bob.waitForFrames('#face');
  for (let round = 0; round < 2; round++) {
    const from = await bob.mark();
    await alice.click('#share');
    await bob.waitForEvent(
      'rtc-stream-added',
      { stream: { userId: 'alice', type: 'auxiliary' } },
      from,
    );
    await Promise.all([bob.waitForFrames('#screen'), bob.waitForFrames('#face')]);
    await alice.click('#share');
    await bob.waitForEvent('rtc-stream-removed', { stream: { type: 'auxiliary' } }, from);
    await waitFor('the screen is let go', async () => (await alice.live()).tracks === 2);
  }
  await bob.waitForFrames('#face');
});

for (const [what, code, prepare] of [
  ['a userSig of another key', 'auth', async () => ({ token: await userSig('alice', OTHER) })],
  ['a userSig of another user', 'auth', async () => ({ token: await userSig('bob') })],
  [
    'a suspended application',
    'forbidden',
    () => {
      cloud.refuse('alice', -100_013);
      return Promise.resolve({});
    },
  ],
  ['a room id that TRTC has not', 'argument', () => Promise.resolve({ room: '房间' })],
] as const) {
  e2e(`trtc: ${what} is refused with ${code}`, async (world) => {
    const alice = await open(world, cloud, 'alice', { inner: '', ...(await prepare()) });
    const { detail } = await alice.waitForEvent('rtc-error', { error: { code } });
    assert.deepEqual(detail['reverted'], ['joined']);
    await alice.assertOut();
  });
}

e2e('trtc: waits for an app-id, and joins a string room when it is there', async (world) => {
  const alice = await open(world, cloud, 'alice', { room: 'lobby:1', more: 'app-id=""' });
  const bob = await open(world, cloud, 'bob', { room: 'lobby:1', inner: '' });
  const { detail } = await alice.waitForEvent('rtc-error', { error: { code: 'argument' } });
  assert.deepEqual(detail['reverted'], []);
  await alice.set('rtc-room', 'app-id', String(APP.sdkAppId));
  await bob.waitForFrames('user:alice');
});

e2e('trtc: without the SDK it says how to bring it', async (world) => {
  const alice = await world.open(
    'alice',
    `<rtc-room provider="trtc" app-id="1" token="t" room-id="1" user-id="alice" joined></rtc-room>`,
  );
  const { detail } = await alice.waitForEvent('rtc-error', { error: { code: 'sdk-missing' } });
  assert.match(
    (detail['error'] as Error).message,
    /npm install trtc-js-sdk.*sdk-url.*window\.TRTC/,
  );
  await alice.assertOut();
});

e2e('trtc: loads the SDK under a strict policy with Trusted Types', async (world) => {
  serveSdk(world);
  const policy = [
    "default-src 'none'",
    "script-src 'self' blob:",
    // What the SDK itself needs: its log, its WebSocket.
    `connect-src 'self' ${Object.values(cloud.proxy).join(' ')}`,
    "style-src 'self'",
    'media-src blob:',
    "require-trusted-types-for 'script'",
    'trusted-types lit-html rtc-elements-trtc',
  ].join('; ');
  const headers = { 'content-security-policy': policy };
  const [alice, bob] = await Promise.all([
    open(world, cloud, 'alice', { headers }),
    open(world, cloud, 'bob', { headers }),
  ]);
  await assertEverybodySees({ alice, bob });
  assert.deepEqual(await alice.eval(() => window.e2e.violations), []);
});
