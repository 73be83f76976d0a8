import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import {
  createRoomServer,
  type RoomServer,
  type RoomServerOptions,
} from '../../src/server/index.js';
import { JOIN, WireClient } from './fixtures.js';

const SECRET = 'a-secret-of-at-least-thirty-two-bytes!';

let server: RoomServer;
let url: string;
const clients: WireClient[] = [];

async function start(options: RoomServerOptions): Promise<void> {
  server = createRoomServer(options);
  const { port } = await server.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${port}`;
}

async function connect(headers?: Record<string, string>): Promise<WireClient> {
  const client = await WireClient.connect(url, headers);
  clients.push(client);
  return client;
}

function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  return fetch(url + path, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** With a Host header of one's choice, which fetch() does not allow. */
function statusFor(headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    request(`${url}/health`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

afterEach(() => {
  for (const client of clients.splice(0)) client.cut();
  for (const { room } of server.listRooms()) server.dismissRoom(room);
});

describe('a --dev server', () => {
  before(() => start({ dev: true, timers: { join: 300, silent: 1500 } }));
  after(() => server.close());

  test('lets anybody of this machine in and names a guest', async () => {
    const { user } = await (await connect()).join();
    assert.match(user, /^guest-/);
  });

  test('refuses a page of another origin', async () => {
    await assert.rejects(connect({ origin: 'https://evil.example' }), /403/);
  });

  test('refuses a rebound host name', async () => {
    assert.equal(await statusFor({ host: 'evil.example' }), 403);
  });

  test('refuses what a proxy forwards', async () => {
    assert.equal(await statusFor({ 'x-forwarded-for': '203.0.113.9' }), 403);
  });

  test('replays what a dropped client missed, once and in order', async () => {
    const alice = await connect();
    await alice.join({ user: 'alice' });
    const first = await connect();
    const { session, resume } = await first.join({ user: 'bob' });
    alice.send({ t: 'message', id: 1, data: 'one' });
    await first.next('message');
    first.cut();
    alice.send({ t: 'message', id: 2, data: 'two' });
    alice.send({ t: 'message', id: 3, data: 'three' });
    const second = await connect();
    second.direct({ t: 'resume', session, token: resume });
    await second.next('resumed');
    // Bare clients acknowledge nothing, so "one" comes again under its old number.
    const seen = new Map<number, string>();
    for (const { n, m } of [...first.frames, ...second.frames])
      if (m?.t === 'message') seen.set(n, m.data);
    assert.deepEqual([...seen.values()], ['one', 'two', 'three']);
    assert.equal(alice.messages.filter(({ t }) => t === 'peer-left').length, 0);
  });

  test('drops a frame that it has had before', async () => {
    const alice = await connect();
    await alice.join({ user: 'alice' });
    const bob = await connect();
    await bob.join({ user: 'bob' });
    bob.send({ t: 'message', id: 1, data: 'once' }, 1);
    bob.send({ t: 'message', id: 1, data: 'once' }, 1);
    bob.send({ t: 'message', id: 2, data: 'last' }, 2);
    await bob.next('reply');
    while (!alice.messages.some((one) => one.t === 'message' && one.data === 'last')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.deepEqual(
      alice.messages.flatMap((one) => (one.t === 'message' ? one.data : [])),
      ['once', 'last'],
    );
  });

  test('a client with nothing to hear hears that its socket lives', async () => {
    const alice = await connect();
    const { alive } = await alice.join({ user: 'alice' });
    assert.equal(alive, 5_000);
    while (!alice.frames.some(({ m }) => m === undefined)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  test('a stale resume token is refused', async () => {
    const bob = await connect();
    const { session } = await bob.join({ user: 'bob' });
    const thief = await connect();
    thief.direct({ t: 'resume', session, token: 'x'.repeat(22) });
    assert.equal((await thief.next('refused')).error.code, 'state');
  });

  test('a client that closes with 1000 has left at once', async () => {
    const alice = await connect();
    await alice.join({ user: 'alice' });
    const bob = await connect();
    await bob.join({ user: 'bob' });
    bob.close(1000);
    assert.equal((await alice.next('peer-left')).reason, 'leave');
  });

  test('a client that is lost has left when it was silent long enough', async () => {
    const alice = await connect();
    await alice.join({ user: 'alice' });
    const bob = await connect();
    await bob.join({ user: 'bob' });
    bob.cut();
    assert.equal((await alice.next('peer-left')).reason, 'timeout');
  });

  test('a socket that does not join in time is closed', async () => {
    assert.equal((await (await connect()).closed).code, 4004);
  });

  for (const [what, text] of [
    ['text that is not JSON', '{'],
    ['a frame of another shape', '{"hello":1}'],
    ['an unknown message', '{"n":0,"a":0,"m":{"t":"format"}}'],
    [
      'an id with a space',
      '{"n":0,"a":0,"m":{"t":"join","room":"a b","mode":"rtc","role":"anchor","want":{"audio":true,"video":true},"streams":{}}}',
    ],
  ] as const) {
    test(`${what} closes the socket with a reason`, async () => {
      const client = await connect();
      client.raw(text);
      const { code, reason } = await client.closed;
      assert.equal(code, 4002);
      assert.ok(reason.length > 0);
    });
  }

  test('a payload beyond 64 kB closes the socket', async () => {
    const client = await connect();
    client.raw('x'.repeat(64 * 1024 + 1));
    assert.equal((await client.closed).code, 1009);
  });

  test('a flood of one message type closes the socket', async () => {
    const client = await connect();
    await client.join({ user: 'flood' });
    for (let i = 0; i < 300; i++) client.send({ t: 'data', id: i, data: String(i) });
    assert.equal((await client.closed).code, 4003);
  });

  test('the HTTP API needs its key', async () => {
    assert.equal((await call('GET', '/api/rooms')).status, 401);
    assert.equal(
      (await call('GET', '/api/rooms', undefined, { authorization: 'Bearer no' })).status,
      401,
    );
  });

  test('the HTTP API creates, lists, inspects, removes and dismisses', async () => {
    const key = { authorization: `Bearer ${server.adminKey ?? ''}` };
    assert.equal((await call('POST', '/api/rooms', { room: 'made' }, key)).status, 201);
    assert.equal((await call('POST', '/api/rooms', { room: 'made' }, key)).status, 200);
    const bob = await connect();
    await bob.join({ room: 'made', user: 'bob' });
    const alice = await connect();
    await alice.join({ room: 'made', user: 'alice' });
    const room = (await (await call('GET', '/api/rooms/made', undefined, key)).json()) as {
      users: { user: string }[];
    };
    assert.deepEqual(
      room.users.map(({ user }) => user),
      ['bob', 'alice'],
    );
    const removed = await call('DELETE', '/api/rooms/made/users/bob', undefined, key);
    assert.deepEqual(await removed.json(), { removed: 1 });
    assert.equal((await bob.next('ended')).reason, 'banned');
    assert.equal((await call('DELETE', '/api/rooms/made', undefined, key)).status, 200);
    assert.equal((await alice.next('ended')).reason, 'room_disband');
    assert.equal((await call('GET', '/api/rooms/made', undefined, key)).status, 404);
  });

  test('answers no request of a page of another origin', async () => {
    const response = await call('POST', '/token', {}, { origin: 'https://evil.example' });
    assert.equal(response.status, 403);
    assert.equal(response.headers.get('access-control-allow-origin'), null);
  });

  test('mints a token at /token that its own rooms take', async () => {
    const ask = {
      provider: 'embedded',
      roomId: '8888',
      userId: 'carol',
      userRole: 'anchor',
      reason: 'join',
    };
    const { token, userId } = (await (await call('POST', '/token', ask)).json()) as {
      token: string;
      userId: string;
    };
    assert.equal(userId, 'carol');
    assert.equal((await (await connect()).join({ token })).user, 'carol');
  });

  test('tells its health', async () => {
    const health = (await (await call('GET', '/health')).json()) as { status: string };
    assert.equal(health.status, 'ok');
  });
});

describe('a connection that does not work', () => {
  before(() => start({ dev: true }));
  after(() => server.close());

  test('gives its place to another, over which the two signal from then on', async (context) => {
    const [alice, bob] = [await connect(), await connect()];
    await alice.join({ user: 'alice' });
    const { connections } = await bob.join({ user: 'bob' });
    const conn = connections[0]?.conn ?? '';
    await alice.next('connect');
    alice.frames.splice(0);
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() + 10_000 });
    bob.send({ t: 'renew', conn });
    const { connect: told } = await alice.next('connect');
    assert.deepEqual([told.replaces, told.offerer], [conn, true]);
    assert.equal((await bob.next('connect')).connect.conn, told.conn);
    bob.send({ t: 'signal', conn, signal: { restart: true } });
    bob.send({ t: 'signal', conn: told.conn, signal: { candidate: null } });
    assert.equal((await alice.next('signal')).conn, told.conn);
  });

  test('is named in the message, or the socket is closed', async () => {
    const client = await connect();
    await client.join({ user: 'mallory', room: 'another' });
    client.raw('{"n":1,"a":0,"m":{"t":"renew","conn":7}}');
    assert.equal((await client.closed).code, 4002);
  });
});

describe('a server with tokens', () => {
  before(() =>
    start({
      secrets: [SECRET, 'an-older-secret-of-thirty-two-bytes!!!'],
      adminKey: 'key',
      authenticate: ({ headers }, ask) => {
        const { cookie } = headers;
        if (!cookie) return null;
        if (cookie === 'waiting') return { waiting: 7 };
        return { userId: cookie, userRole: ask.roomId === 'lecture' ? 'audience' : 'anchor' };
      },
    }),
  );
  after(() => server.close());

  const refusedJoin = async (token?: string, more = {}) => {
    const client = await connect();
    client.direct({
      ...JOIN,
      mode: 'live',
      ...(token !== undefined && { token }),
      ...more,
    });
    return (await client.next('refused')).error;
  };
  const sign = (claims: Record<string, unknown>, secret = SECRET, alg = 'HS256', life = 600) => {
    const now = Date.now() / 1000;
    return new SignJWT({ room: '8888', role: 'anchor', ...claims })
      .setProtectedHeader({ alg })
      .setSubject('alice')
      .setAudience('rtc-elements')
      .setIssuedAt(now)
      .setExpirationTime(Math.floor(now) + life)
      .sign(new TextEncoder().encode(secret));
  };

  test('refuses a join without a token', async () => {
    assert.equal((await refusedJoin()).code, 'auth');
  });

  test('refuses a forged token', async () => {
    assert.equal(
      (await refusedJoin(await sign({}, 'another-secret-of-thirty-two-bytes!!!!'))).code,
      'auth',
    );
  });

  test('refuses a token of another algorithm', async () => {
    assert.equal((await refusedJoin(await sign({}, SECRET + SECRET, 'HS512'))).code, 'auth');
  });

  test('refuses an expired token and says so', async () => {
    const error = await refusedJoin(await sign({}, SECRET, 'HS256', -31));
    assert.equal(error.code, 'auth');
    assert.match(error.message, /expired/);
  });

  test('refuses a token of another room, user or role', async () => {
    assert.equal((await refusedJoin(await sign({ room: 'other' }))).code, 'forbidden');
    assert.equal((await refusedJoin(await sign({}), { user: 'mallory' })).code, 'forbidden');
    assert.equal((await refusedJoin(await sign({ role: 'audience' }))).code, 'forbidden');
  });

  test('takes a token of the older secret', async () => {
    const token = await sign({}, 'an-older-secret-of-thirty-two-bytes!!!');
    assert.equal((await (await connect()).join({ token, mode: 'live' })).user, 'alice');
  });

  test('a role switch needs a token that allows the role', async () => {
    const client = await connect();
    await client.join({ token: await sign({ role: 'audience' }), mode: 'live', role: 'audience' });
    client.send({ t: 'role', id: 1, role: 'anchor' });
    assert.equal((await client.next('reply')).error?.code, 'forbidden');
    client.send({ t: 'role', id: 2, role: 'anchor', token: await sign({}) });
    while (!client.messages.some((one) => one.t === 'reply' && one.id === 2 && !one.error)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  test('the site says who the user is, never the body', async () => {
    const ask = {
      provider: 'embedded',
      roomId: '8888',
      userId: 'mallory',
      userRole: 'anchor',
      reason: 'join',
    };
    const answer = await call('POST', '/token', ask, { cookie: 'alice' });
    assert.equal(((await answer.json()) as { userId: string }).userId, 'alice');
  });

  test('a user who is not signed in gets 401, one who waits 202 with Retry-After', async () => {
    const ask = { provider: 'embedded', roomId: '8888', userRole: 'anchor', reason: 'join' };
    assert.equal((await call('POST', '/token', ask)).status, 401);
    const waiting = await call('POST', '/token', ask, { cookie: 'waiting' });
    assert.deepEqual([waiting.status, waiting.headers.get('retry-after')], [202, '7']);
  });

  test('a link token is audience only', async () => {
    const ask = { provider: 'embedded', roomId: '8888', userRole: 'audience', reason: 'link' };
    const answer = await call('POST', '/token', ask, { cookie: 'alice' });
    const { token } = (await answer.json()) as { token: string };
    assert.equal((await refusedJoin(token)).code, 'forbidden');
  });

  test('the role of the answer is what the site allows', async () => {
    const ask = { provider: 'embedded', roomId: 'lecture', userRole: 'anchor', reason: 'join' };
    const answer = await call('POST', '/token', ask, { cookie: 'alice' });
    assert.equal(((await answer.json()) as { userRole: string }).userRole, 'audience');
  });

  test('pages of the own host only may connect', async () => {
    await assert.rejects(connect({ origin: 'https://evil.example' }), /403/);
    await connect({ origin: url });
  });
});

describe('starting and stopping', () => {
  test('refuses to start without a secret, or with a short one', () => {
    assert.throws(() => createRoomServer(), /secrets/);
    assert.throws(() => createRoomServer({ secrets: ['short'] }), /32 bytes/);
  });

  test('tells its clients when it stops, and lets go of everything', async () => {
    await start({ dev: true });
    const client = await connect();
    await client.join({ user: 'alice' });
    await server.close();
    assert.equal((await client.closed).code, 1012);
    await assert.rejects(connect());
  });
});
