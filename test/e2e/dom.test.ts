/** The document: elements removed at every moment of a join, and rooms found and changed. */
import {
  assert,
  assertEverybodySees,
  call,
  caller,
  sleep,
  suite,
  waitFor,
  type Peer,
} from './harness.js';

const e2e = suite();

/** The permission prompt stays open until the page calls `allow()`. */
const promptOpen = (): void => {
  const devices = navigator.mediaDevices;
  const ask = devices.getUserMedia.bind(devices);
  let allow = (): void => undefined;
  const allowed = new Promise<void>((resolve) => (allow = resolve));
  devices.getUserMedia = async (constraints) => {
    Object.assign(window, { prompting: true });
    await allowed;
    return ask(constraints);
  };
  Object.assign(window, { allow });
};
const prompting = (peer: Peer): Promise<boolean> => peer.eval(() => 'prompting' in window);
const allow = (peer: Peer): Promise<void> =>
  peer.eval(() => (window as unknown as { allow(): void }).allow());

e2e(
  'dom: removing the room while the permission prompt is open stops what it brings',
  async (world) => {
    const alice = await world.open('alice', caller('alice'), { init: promptOpen });
    await waitFor('the prompt is open', () => prompting(alice));
    await alice.eval(() => window.e2e.find('rtc-room').remove());
    await alice.waitForNothingLive();
    await allow(alice);
    await waitFor('the camera was given', () => alice.eval(() => window.e2e.tracks.length > 0));
    await alice.waitForNothingLive();
    await sleep(500);
    assert.deepEqual(await alice.live(), { tracks: 0, peers: 0, sockets: 0 });
  },
);

e2e('dom: leaving while the permission prompt is open stops what it brings', async (world) => {
  const alice = await world.open('alice', caller('alice'), { init: promptOpen });
  await waitFor('the prompt is open', () => prompting(alice));
  await alice.set('rtc-room', 'joined', null);
  await allow(alice);
  await waitFor('the camera was given', () => alice.eval(() => window.e2e.tracks.length > 0));
  await alice.assertOut('rtc-room', 500);
});

e2e('dom: joining does not wait for the permission prompt', async (world) => {
  const { bob } = await call(world, 'bob');
  const alice = await world.open('alice', caller('alice'), { init: promptOpen });
  await alice.waitForFrames('user:bob');
  assert.equal(await alice.attr('rtc-local-stream', 'capture-state'), 'starting');
  await waitFor('the page’s load event does not wait for it either', () =>
    alice.eval(() => document.readyState === 'complete'),
  );
  await allow(alice);
  await bob.waitForFrames('user:alice');
});

e2e('dom: removing the room while its join is in flight ends it', async (world) => {
  const { bob } = await call(world, 'bob');
  await bob.waitForJoined();
  const alice = await world.open('alice', '<div id="box"></div>');
  await alice.eval(() => customElements.whenDefined('rtc-room').then(() => undefined));
  // At each moment of a join: before its socket, on it, and after.
  for (const moment of ['at once', 'socket', 'open'] as const) {
    await alice.eval(async (when) => {
      const sockets = window.e2e.sockets.length;
      const room = document.createElement('rtc-room');
      room.setAttribute('room-id', '8888');
      room.setAttribute('user-id', 'alice');
      room.setAttribute('joined', '');
      room.innerHTML = '<rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>';
      window.e2e.find('#box').append(room);
      const frame = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
      if (when === 'at once') await frame();
      else {
        while (window.e2e.sockets.length === sockets) await frame();
        const socket = window.e2e.sockets.at(-1);
        if (when === 'open') while (socket?.readyState === WebSocket.CONNECTING) await frame();
      }
      room.remove();
    }, moment);
    await alice.waitForNothingLive();
    await sleep(300);
    assert.deepEqual(await alice.live(), { tracks: 0, peers: 0, sockets: 0 }, moment);
    assert.deepEqual(await alice.eval(() => document.querySelectorAll('rtc-room').length), 0);
  }
  await waitFor(
    'bob knows nobody',
    async () =>
      (await bob.eval(
        () =>
          (window.e2e.find('rtc-room') as HTMLElement & { remoteUsers: unknown[] }).remoteUsers
            .length,
      )) === 0,
  );
});

e2e('dom: a local stream finds its room by for="…", attached before the room is', async (world) => {
  const { bob } = await call(world, 'bob');
  const alice = await world.open(
    'alice',
    `<rtc-local-stream for="room" audio video profile="160x120@10"></rtc-local-stream>
<rtc-remote-stream for="room" user-id="bob"></rtc-remote-stream>
<rtc-room id="room" room-id="8888" user-id="alice" joined layout="none"></rtc-room>`,
  );
  await alice.waitForFrames('rtc-remote-stream');
  await bob.waitForFrames('user:alice');
});

e2e('dom: another room-id means leave and join anew', async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const carol = await world.open('carol', caller('carol', '9999'));
  const [fromA, fromB] = [await alice.mark(), await bob.mark()];
  await alice.set('rtc-room', 'room-id', '9999');
  await alice.waitForEvent('rtc-left', { roomId: '8888', reason: 'leave' }, fromA);
  await alice.waitForEvent('rtc-joined', { roomId: '9999' }, fromA);
  await bob.waitForEvent('rtc-user-left', { userId: 'alice' }, fromB);
  await assertEverybodySees({ alice, carol });
  assert.equal((await alice.live()).sockets, 1);
});
