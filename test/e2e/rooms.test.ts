/** Rooms: connection states, users and their data, messages, kicking, and the three timers. */
import {
  assert,
  assertEverybodySees,
  call,
  caller,
  endingOf,
  suite,
  waitFor,
  type Peer,
} from './harness.js';

const e2e = suite();

interface Room extends HTMLElement {
  sendMessage(data: string, to?: string | string[]): Promise<void>;
  kick(userId: string): Promise<void>;
  getRemoteUser(
    userId: string,
  ): { userId: string; userData: string; userRole: string; streams: unknown[] } | undefined;
}

/** A user without devices: these tests are about the room. */
const member = (user: string, more = ''): string =>
  `<rtc-room room-id="office" user-id="${user}" joined ${more}></rtc-room>`;

async function members(
  world: { open(name: string, body: string): Promise<Peer> },
  ...list: [string, string?][]
): Promise<Peer[]> {
  const peers = await Promise.all(list.map(([user, more]) => world.open(user, member(user, more))));
  await Promise.all(peers.map((peer) => peer.waitForJoined()));
  for (const peer of peers) {
    await waitFor(
      `${peer.name} knows everybody`,
      async () => (await peer.events('rtc-user-joined')).length >= list.length - 1,
    );
  }
  return peers;
}

const send = (peer: Peer, data: string, to?: string | string[]): Promise<void> =>
  peer.eval(
    (text, users) => (window.e2e.find('rtc-room') as Room).sendMessage(text, users),
    data,
    to,
  );

const kick = (peer: Peer, user: string): Promise<void> =>
  peer.eval((id) => (window.e2e.find('rtc-room') as Room).kick(id), user);

const heard = async (peer: Peer): Promise<unknown[]> =>
  (await peer.events('rtc-message-received')).map(
    ({ detail }) => `${String(detail['from'])}: ${String(detail['data'])}`,
  );

e2e(
  'rooms: the five connection states come in order on join, drop, resume and leave',
  async (world) => {
    const { alice, bob } = await call(world, 'alice', 'bob');
    await assertEverybodySees({ alice, bob });
    world.drop(alice);
    await alice.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
    assert.equal(
      await alice.eval(() => window.e2e.find('rtc-room').matches(':state(in-room)')),
      true,
    );
    world.site.restore();
    await alice.waitForAttr('rtc-room', 'connection-state', 'reconnected');
    await alice.waitForFrames('user:bob');
    await alice.set('rtc-room', 'joined', null);
    await alice.waitForAttr('rtc-room', 'connection-state', 'disconnected');
    const changes = (await alice.events('rtc-connection-state-changed')).map(
      ({ detail }) => `${String(detail['previousState'])} → ${String(detail['state'])}`,
    );
    assert.deepEqual(changes, [
      'disconnected → connecting',
      'connecting → connected',
      'connected → reconnecting',
      'reconnecting → reconnected',
      'reconnected → disconnected',
    ]);
    await bob.waitForEvent('rtc-user-left', { userId: 'alice', reason: 'leave' });
    assert.equal((await bob.events('rtc-user-left')).length, 1, 'the drop was no leaving');
  },
);

e2e('rooms: user data is told on joining and when it changes', async (world) => {
  const [alice, bob] = (await members(
    world,
    ['alice', 'user-data="Alice &lt;b&gt;"'],
    ['bob', 'user-data="Bob"'],
  )) as [Peer, Peer];
  const { detail } = await bob.waitForEvent('rtc-user-joined', { userId: 'alice' });
  assert.deepEqual(detail, {
    roomId: 'office',
    userId: 'alice',
    userData: 'Alice <b>',
    userRole: 'anchor',
  });
  await alice.set('rtc-room', 'user-data', 'on the phone');
  const updated = await bob.waitForEvent('rtc-user-updated', { userId: 'alice' });
  assert.equal(updated.detail['userData'], 'on the phone');
  assert.deepEqual(await alice.states(), ['connecting', 'connected'], 'no rejoin for it');
  const late = await world.open('carol', member('carol'));
  const told = await late.waitForEvent('rtc-user-joined', { userId: 'alice' });
  assert.equal(told.detail['userData'], 'on the phone');
});

e2e('rooms: users join and leave, and getRemoteUser() knows who is there', async (world) => {
  const [alice, bob] = (await members(world, ['alice'], ['bob', 'user-data="B"'])) as [Peer, Peer];
  const look = (user: string): Promise<unknown> =>
    alice.eval((id) => {
      const found = (window.e2e.find('rtc-room') as Room).getRemoteUser(id);
      return found ? [found.userId, found.userData, found.userRole, found.streams.length] : null;
    }, user);
  assert.deepEqual(await look('bob'), ['bob', 'B', 'anchor', 0]);
  assert.equal(await look('nobody'), null);
  assert.equal(await look('alice'), null);
  await bob.set('rtc-room', 'joined', null);
  const { detail } = await alice.waitForEvent('rtc-user-left', { userId: 'bob' });
  assert.deepEqual(detail, { roomId: 'office', userId: 'bob', reason: 'leave' });
  assert.equal(await look('bob'), null);
});

e2e('rooms: users who are there already are announced after rtc-joined', async (world) => {
  await members(world, ['alice'], ['bob']);
  const late = await world.open('carol', caller('carol', 'office'));
  await late.waitForEvent('rtc-user-joined', { userId: 'alice' });
  await late.waitForEvent('rtc-user-joined', { userId: 'bob' });
  const order = (await late.events()).map(({ type }) => type);
  assert.ok(order.indexOf('rtc-joined') < order.indexOf('rtc-user-joined'), order.join());
});

e2e('rooms: messages reach all, one, or some, and nobody else', async (world) => {
  const [alice, bob, carol] = (await members(world, ['alice'], ['bob'], ['carol'])) as [
    Peer,
    Peer,
    Peer,
  ];
  await send(alice, 'to all');
  await send(alice, 'to bob', 'bob');
  await send(alice, 'to both', ['bob', 'carol']);
  await send(bob, 'last');
  for (const peer of [alice, carol])
    await peer.waitForEvent('rtc-message-received', { data: 'last' });
  await bob.waitForEvent('rtc-message-received', { data: 'to both' });
  assert.deepEqual(await heard(bob), ['alice: to all', 'alice: to bob', 'alice: to both']);
  assert.deepEqual(await heard(carol), ['alice: to all', 'alice: to both', 'bob: last']);
  assert.deepEqual(await heard(alice), ['bob: last']);
  const [first] = await bob.events('rtc-message-received');
  assert.ok(first?.detail['id'], 'an id');
  assert.ok(
    Math.abs(Number(first?.detail['timestamp']) - Date.now()) < 120_000,
    'milliseconds since 1970',
  );
});

e2e('rooms: a kick message is obeyed only through kick-from', async (world) => {
  const [alice, bob, carol, dave] = (await members(
    world,
    ['alice'],
    ['bob', 'kick-from="alice erin"'],
    ['carol'],
    ['dave', 'kick-from="erin"'],
  )) as [Peer, Peer, Peer, Peer];
  const from = await bob.mark();
  await kick(alice, 'carol');
  await kick(alice, 'dave');
  await kick(alice, 'bob');
  const { detail } = await bob.waitForEvent('rtc-left', {}, from);
  assert.deepEqual(detail, { roomId: 'office', reason: 'kicked-by-user', by: 'alice' });
  await bob.assertOut();
  // Sent in order: what was to come has come.
  await send(alice, 'still here?', ['carol', 'dave']);
  for (const peer of [carol, dave]) {
    await peer.waitForEvent('rtc-message-received', { data: 'still here?' });
    assert.equal(await peer.attr('rtc-room', 'connection-state'), 'connected');
    assert.deepEqual(await peer.events('rtc-left'), []);
  }
});

e2e(
  'rooms: kick() with a moderator’s token removes, whatever kick-from says',
  { tokens: true },
  async (world) => {
    const token = (user: string, moderator: boolean): Promise<string> =>
      world.server.mint({ room: 'office', user, moderator });
    const [boss, plain, victim] = await Promise.all([
      world.open('boss', member('boss', `token="${await token('boss', true)}"`)),
      world.open('plain', member('plain', `token="${await token('plain', false)}"`)),
      world.open('victim', member('victim', `token="${await token('victim', false)}"`)),
    ]);
    await Promise.all([boss, plain, victim].map((peer) => peer.waitForJoined()));
    await kick(plain, 'victim');
    await send(plain, 'after', 'victim');
    await victim.waitForEvent('rtc-message-received', { data: 'after' });
    assert.equal(await victim.attr('rtc-room', 'connection-state'), 'connected');

    const [fromV, fromP] = [await victim.mark(), await plain.mark()];
    await kick(boss, 'victim');
    await victim.waitForEvent('rtc-client-banned', { reason: 'banned' }, fromV);
    await victim.waitForEvent('rtc-left', { reason: 'banned' }, fromV);
    const gone = await plain.waitForEvent('rtc-user-left', { userId: 'victim' }, fromP);
    assert.equal(gone.detail['reason'], 'banned');
    await victim.assertOut();
    assert.deepEqual(await endingOf(victim, fromV), [
      'rtc-connection-state-changed banned',
      'rtc-client-banned banned',
      'rtc-left banned',
    ]);

    const again = await victim.mark();
    await victim.set('rtc-room', 'joined', '');
    const { detail } = await victim.waitForEvent('rtc-error', { error: { fatal: true } }, again);
    assert.ok(
      ['auth', 'forbidden'].includes((detail['error'] as { code: string }).code),
      JSON.stringify(detail),
    );
    await victim.assertOut();
  },
);

e2e(
  'rooms: an empty room closes after its time',
  { timers: { emptyAfterLeave: 1_500 } },
  async (world) => {
    const [alice] = (await members(world, ['alice'])) as [Peer];
    await alice.set('rtc-room', 'joined', null);
    await alice.waitForAttr('rtc-room', 'connection-state', 'disconnected');
    assert.notEqual(await world.server.inspectRoom('office'), null, 'still there at first');
    await waitFor(
      'the room is closed',
      async () => (await world.server.inspectRoom('office')) === null,
    );
  },
);

e2e(
  'rooms: a room made by the server closes when nobody enters it, and stays when somebody does',
  { timers: { emptyAfterCreate: 4_000 } },
  async (world) => {
    await world.server.createRoom('office');
    await world.server.createRoom('nobody');
    await members(world, ['alice']);
    await waitFor(
      'the empty one is closed',
      async () => (await world.server.inspectRoom('nobody')) === null,
    );
    assert.notEqual(await world.server.inspectRoom('office'), null);
  },
);

e2e(
  'rooms: a user who is silent for too long has left',
  { timers: { silent: 1_500 } },
  async (world) => {
    const { alice, bob } = await call(world, 'alice', 'bob');
    await assertEverybodySees({ alice, bob });
    const from = await alice.mark();
    world.drop(bob);
    await bob.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
    const { detail } = await alice.waitForEvent('rtc-user-left', { userId: 'bob' }, from);
    assert.equal(detail['reason'], 'timeout');
    await alice.waitForEvent('rtc-stream-removed', { stream: { userId: 'bob' } }, from);
    const back = await bob.mark();
    world.site.restore();
    await bob.waitForEvent('rtc-left', { reason: 'connection-lost' }, back);
    await bob.waitForEvent('rtc-joined', {}, back);
    assert.notEqual(await bob.attr('rtc-room', 'joined'), null);
    await assertEverybodySees({ alice, bob });
  },
);
