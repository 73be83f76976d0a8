/** Two users in room 8888, as the vendor tutorials begin (seed trtc-call). */
import { assert, caller, stories, waitFor, type Peer, type Story } from './harness.js';

const story = stories();

const everybodySees = (alice: Peer, bob: Peer): Promise<unknown> =>
  Promise.all([alice.waitForFrames('user:bob'), bob.waitForFrames('user:alice')]);

async function call(world: Story): Promise<{ alice: Peer; bob: Peer }> {
  const [alice, bob] = await Promise.all([
    world.open('alice', caller('alice')),
    world.open('bob', caller('bob')),
  ]);
  await everybodySees(alice, bob);
  return { alice, bob };
}

story('two users see and hear each other from attributes alone', [], async (world) => {
  const { alice, bob } = await call(world);
  await Promise.all([alice.waitForSound(), bob.waitForSound()]);
  for (const peer of [alice, bob]) {
    assert.deepEqual(await peer.states(), ['connecting', 'connected']);
    assert.equal(await peer.attr('rtc-local-stream', 'published'), '');
  }
  const { detail } = await alice.waitForEvent('rtc-user-joined', { userId: 'bob' });
  assert.equal(detail['roomId'], '8888');
});

story('leaving closes everything, and joining again is a call again', [], async (world) => {
  const { alice, bob } = await call(world);
  const from = await bob.mark();
  await alice.set('rtc-room', 'joined', null);
  await alice.waitForEvent('rtc-left', { reason: 'leave' });
  await alice.waitForNothingLive();
  await bob.waitForEvent('rtc-stream-removed', { stream: { userId: 'alice' } }, from);
  await bob.waitForEvent('rtc-user-left', { userId: 'alice' }, from);
  const again = await alice.mark();
  await alice.set('rtc-room', 'joined', '');
  await alice.waitForEvent('rtc-joined', {}, again);
  await everybodySees(alice, bob);
});

story('joining again and again leaves nothing behind', [], async (world) => {
  const bob = await world.open('bob', caller('bob'));
  const alice = await world.open('alice', caller('alice'));
  await everybodySees(alice, bob);
  for (let round = 0; round < 20; round += 1) {
    const from = await alice.mark();
    await alice.set('rtc-room', 'joined', null);
    await alice.waitForEvent('rtc-left', {}, from);
    await alice.set('rtc-room', 'joined', '');
    await alice.waitForEvent('rtc-joined', {}, from);
  }
  await everybodySees(alice, bob);
  const one = await alice.live();
  await alice.set('rtc-room', 'joined', null);
  await alice.waitForNothingLive();
  assert.ok(one.sockets <= 1, `${one.sockets} sockets in the call`);
});

story('mute is told, stops what is sent, and comes back', [], async (world) => {
  const { alice, bob } = await call(world);
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

story('a shared screen is a stream of its own', [], async (world) => {
  const bob = await world.open(
    'bob',
    `<rtc-room room-id="8888" user-id="bob" joined>
  <rtc-local-stream id="mine" audio profile="160x120@10"></rtc-local-stream>
</rtc-room>
<button id="share" commandfor="mine" command="--toggle-screen">Share</button>`,
    {
      init: () => {
        // A picture of the page's own: headless browsers have no screen.
        navigator.mediaDevices.getDisplayMedia = () => {
          const canvas = document.createElement('canvas');
          const context = canvas.getContext('2d');
          let turn = 0;
          setInterval(() => context?.fillRect((turn += 7) % 300, 20, 9, 9), 60);
          return Promise.resolve(canvas.captureStream(15));
        };
      },
    },
  );
  const alice = await world.open(
    'alice',
    `<rtc-room room-id="8888" user-id="alice" joined>
  <rtc-remote-stream id="screen" user-id="bob" stream-type="auxiliary"></rtc-remote-stream>
</rtc-room>`,
  );
  await bob.waitForAttr('rtc-local-stream', 'published', '');
  await bob.click('#share');
  await alice.waitForEvent('rtc-stream-added', { stream: { userId: 'bob', type: 'auxiliary' } });
  await alice.waitForFrames('#screen');
  await bob.click('#share');
  await alice.waitForEvent('rtc-stream-removed', { stream: { userId: 'bob', type: 'auxiliary' } });
});

story('moving the room in the document keeps the call, removing it ends it', [], async (world) => {
  const { alice, bob } = await call(world);
  const marks = [await alice.mark(), await bob.mark()] as const;
  await alice.eval(() => {
    document.body
      .appendChild(document.createElement('section'))
      .append(window.e2e.find('rtc-room'));
  });
  await everybodySees(alice, bob);
  const ends = /^rtc-(left|joined|stream-removed|user-left)$/;
  for (const [i, peer] of [alice, bob].entries()) {
    const told = (await peer.events(undefined, marks[i])).filter(({ type }) => ends.test(type));
    assert.deepEqual(told, [], `${peer.name} notices nothing`);
  }
  await alice.eval(() => window.e2e.find('rtc-room').remove());
  await alice.waitForNothingLive();
  await bob.waitForEvent('rtc-user-left', { userId: 'alice' }, marks[1]);
});

story('a lost signalling connection comes back by itself', ['drop'], async (world) => {
  const { alice, bob } = await call(world);
  alice.expectNoise(/WebSocket/);
  const from = await alice.mark();
  await world.server.drop?.('alice');
  await alice.waitForEvent('rtc-connection-state-changed', { state: 'reconnecting' }, from);
  await alice.waitForEvent('rtc-connection-state-changed', { state: 'reconnected' }, from);
  await everybodySees(alice, bob);
  assert.deepEqual(await alice.events('rtc-left'), []);
});
