/** Two users in room 8888, as the vendor tutorials begin (seed trtc-call). */
import { assert, assertEverybodySees, call, caller, stories, waitFor } from './harness.js';

const story = stories();

story('two users see and hear each other from attributes alone', [], async (world) => {
  const people = await call(world, 'alice', 'bob');
  await assertEverybodySees(people);
  const { alice, bob } = people;
  await Promise.all([alice.waitForSound(), bob.waitForSound()]);
  for (const peer of [alice, bob]) {
    assert.deepEqual(await peer.states(), ['connecting', 'connected']);
    await peer.waitForEvent('rtc-stream-published');
    assert.equal(await peer.attr('rtc-local-stream', 'published'), '');
    assert.equal(await peer.attr('rtc-local-stream', 'capture-state'), 'live');
  }
  const joined = await alice.waitForEvent('rtc-joined');
  assert.deepEqual(joined.detail, { roomId: '8888', userId: 'alice', userRole: 'anchor' });
  await alice.waitForEvent('rtc-user-joined', { roomId: '8888', userId: 'bob' });
  const stream = { userId: 'bob', type: 'main' };
  await alice.waitForEvent('rtc-stream-added', { roomId: '8888', stream });
});

story('three users see each other', [], async (world) => {
  const people = await call(world, 'alice', 'bob', 'carol');
  await assertEverybodySees(people);
  await people.carol.waitForSound();
  const users = await people.alice.eval(() =>
    (window.e2e.find('rtc-room') as HTMLElement & { remoteUsers: { userId: string }[] }).remoteUsers
      .map(({ userId }) => userId)
      .sort(),
  );
  assert.deepEqual(users, ['bob', 'carol']);
});

story('leaving closes everything, and joining again is a call again', [], async (world) => {
  const people = await call(world, 'alice', 'bob');
  await assertEverybodySees(people);
  const { alice, bob } = people;
  const from = await bob.mark();
  await alice.set('rtc-room', 'joined', null);
  const left = await alice.waitForEvent('rtc-left');
  assert.deepEqual(left.detail, { roomId: '8888', reason: 'leave' });
  await bob.waitForEvent('rtc-stream-removed', { stream: { userId: 'alice' } }, from);
  await bob.waitForEvent('rtc-user-left', { userId: 'alice' }, from);
  await alice.assertOut();
  const again = await alice.mark();
  await alice.set('rtc-room', 'joined', '');
  await alice.waitForEvent('rtc-joined', { userId: 'alice' }, again);
  await assertEverybodySees(people);
  assert.deepEqual(await alice.states(again), ['connecting', 'connected']);
});

story('mute is told, stops what is sent, and comes back', [], async (world) => {
  const people = await call(world, 'alice', 'bob');
  await assertEverybodySees(people);
  const { alice, bob } = people;
  await bob.set('rtc-local-stream', 'video-muted', '');
  await alice.waitForEvent('rtc-mute-changed', { userId: 'bob', kind: 'video', muted: true });
  await waitFor('the camera is released', async () => (await bob.live()).tracks === 1);
  assert.equal(await bob.attr('rtc-local-stream', 'published'), '', 'still published');
  await bob.set('rtc-local-stream', 'video-muted', null);
  await alice.waitForEvent('rtc-mute-changed', { userId: 'bob', kind: 'video', muted: false });
  await alice.waitForFrames('user:bob');
  await bob.set('rtc-local-stream', 'audio-muted', '');
  await alice.waitForEvent('rtc-mute-changed', { userId: 'bob', kind: 'audio', muted: true });
  await bob.set('rtc-local-stream', 'audio-muted', null);
  await alice.waitForEvent('rtc-mute-changed', { userId: 'bob', kind: 'audio', muted: false });
});

story('a shared screen is a stream of its own, beside the camera', [], async (world) => {
  const bob = await world.open(
    'bob',
    `<button id="share" commandfor="mine" command="--toggle-screen">Share</button>
${caller('bob').replace('<rtc-local-stream', '<rtc-local-stream id="mine"')}`,
    {
      // What is shown is a picture of the page's own: headless browsers have no screen.
      init: () => {
        navigator.mediaDevices.getDisplayMedia = () => {
          const canvas = document.createElement('canvas');
          const context = canvas.getContext('2d');
          let turn = 0;
          setInterval(() => context?.fillRect((turn += 7) % 300, 20, 9, 9), 60);
          const stream = canvas.captureStream(10);
          window.e2e.tracks.push(...stream.getTracks());
          return Promise.resolve(stream);
        };
      },
    },
  );
  const alice = await world.open(
    'alice',
    `<rtc-room room-id="8888" user-id="alice" layout="none" joined>
  <rtc-remote-stream id="face" user-id="bob"></rtc-remote-stream>
  <rtc-remote-stream id="screen" user-id="bob" stream-type="auxiliary"></rtc-remote-stream>
</rtc-room>`,
  );
  await alice.waitForFrames('#face');
  assert.equal(await alice.attr('#screen', 'playback-state'), 'waiting');
  await bob.click('#share');
  await alice.waitForEvent('rtc-stream-added', { stream: { userId: 'bob', type: 'auxiliary' } });
  await Promise.all([alice.waitForFrames('#screen'), alice.waitForFrames('#face')]);
  assert.equal((await bob.live()).tracks, 3);
  await bob.click('#share');
  await alice.waitForEvent('rtc-stream-removed', { stream: { userId: 'bob', type: 'auxiliary' } });
  await alice.waitForAttr('#screen', 'playback-state', 'ended');
  await waitFor('the screen is not captured', async () => (await bob.live()).tracks === 2);
  await alice.waitForFrames('#face');
});

story('a lost signalling connection comes back by itself', ['drop'], async (world) => {
  const people = await call(world, 'alice', 'bob');
  await assertEverybodySees(people);
  const { alice, bob } = people;
  alice.expectNoise(/WebSocket/);
  await alice.eval(() => {
    const room = window.e2e.find('rtc-room') as HTMLElement & { inRoom: boolean };
    const inside: boolean[] = [];
    room.addEventListener('rtc-connection-state-changed', () => inside.push(room.inRoom));
    Object.assign(window, { inside });
  });
  await world.server.drop?.('alice');
  await alice.waitForEvent('rtc-connection-state-changed', { state: 'reconnected' });
  await assertEverybodySees(people);
  assert.deepEqual(await alice.events('rtc-left'), []);
  assert.deepEqual(await bob.events('rtc-user-left'), [], 'the others saw no leaving');
  await alice.set('rtc-room', 'joined', null);
  await alice.waitForAttr('rtc-room', 'connection-state', 'disconnected');
  const changes = (await alice.events('rtc-connection-state-changed')).map(({ detail }) =>
    [detail['previousState'], detail['state']].join(' → '),
  );
  assert.deepEqual(changes, [
    'disconnected → connecting',
    'connecting → connected',
    'connected → reconnecting',
    'reconnecting → reconnected',
    'reconnected → disconnected',
  ]);
  const inside = await alice.eval(() => (window as unknown as { inside: boolean[] }).inside);
  assert.deepEqual(inside, [true, true, false], 'in the room while it reconnects');
});

story('a server that is started again has everybody back by itself', ['restart'], async (world) => {
  const people = await call(world, 'alice', 'bob');
  await assertEverybodySees(people);
  const peers = Object.values(people);
  for (const peer of peers) peer.expectNoise(/WebSocket|ERR_|status of \d/);
  const marks = await Promise.all(peers.map((peer) => peer.mark()));
  await world.server.restart?.();
  const lost = { previousState: 'connected' };
  for (const [i, peer] of peers.entries())
    await peer.waitForEvent('rtc-connection-state-changed', lost, marks[i], 60_000);
  for (const peer of peers) await peer.waitForJoined();
  await assertEverybodySees(people);
  for (const peer of peers) assert.equal(await peer.attr('rtc-room', 'joined'), '');
});
