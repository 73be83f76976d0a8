/** The document: moving elements keeps the call, removing them ends it, whenever that is. */
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

async function assertUndisturbed(
  peer: Peer,
  other: Peer,
  marks: [number, number],
  peers: number,
): Promise<void> {
  await peer.waitForFrames('user:bob');
  await other.waitForFrames('user:alice');
  assert.equal(await peer.eval(() => window.e2e.peers.length), peers, 'no new connection');
  assert.deepEqual(await peer.states(marks[0]), []);
  assert.deepEqual(await peer.events('rtc-stream-unpublished', marks[0]), []);
  assert.deepEqual(
    (await other.events(undefined, marks[1])).filter(({ type }) =>
      /user-|stream-(added|removed)/.test(type),
    ),
    [],
    'the other page notices nothing',
  );
}

e2e('dom: moving rtc-room in the document keeps the call', async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const marks: [number, number] = [await alice.mark(), await bob.mark()];
  const peers = await alice.eval(() => window.e2e.peers.length);
  await alice.eval(() => {
    const room = window.e2e.find('rtc-room');
    const box = document.body.appendChild(document.createElement('section'));
    box.append(room);
  });
  await assertUndisturbed(alice, bob, marks, peers);
  await alice.eval(() => {
    const room = window.e2e.find('rtc-room');
    // As StrictMode and a list that is keyed anew do: out and in again, in one task.
    room.remove();
    document.body.prepend(room);
    const inner = document.body
      .appendChild(document.createElement('div'))
      .attachShadow({ mode: 'open' });
    inner.append(room);
  });
  await assertUndisturbed(alice, bob, marks, peers);
  assert.equal(await alice.eval(() => window.e2e.asked), 1, 'devices were asked for once');
});

e2e('dom: moveBefore() keeps the call', async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const marks: [number, number] = [await alice.mark(), await bob.mark()];
  const peers = await alice.eval(() => window.e2e.peers.length);
  await alice.eval(() => {
    const box = document.body.appendChild(document.createElement('section')) as HTMLElement & {
      moveBefore(node: Node, before: Node | null): void;
    };
    box.moveBefore(window.e2e.find('rtc-room'), null);
  });
  await assertUndisturbed(alice, bob, marks, peers);
});

e2e('dom: moving the children of a room keeps the call', async (world) => {
  const alice = await world.open(
    'alice',
    caller(
      'alice',
      '8888',
      '',
      '<rtc-remote-stream user-id="bob"></rtc-remote-stream><div id="box"></div>',
    ),
  );
  const bob = await world.open('bob', caller('bob'));
  await assertEverybodySees({ alice, bob });
  const marks: [number, number] = [await alice.mark(), await bob.mark()];
  const peers = await alice.eval(() => window.e2e.peers.length);
  await alice.eval(() => {
    const box = window.e2e.find('#box');
    box.append(window.e2e.find('rtc-local-stream'), window.e2e.find('rtc-remote-stream'));
  });
  await assertUndisturbed(alice, bob, marks, peers);
  assert.deepEqual(await alice.events('rtc-stream-unsubscribed', marks[0]), []);
  assert.equal(await alice.attr('rtc-local-stream', 'capture-state'), 'live');
  assert.equal(await alice.eval(() => window.e2e.asked), 1);
});

e2e('dom: removing the room ends the call', async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const from = await bob.mark();
  await alice.eval(() => window.e2e.find('rtc-room').remove());
  await alice.waitForNothingLive();
  const { detail } = await bob.waitForEvent('rtc-user-left', { userId: 'alice' }, from);
  assert.equal(detail['reason'], 'leave');
  await sleep(1_000);
  assert.deepEqual(await alice.live(), { tracks: 0, peers: 0, sockets: 0 });
});

e2e(
  'dom: removing the room tells element-removed to whoever holds it, and attaching it again joins anew',
  async (world) => {
    const { alice, bob } = await call(world, 'alice', 'bob');
    await assertEverybodySees({ alice, bob });
    await alice.eval(() => {
      const room = window.e2e.find('rtc-room');
      const held: unknown[] = [];
      room.addEventListener('rtc-left', (event) =>
        held.push((event as CustomEvent<{ reason: string }>).detail.reason),
      );
      Object.assign(window, { room, held });
      room.remove();
    });
    await alice.waitForNothingLive();
    await waitFor(
      'element-removed is told',
      async () =>
        (await alice.eval(() =>
          JSON.stringify((window as unknown as { held: unknown[] }).held),
        )) === '["element-removed"]',
    );
    await alice.eval(() => document.body.append((window as unknown as { room: Node }).room));
    await assertEverybodySees({ alice, bob });
  },
);

e2e(
  'dom: removing the local stream unpublishes it and stops the camera, and the call goes on',
  async (world) => {
    const { alice, bob } = await call(world, 'alice', 'bob');
    await assertEverybodySees({ alice, bob });
    const from = await bob.mark();
    await alice.eval(() => window.e2e.find('rtc-local-stream').remove());
    await bob.waitForEvent('rtc-stream-removed', { stream: { userId: 'alice' } }, from);
    await waitFor('the camera is off', async () => (await alice.live()).tracks === 0);
    await alice.waitForFrames('user:bob');
  },
);

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
