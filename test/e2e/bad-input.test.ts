/** Bad input, each by its kind: a code, a sentence on the page, and the wish kept or taken back. */
import { assert, caller, sleep, suite, waitFor, type Peer, type World } from './harness.js';

const e2e = suite({
  args: ['--host-resolver-rules=MAP insecure.test 127.0.0.1'],
  firefoxPrefs: { 'network.dns.localDomains': 'insecure.test' },
});

interface Expected {
  code: string;
  fatal?: boolean;
  reverted?: string[];
}

/** Codes for which the page has a text of its own, instead of the error's message. */
const TEXTS: Record<string, string> = { network: 'The server cannot be reached. Trying again…' };

/** The error with this code is told with a sentence, and stands on the page. */
async function assertError(
  peer: Peer,
  { code, fatal = false, reverted = [] }: Expected,
  shownOn = 'rtc-room',
  from = 0,
): Promise<string> {
  const { detail } = await peer.waitForEvent('rtc-error', { error: { code } }, from);
  const error = detail['error'] as { message: string; fatal: boolean };
  assert.match(error.message, /^.{20,}[.!)]$/s, 'a sentence');
  assert.deepEqual(
    { code, fatal: error.fatal, reverted: detail['reverted'] },
    { code, fatal, reverted },
  );
  const sentence = TEXTS[code] ?? error.message;
  await waitFor(
    `“${sentence}” is shown in ${shownOn}`,
    async () => (await peer.text(shownOn)).includes(sentence),
    async () => ({ shown: await peer.text(shownOn) }),
    10_000,
  );
  return error.message;
}

const room = (attributes: string, inner = ''): string =>
  `<rtc-room ${attributes}>${inner}</rtc-room>`;

/** Refused: one fatal error, `joined` taken back, and no second attempt. */
async function assertRefused(
  world: World,
  html: string,
  code: string,
  reverted = ['joined'],
): Promise<Peer> {
  const peer = await world.open('page', html);
  await assertError(peer, { code, fatal: true, reverted });
  await peer.waitForAttr('rtc-room', 'joined', null);
  await peer.assertOut('rtc-room', 500);
  assert.equal((await peer.events('rtc-error')).length, 1, 'told once');
  return peer;
}

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
  const peer = await world.open(
    'page',
    room('room-id="8888" user-id="alice" provider="carrier-pigeon" joined'),
  );
  const { detail } = await peer.waitForEvent('rtc-error', { error: { fatal: true } });
  assert.match((detail['error'] as { message: string }).message, /carrier-pigeon/);
  await peer.assertOut('rtc-room', 300);
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
  const peer = await world.open('page', room('room-id="8888" user-id="bob" mode="live" joined'));
  const { detail } = await peer.waitForEvent('rtc-error', { error: { fatal: true } });
  assert.deepEqual(detail['reverted'], ['joined']);
  assert.match((detail['error'] as { message: string }).message, /mode|live|rtc/);
  await peer.assertOut('rtc-room', 300);
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
  await peer.waitForAttr('#inner', 'link-state', 'failed');
  await peer.waitForEvent('rtc-error', { error: { code: 'argument' } });
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
    const { target } = await peer.waitForEvent('rtc-error', { error: { code: 'state' } });
    assert.equal(target, 'two');
    assert.equal(await peer.attr('#two', 'published'), null);
  },
);

for (const [what, code, make] of [
  ['no token', 'auth', () => Promise.resolve('')],
  [
    'a forged token',
    'auth',
    async (world: World) =>
      `${(await world.server.mint({ room: '8888', user: 'alice' })).slice(0, -8)}AAAAAAAA`,
  ],
  [
    'an expired token',
    'auth',
    (world: World) => world.server.mint({ room: '8888', user: 'alice', expired: true }),
  ],
  [
    'another room’s token',
    'forbidden',
    (world: World) => world.server.mint({ room: '9999', user: 'alice' }),
  ],
  [
    'another user’s token',
    'forbidden',
    (world: World) => world.server.mint({ room: '8888', user: 'mallory' }),
  ],
  [
    'a foreign site’s token',
    'auth',
    (world: World) => world.server.mint({ room: '8888', user: 'alice', foreign: true }),
  ],
] as const) {
  e2e(`bad input: ${what} is refused with ${code}`, { tokens: true }, async (world) => {
    const token = await make(world);
    const peer = await assertRefused(
      world,
      room(`room-id="8888" user-id="alice" token="${token}" joined`),
      code,
    );
    if (token)
      assert.ok(
        !JSON.stringify(await peer.events('rtc-error')).includes(token),
        'the token is not told',
      );
  });
}

e2e('bad input: an audience token does not let an anchor in', { tokens: true }, async (world) => {
  const token = await world.server.mint({ room: '8888', user: 'alice', role: 'audience' });
  const peer = await world.open(
    'page',
    room(`mode="live" room-id="8888" user-id="alice" token="${token}" joined`),
  );
  const { detail } = await peer.waitForEvent('rtc-error', { error: { fatal: true } });
  assert.ok(
    ['auth', 'forbidden'].includes((detail['error'] as { code: string }).code),
    JSON.stringify(detail),
  );
  await peer.assertOut('rtc-room', 300);
  await peer.set('rtc-room', 'user-role', 'audience');
  await peer.set('rtc-room', 'joined', '');
  await peer.waitForJoined();
});

e2e(
  'bad input: a token endpoint that is down keeps the wish, and its return lets the user in',
  { tokens: true },
  async (world) => {
    const token = await world.server.mint({ room: '8888', user: 'alice' });
    let up = false;
    const bodies: unknown[] = [];
    world.site.route('/my-token', ({ body }) => {
      bodies.push(JSON.parse(body));
      return up ? { status: 200, body: JSON.stringify({ token }) } : { status: 503 };
    });
    const peer = await world.open(
      'page',
      room('room-id="8888" user-id="alice" token-url="/my-token" joined'),
    );
    peer.expectNoise(/Failed to load resource.*503/);
    await assertError(peer, { code: 'network' });
    assert.equal(await peer.attr('rtc-room', 'joined'), '');
    up = true;
    await peer.waitForEvent('rtc-joined', { userId: 'alice' });
    assert.deepEqual(bodies[0], {
      provider: 'embedded',
      roomId: '8888',
      userId: 'alice',
      userRole: 'anchor',
      reason: 'join',
    });
    await waitFor(
      'the error is gone from the page',
      async () => !(await peer.text('rtc-room')).includes(TEXTS['network'] ?? ''),
      () => peer.text('rtc-room'),
    );
  },
);

e2e('bad input: a waiting room is told, and asked again', { tokens: true }, async (world) => {
  const token = await world.server.mint({ room: '8888', user: 'alice' });
  let asked = 0;
  world.site.route('/my-token', () => {
    asked += 1;
    return asked < 3
      ? { status: 202, headers: { 'retry-after': '1' } }
      : { status: 200, body: JSON.stringify({ token }) };
  });
  const peer = await world.open(
    'page',
    room('room-id="8888" user-id="alice" token-url="/my-token" joined'),
  );
  await peer.waitForEvent('rtc-waiting', { retryAfter: 1 });
  await peer.waitForEvent('rtc-joined', { userId: 'alice' });
  assert.equal(asked, 3);
  assert.deepEqual(await peer.events('rtc-error'), []);
});

e2e(
  'bad input: a token endpoint that refuses is asked once and takes the wish back',
  { tokens: true },
  async (world) => {
    let asked = 0;
    world.site.route('/my-token', () => {
      asked += 1;
      return { status: 403 };
    });
    const peer = await world.open(
      'page',
      room('room-id="8888" user-id="alice" token-url="/my-token" joined'),
    );
    peer.expectNoise(/Failed to load resource.*403/);
    await assertError(peer, { code: 'forbidden', fatal: true, reverted: ['joined'] });
    await peer.assertOut('rtc-room', 500);
    assert.equal(asked, 1);
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

/** `getUserMedia` fails as it does on such a machine: for the camera, or for everything. */
const failing: Record<string, () => void> = {
  missing: () => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (constraints) =>
      constraints?.video
        ? Promise.reject(new DOMException('Requested device not found', 'NotFoundError'))
        : ask(constraints);
  },
  busy: () => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (constraints) =>
      constraints?.video
        ? Promise.reject(new DOMException('Could not start video source', 'NotReadableError'))
        : ask(constraints);
  },
};

for (const [how, code] of [
  ['missing', 'device-missing'],
  ['busy', 'device-busy'],
] as const) {
  e2e(
    `bad input: a camera that is ${how} fails with ${code}, and the room is joined`,
    async (world) => {
      const peer = await world.open('page', caller('alice').replace(' audio', ''), {
        init: failing[how],
      });
      const { detail } = await peer.waitForEvent('rtc-error', { error: { code } });
      const { message } = detail['error'] as { message: string };
      assert.match(message, /^.{20,}[.!)]$/s, 'a sentence');
      await waitFor(
        'it is shown',
        async () => (await peer.text('rtc-local-stream')).includes(message),
        () => peer.text('rtc-local-stream'),
        10_000,
      );
      await peer.waitForAttr('rtc-local-stream', 'capture-state', 'failed');
      await peer.waitForJoined();
      assert.equal((await peer.live()).tracks, 0);
    },
  );
}

for (const [how, code] of [
  ['missing', 'device-missing'],
  ['busy', 'device-busy'],
] as const) {
  e2e(
    `bad input: of two devices with a camera that is ${how}, the microphone goes on`,
    async (world) => {
      const bob = await world.open('bob', room('room-id="8888" user-id="bob" joined'));
      const peer = await world.open('page', caller('alice'), { init: failing[how] });
      const { detail } = await peer.waitForEvent('rtc-error', { error: { code } });
      assert.equal((detail['error'] as { fatal: boolean }).fatal, false);
      await peer.waitForAttr('rtc-local-stream', 'capture-state', 'live');
      await bob.waitForEvent('rtc-stream-added', { stream: { userId: 'alice', hasAudio: true } });
      await bob.waitForSound();
      assert.equal((await peer.live()).tracks, 1);
    },
  );
}

e2e('bad input: an insecure context is told as such', async (world) => {
  const peer = await world.open(
    'page',
    '<rtc-local-stream audio video preview></rtc-local-stream>',
    { host: 'insecure.test' },
  );
  assert.equal(await peer.eval(() => window.isSecureContext), false);
  const { detail } = await peer.waitForEvent('rtc-error', { error: { code: 'insecure-context' } });
  const { message } = detail['error'] as { message: string };
  assert.match(message, /https/i);
  await waitFor(
    'it is shown',
    async () => (await peer.text('rtc-local-stream')).includes(message),
    () => peer.text('rtc-local-stream'),
    10_000,
  );
  await peer.waitForAttr('rtc-local-stream', 'capture-state', 'failed');
});
