/** Call: users in room 8888, from attributes alone. */
import { assert, assertEverybodySees, call, caller, sleep, suite } from './harness.js';

const e2e = suite();

e2e('call: two users see and hear each other from attributes alone', async (world) => {
  const people = await call(world, 'alice', 'bob');
  await assertEverybodySees(people);
  const { alice, bob } = people;
  await Promise.all([alice.waitForSound(), bob.waitForSound()]);
  const joined = await alice.waitForEvent('rtc-joined');
  assert.deepEqual(joined.detail, { roomId: '8888', userId: 'alice', userRole: 'anchor' });
  assert.deepEqual(await alice.states(), ['connecting', 'connected']);
  await alice.waitForEvent('rtc-stream-published');
  await alice.waitForEvent('rtc-stream-added', {
    roomId: '8888',
    stream: { userId: 'bob', type: 'main' },
  });
  assert.equal(await alice.attr('rtc-local-stream', 'published'), '');
  assert.equal(await alice.attr('rtc-local-stream', 'capture-state'), 'live');
});

e2e('call: three users see each other', async (world) => {
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

e2e(
  'call: leave closes camera and connections, and joining again brings the call back',
  async (world) => {
    const people = await call(world, 'alice', 'bob');
    const { alice, bob } = people;
    await assertEverybodySees(people);
    const [fromA, fromB] = [await alice.mark(), await bob.mark()];
    await alice.set('rtc-room', 'joined', null);
    const left = await alice.waitForEvent('rtc-left', {}, fromA);
    assert.deepEqual(left.detail, { roomId: '8888', reason: 'leave' });
    const gone = await bob.waitForEvent('rtc-user-left', { userId: 'alice' }, fromB);
    assert.equal(gone.detail['reason'], 'leave');
    await bob.waitForEvent('rtc-stream-removed', { stream: { userId: 'alice' } }, fromB);
    await alice.assertOut();

    const again = await alice.mark();
    await alice.set('rtc-room', 'joined', '');
    await alice.waitForEvent('rtc-joined', { userId: 'alice' }, again);
    await assertEverybodySees(people);
    assert.deepEqual(await alice.states(again), ['connecting', 'connected']);
  },
);

e2e(
  'call: join() and leave() settle when the back end has answered, and write the wish',
  async (world) => {
    const { alice, bob } = await call(world, 'alice', 'bob');
    await alice.waitForJoined();
    const out = await alice.eval(async () => {
      const room = window.e2e.find('rtc-room') as HTMLElement & {
        join(): Promise<void>;
        leave(): Promise<void>;
        inRoom: boolean;
      };
      await room.leave();
      const left = [room.inRoom, room.hasAttribute('joined')];
      await room.join();
      return [...left, room.inRoom, room.hasAttribute('joined')];
    });
    assert.deepEqual(out, [false, false, true, true]);
    await bob.waitForFrames('user:alice');
  },
);

e2e('call: the same page twice without user-id is two guests', async (world) => {
  const [one, two] = await Promise.all([
    world.open('one', caller(null)),
    world.open('two', caller(null)),
  ]);
  const first = String((await one.waitForEvent('rtc-joined')).detail['userId']);
  const second = String((await two.waitForEvent('rtc-joined')).detail['userId']);
  assert.ok(first && second && first !== second, `two guests: ${first}, ${second}`);
  await Promise.all([one.waitForFrames(`user:${second}`), two.waitForFrames(`user:${first}`)]);
});

e2e('call: the same user id elsewhere kicks the earlier client', async (world) => {
  const { bob, alice } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const from = await alice.mark();
  const phone = await world.open('phone', caller('alice'));
  const banned = await alice.waitForEvent('rtc-client-banned', { reason: 'kick' }, from);
  assert.ok(String(banned.detail['message']).length > 10, 'a sentence');
  const left = await alice.waitForEvent('rtc-left', { reason: 'kick' }, from);
  assert.equal(left.detail['roomId'], '8888');
  await alice.assertOut();
  await phone.waitForFrames('user:bob');
  await bob.waitForFrames('user:alice');
  assert.notEqual(await phone.attr('rtc-room', 'joined'), null);
  assert.match(await alice.text('rtc-room'), /elsewhere|another|other/i, 'the page is told');
});

e2e('call: removed by the HTTP API is banned', async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const [fromA, fromB] = [await alice.mark(), await bob.mark()];
  await world.server.removeUser('8888', 'bob');
  await bob.waitForEvent('rtc-client-banned', { reason: 'banned' }, fromB);
  await bob.waitForEvent('rtc-left', { reason: 'banned' }, fromB);
  const gone = await alice.waitForEvent('rtc-user-left', { userId: 'bob' }, fromA);
  assert.equal(gone.detail['reason'], 'banned');
  await bob.assertOut();
  await sleep(200);
  assert.deepEqual(await alice.events('rtc-user-joined', fromA), []);
  await alice.waitForJoined();
});

e2e('call: a dismissed room is left by everybody with room_disband', async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const marks = [await alice.mark(), await bob.mark()];
  await world.server.dismissRoom('8888');
  await Promise.all(
    [alice, bob].map(async (peer, i) => {
      await peer.waitForEvent('rtc-client-banned', { reason: 'room_disband' }, marks[i]);
      await peer.waitForEvent('rtc-left', { reason: 'room_disband' }, marks[i]);
      await peer.assertOut();
    }),
  );
  assert.equal(await world.server.inspectRoom('8888'), null);
});

e2e('call: closing the page leaves at once', async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const from = await alice.mark();
  await world.close(bob);
  const gone = await alice.waitForEvent('rtc-user-left', { userId: 'bob' }, from, 5_000);
  assert.equal(gone.detail['reason'], 'leave');
});

e2e('call: the buttons of controls join, mute and leave, and ask the page first', async (world) => {
  const { bob } = await call(world, 'bob');
  const alice = await world.open(
    'alice',
    caller('alice', '8888', 'controls')
      .replace(' joined', '')
      .replace('<rtc-local-stream', '<rtc-local-stream controls'),
  );
  await alice.clickText('Join');
  await assertEverybodySees({ alice, bob });
  assert.deepEqual((await alice.waitForEvent('rtc-request')).detail, {
    name: 'joined',
    value: true,
  });
  await alice.click('[aria-label="Mute microphone"]');
  await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'audio', muted: true });
  await alice.click('[aria-label="Turn camera off"]');
  await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'video', muted: true });
  await alice.eval(() => {
    addEventListener('rtc-request', (event) => event.preventDefault(), { once: true });
  });
  await alice.click('[aria-label="Leave"]');
  assert.equal(await alice.attr('rtc-room', 'joined'), '', 'the page said no');
  await alice.click('[aria-label="Leave"]');
  await alice.assertOut();
});

e2e('call: commands do the same from any button', async (world) => {
  const { bob } = await call(world, 'bob');
  const alice = await world.open(
    'alice',
    `<p><button id="go" commandfor="room" command="--toggle-joined">Join or leave</button>
<button id="mute" commandfor="mine" command="--toggle-audio">Microphone</button></p>
${caller('alice').replace('<rtc-room', '<rtc-room id="room"').replace(' joined', '').replace('<rtc-local-stream', '<rtc-local-stream id="mine"')}`,
  );
  await alice.click('#go');
  await assertEverybodySees({ alice, bob });
  await alice.click('#mute');
  await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'audio', muted: true });
  assert.equal(await alice.attr('#mine', 'audio-muted'), '');
  await alice.click('#go');
  await alice.assertOut();
});
