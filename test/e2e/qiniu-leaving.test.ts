/** Qiniu: what the SDK has under way when its room is left lets nobody in again. */
import { assert, suite, waitFor, type Peer, type World } from './harness.js';
import { open, useCloud, type Member } from './qiniu-harness.js';

const e2e = suite();
const stand = useCloud();

const enter = (world: World, member: Member): Promise<Peer> => open(world, stand.cloud, member);

for (const [step, when] of [
  ['access', 'before Qiniu has answered'],
  ['socket', 'while its WebSocket opens'],
  ['entry', 'just before it is let in'],
] as const) {
  e2e(`qiniu: a join that is taken back ${when} leaves nobody in the room`, async (world) => {
    const room = `back-${step}`;
    const gate = stand.cloud.gates.close(step);
    const alice = await enter(world, { user: 'alice', room, capture: false });
    await gate.reached;
    await alice.set('rtc-room', 'joined', null);
    await alice.waitForAttr('rtc-room', 'connection-state', 'disconnected');
    gate.open();
    await alice.assertOut();
    await waitFor('nobody is in the room', () => !stand.cloud.signalling.rooms.has(room));
    await alice.set('rtc-room', 'joined', '');
    await alice.waitForJoined();
    assert.equal(stand.cloud.signalling.find('alice', room).length, 1);
  });
}

e2e('qiniu: joins that are taken back again and again do not close the way in', async (world) => {
  const room = 'to-and-fro';
  const alice = await enter(world, { user: 'alice', room, capture: false });
  for (let round = 0; round < 4; round += 1) {
    const gate = stand.cloud.gates.close('entry');
    await alice.set('rtc-room', 'joined', null);
    await alice.waitForAttr('rtc-room', 'connection-state', 'disconnected');
    await alice.set('rtc-room', 'joined', '');
    await gate.reached;
    gate.open();
  }
  await alice.waitForJoined();
  assert.equal(stand.cloud.signalling.find('alice', room).length, 1);
  assert.deepEqual(await alice.events('rtc-client-banned'), []);
});

e2e('qiniu: who leaves while the connection is lost is not brought back', async (world) => {
  const requestTimeout = 1_500;
  const room = 'lost';
  const alice = await enter(world, {
    user: 'alice',
    room,
    capture: false,
    options: { requestTimeout },
  });
  await alice.waitForJoined();
  alice.expectNoise(/WebSocket|websocket abort|reconnect failed/);
  stand.cloud.drop('alice');
  await alice.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
  await alice.set('rtc-room', 'joined', null);
  // Longer than the SDK waits before it connects anew.
  await alice.assertOut('rtc-room', 2 * requestTimeout);
});
