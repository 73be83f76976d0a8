/** TRTC's own SDK, unmodified, behind the elements; the stand-in of test/standins/trtc/ is its cloud. */
import { after, before } from 'node:test';
import type { Page } from 'playwright-core';
import { TrtcStandIn } from '../standins/trtc/server.js';
import { APP, CAMERA, open, serveSdk, userSig } from '../standins/trtc/world.js';
import { assertEverybodySees, assert, suite, waitFor, type Peer } from './harness.js';

const e2e = suite();
let cloud: TrtcStandIn;
before(async () => {
  cloud = await TrtcStandIn.start(APP);
});
after(() => cloud.stop());

const OTHER = { ...APP, secretKey: 'the secret key of somebody else' };

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

/** What may be sent of sound and picture, in bits per second. */
async function waitForBitrates(peer: Peer, wanted: number[]): Promise<void> {
  const now = (): Promise<unknown[]> =>
    peer.eval(() =>
      window.e2e.peers
        .filter(({ connectionState }) => connectionState === 'connected')
        .flatMap((one) => one.getSenders().filter(({ track }) => track))
        .map((sender) => sender.getParameters().encodings[0]?.maxBitrate),
    );
  const same = async (): Promise<boolean> => JSON.stringify(await now()) === JSON.stringify(wanted);
  await waitFor(`the bitrates are ${wanted.join()}`, same, now);
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
  // The profiles' of 240 lines and of speech, then of music.
  await waitForBitrates(alice, [40_000, 400_000]);
  await alice.set('rtc-local-stream', 'audio-profile', 'music');
  await waitForBitrates(alice, [192_000, 400_000]);
  const from = await bob.mark();
  await alice.set('rtc-local-stream', 'video', null);
  await bob.waitForEvent(
    'rtc-stream-updated',
    { stream: { userId: 'alice', hasVideo: false, hasAudio: true } },
    from,
  );
  await bob.waitForSound();
});

e2e('trtc: who was removed from the room may come again', async (world) => {
  const [alice, bob] = await Promise.all([
    open(world, cloud, 'alice'),
    open(world, cloud, 'bob', { inner: '' }),
  ]);
  await bob.waitForFrames('user:alice');
  cloud.removeUser('8888', 'alice');
  await alice.waitForEvent('rtc-left', { reason: 'banned' });
  await alice.assertOut();
  // Without leave() after the ban the SDK refuses this user for the life of the page.
  await alice.set('rtc-room', 'joined', '');
  await bob.waitForFrames('user:alice');
});

e2e('trtc: who leaves while the connection is lost may come again', async (world) => {
  const [alice, bob] = await Promise.all([
    open(world, cloud, 'alice'),
    open(world, cloud, 'bob', { inner: '' }),
  ]);
  await bob.waitForFrames('user:alice');
  alice.expectNoise(/^console: WebSocket connection/);
  cloud.drop('alice');
  await alice.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
  await alice.set('rtc-room', 'joined', null);
  await alice.waitForEvent('rtc-left', { reason: 'leave' });
  await alice.assertOut();
  cloud.restore();
  await alice.set('rtc-room', 'joined', '');
  await bob.waitForFrames('user:alice');
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
