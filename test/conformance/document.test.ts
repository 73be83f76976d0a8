/** Elements move, come and go while the call goes on. */
import {
  assert,
  assertEverybodySees,
  call,
  caller,
  stories,
  waitFor,
  type Peer,
} from './harness.js';

const story = stories();

type Marks = readonly [number, number];

const marksOf = (one: Peer, other: Peer): Promise<Marks> => Promise.all([one.mark(), other.mark()]);

/** Frames both ways, and neither page was told of anything. */
async function assertUndisturbed(alice: Peer, bob: Peer, marks: Marks): Promise<void> {
  await assertEverybodySees({ alice, bob });
  const changes =
    /^rtc-((connection|link)-state-changed|left|joined|user-|stream-(added|removed|unpublished|unsubscribed))/;
  for (const [i, peer] of [alice, bob].entries()) {
    const told = (await peer.events(undefined, marks[i])).filter(({ type }) => changes.test(type));
    assert.deepEqual(told, [], `${peer.name} notices nothing`);
  }
}

/** To the end of its room or of the document, in a new box. */
const move = (
  peer: Peer,
  selector: string,
  how: 'append' | 'moveBefore' | 'remount' | 'shadow',
): Promise<void> =>
  peer.eval(
    (where, way) => {
      const element = window.e2e.find(where);
      const within = element.parentElement?.closest('rtc-room') ?? document.body;
      const box = within.appendChild(document.createElement('section')) as HTMLElement & {
        moveBefore(node: Node, before: Node | null): void;
      };
      // As StrictMode and a list that is keyed anew do: out and in again, in one task.
      if (way === 'remount') element.remove();
      if (way === 'moveBefore') box.moveBefore(element, null);
      else (way === 'shadow' ? box.attachShadow({ mode: 'open' }) : box).append(element);
    },
    selector,
    how,
  );

story('moving the room keeps the call', [], async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const connections = await alice.eval(() => window.e2e.peers.length);
  for (const how of ['append', 'moveBefore', 'remount', 'shadow'] as const) {
    const marks = await marksOf(alice, bob);
    await move(alice, 'rtc-room', how);
    await assertUndisturbed(alice, bob, marks);
  }
  assert.equal(await alice.eval(() => window.e2e.peers.length), connections, 'no new connection');
  assert.equal(await alice.eval(() => window.e2e.asked), 1, 'devices were asked for once');
});

story('moving the elements inside a room changes nothing', [], async (world) => {
  const remote = '<rtc-remote-stream user-id="bob"></rtc-remote-stream><p id="box"></p>';
  const alice = await world.open('alice', caller('alice', '8888', '', remote));
  const bob = await world.open('bob', caller('bob'));
  await alice.waitForFrames('rtc-remote-stream');
  await assertEverybodySees({ alice, bob });
  const marks = await marksOf(alice, bob);
  await alice.eval(() => {
    const local = window.e2e.find('rtc-local-stream');
    window.e2e.find('#box').append(local, window.e2e.find('rtc-remote-stream'));
  });
  await alice.waitForFrames('rtc-remote-stream');
  await assertUndisturbed(alice, bob, marks);
  assert.equal(await alice.attr('rtc-local-stream', 'capture-state'), 'live');
  assert.equal(await alice.eval(() => window.e2e.asked), 1, 'devices were asked for once');
});

story('moving a link, or its room with it, changes nothing', [], async (world) => {
  const live = (user: string, room: string, other: string): string =>
    caller(
      user,
      room,
      'mode="live"',
      `<rtc-cross-room-link room-id="${other}"></rtc-cross-room-link>`,
    );
  const [alice, bob] = await Promise.all([
    world.open('alice', live('alice', '1000', '2000')),
    world.open('bob', live('bob', '2000', '1000')),
  ]);
  await assertEverybodySees({ alice, bob });
  for (const peer of [alice, bob])
    await peer.waitForAttr('rtc-cross-room-link', 'link-state', 'linked');
  const connections = await alice.eval(() => window.e2e.peers.length);
  for (const [selector, how] of [
    ['rtc-cross-room-link', 'append'],
    ['rtc-cross-room-link', 'moveBefore'],
    ['rtc-cross-room-link', 'remount'],
    ['rtc-room', 'append'],
  ] as const) {
    const marks = await marksOf(alice, bob);
    await move(alice, selector, how);
    await assertUndisturbed(alice, bob, marks);
    assert.equal(await alice.attr('rtc-cross-room-link', 'link-state'), 'linked');
  }
  assert.equal(await alice.eval(() => window.e2e.peers.length), connections, 'no new connection');
});

story('removing the room ends the call, and attaching it again joins anew', [], async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const from = await bob.mark();
  await alice.eval(() => {
    const room = window.e2e.find('rtc-room');
    const reasons: unknown[] = [];
    // Out of the document its events reach nobody else.
    room.addEventListener('rtc-left', (event) =>
      reasons.push((event as CustomEvent<{ reason: string }>).detail.reason),
    );
    Object.assign(window, { room, reasons });
    room.remove();
  });
  await alice.waitForNothingLive();
  await bob.waitForEvent('rtc-stream-removed', { stream: { userId: 'alice' } }, from);
  await bob.waitForEvent('rtc-user-left', { userId: 'alice' }, from);
  const told = (): Promise<unknown[]> =>
    alice.eval(() => (window as unknown as { reasons: unknown[] }).reasons);
  await waitFor('element-removed is told', async () => (await told()).length > 0);
  assert.deepEqual(await told(), ['element-removed']);
  await alice.eval(() => document.body.append((window as unknown as { room: Node }).room));
  await assertEverybodySees({ alice, bob });
});

story('a removed local stream is unpublished; another one is published', [], async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const from = await bob.mark();
  await alice.eval(() => window.e2e.find('rtc-local-stream').remove());
  await bob.waitForEvent('rtc-stream-removed', { stream: { userId: 'alice' } }, from);
  await waitFor('the camera is off', async () => (await alice.live()).tracks === 0);
  await alice.waitForFrames('user:bob');
  await alice.eval(() => {
    const local = document.createElement('rtc-local-stream');
    local.setAttribute('video', '');
    local.setAttribute('profile', '160x120@10');
    window.e2e.find('rtc-room').append(local);
  });
  const stream = { userId: 'alice', hasAudio: false, hasVideo: true };
  await bob.waitForEvent('rtc-stream-added', { stream }, from);
  await bob.waitForFrames('user:alice');
  assert.deepEqual(await bob.events('rtc-user-left', from), []);
});

story('a removed link leaves the other room, and its own goes on', [], async (world) => {
  const live = 'mode="live"';
  const link = `<rtc-cross-room-link room-id="2000" layout="none">
    <rtc-remote-stream id="other"></rtc-remote-stream>
  </rtc-cross-room-link>`;
  const [a, b] = await Promise.all([
    world.open('A', caller('A', '1000', live, link)),
    world.open('B', caller('B', '2000', live)),
  ]);
  await a.waitForFrames('#other');
  await a.waitForAttr('rtc-cross-room-link', 'link-state', 'linked');
  const connections = await a.connections();
  await a.eval(() => window.e2e.find('rtc-cross-room-link').remove());
  await waitFor(
    'the connections of the link are closed',
    async () => (await a.connections()) < connections,
  );
  for (const peer of [a, b]) assert.equal(await peer.attr('rtc-room', 'joined'), '');
  const u = await world.open('U', caller('U', '1000', `${live} user-role="audience"`));
  await u.waitForFrames('user:A');
});
