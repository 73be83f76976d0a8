/** Bad input: tokens, and endpoints that give them. */
import { assert, suite, waitFor, type World } from './harness.js';
import { assertError, assertRefused, room, TEXTS } from './refusals.js';

const e2e = suite();

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
    const { peer } = await assertRefused(
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
  const { peer, message } = await assertRefused(
    world,
    room(`mode="live" room-id="8888" user-id="alice" token="${token}" joined`),
    'forbidden',
  );
  assert.match(message, /role anchor/);
  await peer.set('rtc-room', 'user-role', 'audience');
  await peer.set('rtc-room', 'joined', '');
  await peer.waitForJoined();
});

for (const [what, answer] of [
  ['is down', { status: 503 }],
  ['cannot be reached', null],
] as const) {
  e2e(
    `bad input: a token endpoint that ${what} keeps the wish, and its return lets the user in`,
    { tokens: true },
    async (world) => {
      const token = await world.server.mint({ room: '8888', user: 'alice' });
      let up = false;
      const bodies: unknown[] = [];
      world.site.route('/my-token', ({ body }) => {
        bodies.push(JSON.parse(body));
        return up ? { status: 200, body: JSON.stringify({ token }) } : answer;
      });
      const peer = await world.open(
        'page',
        room('room-id="8888" user-id="alice" token-url="/my-token" joined'),
      );
      peer.expectNoise(/Failed to load resource.*(503|ERR_EMPTY_RESPONSE)/);
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
}

e2e('bad input: a waiting room is told, and asked again', { tokens: true }, async (world) => {
  const token = await world.server.mint({ room: '8888', user: 'alice' });
  const asked: number[] = [];
  world.site.route('/my-token', () => {
    asked.push(Date.now());
    return asked.length < 3
      ? { status: 202, headers: { 'retry-after': '1' } }
      : { status: 200, body: JSON.stringify({ token }) };
  });
  const peer = await world.open(
    'page',
    room('room-id="8888" user-id="alice" token-url="/my-token" joined'),
  );
  await peer.waitForEvent('rtc-waiting', { retryAfter: 1 });
  await peer.waitForEvent('rtc-joined', { userId: 'alice' });
  assert.equal(asked.length, 3);
  const pauses = asked.slice(1).map((at, i) => at - (asked[i] ?? 0));
  assert.ok(Math.min(...pauses) >= 950, `asked again after ${pauses.join()} ms`);
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
