/** Room management (seed qnrtc-room-management): who is there, what they say, and how a stay ends. */
import { assert, caller, lateUserData, stories, type Peer, type Story } from './harness.js';

const story = stories();

interface Room extends HTMLElement {
  sendMessage(data: string, to?: string | string[]): Promise<void>;
  kick(userId: string): Promise<void>;
  getRemoteUser(userId: string): { userId: string; userData: string } | undefined;
}

const member = (user: string, more = ''): string =>
  `<rtc-room room-id="8888" user-id="${user}" joined ${more}>
  <rtc-local-stream audio></rtc-local-stream>
</rtc-room>`;

/** Everybody is there, and knows of everybody. */
async function members(world: Story, ...users: string[]): Promise<Peer[]> {
  const peers = await Promise.all(users.map((user) => world.open(user, member(user))));
  for (const peer of peers) {
    for (const user of users) {
      if (user !== peer.name) await peer.waitForEvent('rtc-user-joined', { userId: user });
    }
  }
  return peers;
}

const say = (peer: Peer, data: string, to?: string | string[]): Promise<void> =>
  peer.eval((text, who) => (window.e2e.find('rtc-room') as Room).sendMessage(text, who), data, to);

const heard = async (peer: Peer): Promise<string[]> =>
  (await peer.events('rtc-message-received')).map(({ detail }) =>
    [detail['from'], detail['data']].join(': '),
  );

story(
  'messages reach all, one, or some, and nobody else',
  ['messages', 'targeted-messages'],
  async (world) => {
    const [alice, bob, carol] = (await members(world, 'alice', 'bob', 'carol')) as [
      Peer,
      Peer,
      Peer,
    ];
    await say(alice, 'to all');
    await say(alice, 'to bob', 'bob');
    await say(alice, 'to both', ['bob', 'carol']);
    await bob.waitForEvent('rtc-message-received', { data: 'to both' });
    await carol.waitForEvent('rtc-message-received', { data: 'to both' });
    assert.deepEqual(await heard(bob), ['alice: to all', 'alice: to bob', 'alice: to both']);
    assert.deepEqual(await heard(carol), ['alice: to all', 'alice: to both']);
    assert.deepEqual(await heard(alice), []);
    const [first] = await bob.events('rtc-message-received');
    assert.ok(first?.detail['id'], 'an id');
    const age = Math.abs(Number(first.detail['timestamp']) - Date.now());
    assert.ok(age < 120_000, `milliseconds since 1970; it is ${age} ms off`);
  },
);

story(
  'a kick message is obeyed where kick-from names its sender',
  ['messages', 'targeted-messages'],
  async (world) => {
    const [alice, carol] = (await members(world, 'alice', 'carol')) as [Peer, Peer];
    const obeying = (user: string, whom: string): Promise<Peer> =>
      world.open(user, member(user, `kick-from="${whom}"`));
    const [bob, dave] = await Promise.all([obeying('bob', 'alice erin'), obeying('dave', 'erin')]);
    for (const user of ['bob', 'dave'])
      await alice.waitForEvent('rtc-user-joined', { userId: user });
    for (const user of ['carol', 'dave', 'bob'])
      await alice.eval((who) => (window.e2e.find('rtc-room') as Room).kick(who), user);
    const { detail } = await bob.waitForEvent('rtc-left', { reason: 'kicked-by-user' });
    assert.equal(detail['by'], 'alice');
    await bob.assertOut();
    await alice.waitForEvent('rtc-user-left', { userId: 'bob' });
    // Sent in order: what was to come has come.
    await say(alice, 'still here?');
    for (const peer of [carol, dave]) {
      await peer.waitForEvent('rtc-message-received', { data: 'still here?' });
      assert.equal(await peer.attr('rtc-room', 'connection-state'), 'connected');
      assert.deepEqual(await peer.events('rtc-left'), []);
    }
  },
);

story('user data is told on joining', ['user-data'], async (world) => {
  const [bob] = (await members(world, 'bob')) as [Peer];
  await world.open('alice', member('alice', 'user-data="Alice &lt;b&gt;"'));
  const carol = await world.open('carol', member('carol'));
  for (const peer of [bob, carol]) {
    const { detail } = await peer.waitForEvent('rtc-user-joined', { userId: 'alice' });
    if (lateUserData && !detail['userData'])
      await peer.waitForEvent('rtc-user-updated', { userId: 'alice', userData: 'Alice <b>' });
    else assert.equal(detail['userData'], 'Alice <b>');
  }
});

story('user data changes while joined', ['user-data-change'], async (world) => {
  const [alice, bob] = (await members(world, 'alice', 'bob')) as [Peer, Peer];
  await alice.set('rtc-room', 'user-data', 'on the phone');
  await bob.waitForEvent('rtc-user-updated', { userId: 'alice', userData: 'on the phone' });
  const known = await bob.eval(
    () => (window.e2e.find('rtc-room') as Room).getRemoteUser('alice')?.userData,
  );
  assert.equal(known, 'on the phone');
  assert.deepEqual(await alice.states(), ['connecting', 'connected'], 'no rejoin for it');
  const carol = await world.open('carol', member('carol'));
  const late = await carol.waitForEvent('rtc-user-joined', { userId: 'alice' });
  assert.equal(late.detail['userData'], 'on the phone');
});

const TOLD = {
  kick: /elsewhere/,
  banned: /removed/,
  room_disband: /closed/,
};

/** Out for the reason, told in this order, and nothing comes back by itself. */
async function assertEnded(peer: Peer, reason: keyof typeof TOLD): Promise<void> {
  const banned = await peer.waitForEvent('rtc-client-banned', { reason });
  assert.ok(String(banned.detail['message']).length > 10, 'a sentence');
  await peer.waitForEvent('rtc-left', { reason });
  await peer.assertOut();
  assert.match(await peer.text('rtc-room'), TOLD[reason], 'the page is told');
  const told = (await peer.events())
    .map(({ type }) => type)
    .filter((type) => ['rtc-client-banned', 'rtc-left'].includes(type));
  assert.deepEqual(told, ['rtc-client-banned', 'rtc-left']);
}

story(
  'the states of a stay come in order, and who comes late is told of all',
  [],
  async (world) => {
    const bob = await world.open('bob', member('bob'));
    await bob.waitForAttr('rtc-local-stream', 'published', '');
    const alice = await world.open('alice', member('alice'));
    await alice.waitForEvent('rtc-stream-added', { stream: { userId: 'bob' } });
    const order = ['rtc-joined', 'rtc-user-joined', 'rtc-stream-added'];
    const told = (await alice.events()).filter(({ type }) => order.includes(type));
    assert.deepEqual(
      told.map(({ type }) => type),
      order,
    );
    const seen = await alice.eval(() => {
      const room = window.e2e.find('rtc-room') as Room & { inRoom: boolean };
      return [room.inRoom, room.getRemoteUser('bob')?.userId, room.getRemoteUser('nobody') ?? null];
    });
    assert.deepEqual(seen, [true, 'bob', null]);
    // LiveKit tells in batches of who publishes nothing yet: who comes and goes within one is not told.
    await bob.waitForEvent('rtc-user-joined', { userId: 'alice' });
    const from = await bob.mark();
    await alice.set('rtc-room', 'joined', null);
    await bob.waitForEvent('rtc-user-left', { userId: 'alice' }, from);
    await alice.waitForAttr('rtc-room', 'connection-state', 'disconnected');
    assert.deepEqual(await alice.states(), ['connecting', 'connected', 'disconnected']);
  },
);

story('the same user elsewhere ends the earlier stay', ['same-user-kick'], async (world) => {
  const bob = await world.open('bob', caller('bob'));
  const first = await world.open('alice', caller('alice'));
  await first.waitForFrames('user:bob');
  const second = await world.open('alice', caller('alice'));
  await assertEnded(first, 'kick');
  await Promise.all([second.waitForFrames('user:bob'), bob.waitForFrames('user:alice')]);
});

story('a user removed through the server is out', ['remove'], async (world) => {
  const [alice, bob] = (await members(world, 'alice', 'bob')) as [Peer, Peer];
  await world.server.removeUser?.('8888', 'bob');
  await assertEnded(bob, 'banned');
  await alice.waitForEvent('rtc-user-left', { userId: 'bob' });
  assert.equal(await alice.attr('rtc-room', 'connection-state'), 'connected');
});

story('a banned user is refused when he comes back', ['ban'], async (world) => {
  const [, bob] = (await members(world, 'alice', 'bob')) as [Peer, Peer];
  await world.server.removeUser?.('8888', 'bob', 600);
  await assertEnded(bob, 'banned');
  bob.expectNoise(/status of 4\d\d/);
  const from = await bob.mark();
  await bob.set('rtc-room', 'joined', '');
  const { detail } = await bob.waitForEvent('rtc-error', { error: { fatal: true } }, from);
  assert.match((detail['error'] as { code: string }).code, /^(auth|forbidden)$/);
  await bob.assertOut();
});

story('a dismissed room is left by everybody', ['dismiss'], async (world) => {
  const peers = await members(world, 'alice', 'bob');
  await world.server.dismiss?.('8888');
  await Promise.all(peers.map((peer) => assertEnded(peer, 'room_disband')));
});

story('a moderator removes a user', ['moderator-kick'], async (world) => {
  const [moderator, bob] = (await members(world, 'moderator', 'bob')) as [Peer, Peer];
  await moderator.eval(() => (window.e2e.find('rtc-room') as Room).kick('bob'));
  await assertEnded(bob, 'banned');
});

story('a credential that is not valid is refused in words', ['refused'], async (world) => {
  const peer = await world.open(
    'alice',
    `<rtc-room data-refused="yes" room-id="8888" user-id="alice" joined></rtc-room>`,
  );
  peer.expectNoise(/status of 4\d\d|WebSocket/);
  const { detail } = await peer.waitForEvent('rtc-error', { error: { fatal: true } });
  const { code, message } = detail['error'] as { code: string; message: string };
  assert.match(code, /^(auth|forbidden|join-failed)$/);
  assert.ok(message.length > 20, message);
  assert.deepEqual(detail['reverted'], ['joined']);
  await peer.assertOut();
});
