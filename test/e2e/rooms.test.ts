/** Rooms: users, moderators, and the three timers. */
import {
  assert,
  assertEverybodySees,
  call,
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
