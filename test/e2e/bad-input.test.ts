/** Bad input, each by its kind: a code, a sentence on the page, and the wish kept or taken back. */
import { assert, caller, sleep, suite } from './harness.js';
import { assertError, assertRefused, room } from './refusals.js';

const e2e = suite();

e2e(
  'bad input: room-id missing keeps the wish, and is carried out when it is set',
  async (world) => {
    const peer = await world.open('page', room('user-id="alice" joined'));
    await assertError(peer, { code: 'argument' });
    assert.equal(await peer.attr('rtc-room', 'joined'), '');
    await sleep(500);
    assert.equal((await peer.events('rtc-error')).length, 1, 'told once');
    await peer.set('rtc-room', 'room-id', '8888');
    await peer.waitForEvent('rtc-joined', { roomId: '8888', userId: 'alice' });
  },
);

for (const [what, attributes] of [
  ['a room-id with a space', 'room-id="two words" user-id="alice"'],
  ['a user-id with a bidirectional control', 'room-id="8888" user-id="ali&#x202e;ce"'],
  ['a room-id that is too long', `room-id="${'x'.repeat(129)}" user-id="alice"`],
  ['audience in a call', 'room-id="8888" user-id="alice" user-role="audience"'],
  ['a mode that is none', 'room-id="8888" user-id="alice" mode="party"'],
  ['driver-options that are no JSON', 'room-id="8888" user-id="alice" driver-options="{"'],
  [
    'driver-options that nobody knows',
    'room-id="8888" user-id="alice" driver-options=\'{"turbo": true}\'',
  ],
] as const) {
  e2e(`bad input: ${what} is refused with argument`, async (world) => {
    await assertRefused(world, room(`${attributes} joined`), 'argument');
  });
}

e2e('bad input: an unknown provider is refused in words', async (world) => {
  const { message } = await assertRefused(
    world,
    room('room-id="8888" user-id="alice" provider="carrier-pigeon" joined'),
    'argument',
  );
  assert.match(message, /carrier-pigeon/);
});

e2e('bad input: an unknown provider leaves no question for a token behind', async (world) => {
  world.site.route('/my-token', () => ({ status: 403 }));
  await assertRefused(
    world,
    room('room-id="8888" user-id="alice" provider="carrier-pigeon" token-url="/my-token" joined'),
    'argument',
  );
});

e2e(
  'bad input: a switch to audience in a call is taken back, and the call goes on',
  async (world) => {
    const peer = await world.open('page', room('room-id="8888" user-id="alice" joined'));
    await peer.waitForJoined();
    await peer.set('rtc-room', 'user-role', 'audience');
    await assertError(peer, { code: 'argument', fatal: true, reverted: ['user-role'] });
    assert.notEqual(await peer.attr('rtc-room', 'user-role'), 'audience');
    assert.equal(await peer.attr('rtc-room', 'connection-state'), 'connected');
  },
);

e2e('bad input: joining a room of the other mode is refused', async (world) => {
  await world
    .open('first', room('room-id="8888" user-id="alice" joined'))
    .then((peer) => peer.waitForJoined());
  const { message } = await assertRefused(
    world,
    room('room-id="8888" user-id="bob" mode="live" joined'),
    'state',
  );
  assert.match(message, /“8888” is open in mode “rtc”/);
});

for (const [what, html] of [
  [
    'a link in a call',
    room(
      'room-id="8888" user-id="alice" joined',
      '<rtc-cross-room-link room-id="2000"></rtc-cross-room-link>',
    ),
  ],
  [
    'a link to its own room',
    room(
      'mode="live" room-id="1000" user-id="A" joined',
      '<rtc-cross-room-link room-id="1000"></rtc-cross-room-link>',
    ),
  ],
] as const) {
  e2e(`bad input: ${what} is refused with argument, and the room goes on`, async (world) => {
    const peer = await world.open('page', html);
    await assertError(peer, { code: 'argument', fatal: true }, 'rtc-cross-room-link');
    await peer.waitForAttr('rtc-cross-room-link', 'link-state', 'failed');
    assert.equal(await peer.attr('rtc-room', 'connection-state'), 'connected');
    assert.equal((await peer.live()).sockets, 1);
  });
}

e2e('bad input: a link inside another is refused with argument', async (world) => {
  const peer = await world.open(
    'page',
    room(
      'mode="live" room-id="1000" user-id="A" joined',
      '<rtc-cross-room-link room-id="2000"><rtc-cross-room-link id="inner" room-id="3000"></rtc-cross-room-link></rtc-cross-room-link>',
    ),
  );
  await assertError(peer, { code: 'argument', fatal: true }, '#inner');
  await peer.waitForAttr('#inner', 'link-state', 'failed');
  await peer.waitForAttr('rtc-cross-room-link', 'link-state', 'waiting');
});

e2e(
  'bad input: a second element for the same client is refused with state and does not kick the first',
  async (world) => {
    const peer = await world.open('page', room('id="one" room-id="8888" user-id="alice" joined'));
    await peer.waitForJoined('#one');
    await peer.eval(() => {
      const copy = window.e2e.find('#one').cloneNode(true) as HTMLElement;
      copy.id = 'two';
      document.body.append(copy);
    });
    await assertError(peer, { code: 'state', fatal: true, reverted: ['joined'] }, '#two');
    await peer.waitForAttr('#two', 'joined', null);
    await peer.waitForAttr('#two', 'connection-state', 'disconnected');
    await sleep(500);
    assert.equal(await peer.attr('#one', 'connection-state'), 'connected');
    assert.deepEqual(await peer.events('rtc-client-banned'), []);
    assert.equal((await peer.live()).sockets, 1);
  },
);

e2e(
  'bad input: a second element that publishes the same stream is refused with state',
  async (world) => {
    const peer = await world.open(
      'page',
      caller('alice', '8888', '', '<rtc-local-stream id="two" audio></rtc-local-stream>'),
    );
    await peer.waitForAttr('rtc-local-stream', 'published', '');
    await assertError(peer, { code: 'state', fatal: true, reverted: ['audio'] }, '#two');
    const of = (name: string): Promise<unknown> =>
      Promise.all(['rtc-local-stream', '#two'].map((element) => peer.attr(element, name)));
    assert.deepEqual(await of('audio'), ['', null]);
    assert.deepEqual(await of('published'), ['', null]);
  },
);

e2e(
  'bad input: a server that cannot be reached keeps the wish, and its return lets the user in',
  async (world) => {
    world.site.backend = null;
    const peer = await world.open('page', caller('alice'));
    peer.expectNoise(/WebSocket connection|Failed to load resource.*503/);
    await assertError(peer, { code: 'network' });
    assert.equal(await peer.attr('rtc-room', 'joined'), '');
    const refused = await peer.eval(() =>
      (window.e2e.find('rtc-room') as HTMLElement & { join(): Promise<void> }).join().then(
        () => 'joined',
        (error: { code: string }) => error.code,
      ),
    );
    assert.equal(refused, 'network', 'join() tells the first failure');
    assert.equal(await peer.attr('rtc-room', 'joined'), '', 'and the wish stands');
    world.site.backend = world.server.port;
    await peer.waitForEvent('rtc-joined', { userId: 'alice' });
    await peer.waitForAttr('rtc-local-stream', 'published', '');
  },
);
