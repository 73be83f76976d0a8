/** Bad input: cameras and microphones that cannot be had; see `permissions` for those that are refused. */
import { assert, caller, suite } from './harness.js';
import { assertError, room } from './refusals.js';

const e2e = suite({
  args: ['--host-resolver-rules=MAP insecure.test 127.0.0.1'],
  firefoxPrefs: { 'network.dns.localDomains': 'insecure.test' },
});

/** `getUserMedia` fails for the camera as it does on such a machine. */
const failing: Record<string, () => void> = {
  missing: () => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (constraints) =>
      constraints?.video
        ? Promise.reject(new DOMException('Requested device not found', 'NotFoundError'))
        : ask(constraints);
  },
  busy: () => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (constraints) =>
      constraints?.video
        ? Promise.reject(new DOMException('Could not start video source', 'NotReadableError'))
        : ask(constraints);
  },
};

for (const [how, code] of [
  ['missing', 'device-missing'],
  ['busy', 'device-busy'],
] as const) {
  e2e(
    `bad input: a camera that is ${how} fails with ${code}, and the room is joined`,
    async (world) => {
      const peer = await world.open('page', caller('alice').replace(' audio', ''), {
        init: failing[how],
      });
      await assertError(peer, { code, fatal: true, reverted: ['video'] }, 'rtc-local-stream');
      assert.equal(await peer.attr('rtc-local-stream', 'video'), null, 'taken back');
      await peer.waitForAttr('rtc-local-stream', 'capture-state', 'failed');
      await peer.waitForJoined();
      assert.equal((await peer.live()).tracks, 0);
    },
  );
}

for (const [how, code] of [
  ['missing', 'device-missing'],
  ['busy', 'device-busy'],
] as const) {
  e2e(
    `bad input: of two devices with a camera that is ${how}, the microphone goes on`,
    async (world) => {
      const bob = await world.open('bob', room('room-id="8888" user-id="bob" joined'));
      const peer = await world.open('page', caller('alice'), { init: failing[how] });
      await assertError(peer, { code }, 'rtc-local-stream');
      for (const name of ['audio', 'video'])
        assert.equal(await peer.attr('rtc-local-stream', name), '', `${name} is wished for still`);
      await peer.waitForAttr('rtc-local-stream', 'capture-state', 'live');
      await bob.waitForEvent('rtc-stream-added', { stream: { userId: 'alice', hasAudio: true } });
      await bob.waitForSound();
      assert.equal((await peer.live()).tracks, 1);
    },
  );
}

e2e('bad input: an insecure context is told as such', async (world) => {
  const peer = await world.open(
    'page',
    '<rtc-local-stream audio video preview></rtc-local-stream>',
    { host: 'insecure.test' },
  );
  assert.equal(await peer.eval(() => window.isSecureContext), false);
  const message = await assertError(
    peer,
    { code: 'insecure-context', fatal: true, reverted: ['audio', 'video'] },
    'rtc-local-stream',
  );
  assert.match(message, /https/i);
  for (const name of ['audio', 'video'])
    assert.equal(await peer.attr('rtc-local-stream', name), null, `${name} is taken back`);
  await peer.waitForAttr('rtc-local-stream', 'capture-state', 'failed');
});
