/** Room management (seed qnrtc-room-management): who is there, what they say, and how a stay ends. */
import { assert, caller, stories, type Peer, type Story } from './harness.js';

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

story('messages reach all, one, or some, and nobody else', ['messages'], async (world) => {
  const [alice, bob, carol] = (await members(world, 'alice', 'bob', 'carol')) as [Peer, Peer, Peer];
  await say(alice, 'to all');
  await say(alice, 'to bob', 'bob');
  await say(alice, 'to both', ['bob', 'carol']);
  await bob.waitForEvent('rtc-message-received', { data: 'to both' });
  await carol.waitForEvent('rtc-message-received', { data: 'to both' });
  assert.deepEqual(await heard(bob), ['alice: to all', 'alice: to bob', 'alice: to both']);
  assert.deepEqual(await heard(carol), ['alice: to all', 'alice: to both']);
  assert.deepEqual(await heard(alice), []);
});

story('user data is told on joining and when it changes', ['user-data'], async (world) => {
  const [alice] = (await members(world, 'alice')) as [Peer];
  const bob = await world.open('bob', member('bob', 'user-data="first"'));
  await alice.waitForEvent('rtc-user-joined', { userId: 'bob', userData: 'first' });
  const from = await alice.mark();
  await bob.set('rtc-room', 'user-data', 'second');
  await alice.waitForEvent('rtc-user-updated', { userId: 'bob', userData: 'second' }, from);
  assert.equal(
    await alice.eval(
      () => (window.e2e.find('rtc-room') as Room).getRemoteUser('bob')?.userData ?? null,
    ),
    'second',
  );
});

/** Out for the reason, told in this order, and nothing comes back by itself. */
async function assertEnded(peer: Peer, reason: string): Promise<void> {
  await peer.waitForEvent('rtc-client-banned', { reason });
  await peer.waitForEvent('rtc-left', { reason });
  await peer.assertOut();
  const told = (await peer.events())
    .map(({ type }) => type)
    .filter((type) => ['rtc-client-banned', 'rtc-left'].includes(type));
  assert.deepEqual(told, ['rtc-client-banned', 'rtc-left']);
}

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
