import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import type { ServerMessage } from '../../src/protocol/messages.js';
import { createRoomServer, type RoomServer, type TokenRequest } from '../../src/server/index.js';
import { JOIN, OFFER, WireClient } from './fixtures.js';

const SECRET = 'a-secret-of-at-least-thirty-two-bytes!';
const MANY = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\n'.repeat(1000);

describe('a client that speaks the protocol and means harm', () => {
  let server: RoomServer;
  let url: string;
  let alice: WireClient;
  let bob: WireClient;
  let mallory: WireClient;
  let aliceJoined: Extract<ServerMessage, { t: 'joined' }>;
  let bobJoined: Extract<ServerMessage, { t: 'joined' }>;
  let joined: Extract<ServerMessage, { t: 'joined' }>;
  const clients: WireClient[] = [];

  const connect = async (): Promise<WireClient> => {
    const client = await WireClient.connect(url);
    clients.push(client);
    return client;
  };
  const mint = async (user: string, more: Partial<TokenRequest> = {}): Promise<string> =>
    (await server.mintToken({ room: '8888', user, ...more })).token;

  before(async () => {
    server = createRoomServer({ secrets: [SECRET] });
    const { port } = await server.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${port}`;
  });
  after(() => server.close());
  beforeEach(async () => {
    [alice, bob, mallory] = [await connect(), await connect(), await connect()];
    aliceJoined = await alice.join({ mode: 'live', token: await mint('alice') });
    const audience = { mode: 'live', role: 'audience' } as const;
    bobJoined = await bob.join({ ...audience, token: await mint('bob', { role: 'audience' }) });
    const token = await mint('mallory', { role: 'audience' });
    joined = await mallory.join({ ...audience, token });
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    server.dismissRoom('8888');
  });

  /** Alice and Bob go on as before: they hear each other, and of Mallory that it came or went. */
  const undisturbed = async (): Promise<void> => {
    alice.send({ t: 'message', id: 1, data: 'still here' });
    bob.send({ t: 'message', id: 1, data: 'so am I' });
    const [heard, answered] = [await bob.next('message'), await alice.next('message')];
    assert.deepEqual([heard.data, heard.from], ['still here', 'alice']);
    assert.deepEqual([answered.data, answered.from], ['so am I', 'bob']);
    const fine = ['joined', 'reply', 'message', 'peer-joined', 'peer-left', 'connect', 'wanted'];
    for (const { t } of [...alice.messages, ...bob.messages]) assert.ok(fine.includes(t), t);
    const users = server.getRoom('8888')?.users.map(({ user }) => user) ?? [];
    assert.ok(users.includes('alice') && users.includes('bob'), users.join());
  };
  const refusedJoin = async (token: string): Promise<string> => {
    const client = await connect();
    client.direct({ ...JOIN, mode: 'live', token });
    const { error } = await client.next('refused');
    assert.equal((await client.closed).code, 4001);
    return error.code;
  };

  test('sends as audience: refused', async () => {
    mallory.send({ t: 'publish', id: 1, streams: { main: { audio: 'on', video: 'on' } } });
    assert.equal((await mallory.next('reply')).error?.code, 'forbidden');
    await undisturbed();
  });

  test('takes the role anchor: refused', async () => {
    mallory.send({ t: 'role', id: 1, role: 'anchor' });
    assert.equal((await mallory.next('reply')).error?.code, 'forbidden');
    await undisturbed();
  });

  test('takes the role anchor with the token of somebody else: refused', async () => {
    mallory.send({ t: 'role', id: 1, role: 'anchor', token: await mint('alice') });
    assert.equal((await mallory.next('reply')).error?.code, 'forbidden');
    await undisturbed();
  });

  test('removes a user without being a moderator: refused', async () => {
    mallory.send({ t: 'kick', id: 1, user: 'alice' });
    assert.equal((await mallory.next('reply')).error?.code, 'forbidden');
    await undisturbed();
  });

  test('signals into the connection of others: nobody hears it', async () => {
    const [theirs] = bobJoined.connections;
    assert.ok(theirs);
    for (const conn of [theirs.conn, aliceJoined.session, 'nobody'])
      mallory.send({ t: 'signal', conn, signal: { sdp: { type: 'offer', sdp: OFFER } } });
    mallory.send({ t: 'ice', id: 1 });
    await mallory.next('reply');
    await undisturbed();
  });

  test('asks for new connections of others, and of its own too soon: none is made', async () => {
    const conns = [...bobJoined.connections, ...joined.connections].map(({ conn }) => conn);
    assert.equal(conns.length, 2);
    for (const conn of [...conns, aliceJoined.session, 'nobody'])
      mallory.send({ t: 'renew', conn });
    mallory.send({ t: 'ice', id: 1 });
    await mallory.next('reply');
    await undisturbed();
    const told = [alice, bob, mallory].flatMap(({ messages }) => messages);
    for (const one of told) assert.ok(one.t !== 'connect' || !one.connect.replaces);
  });

  test('floods with wishes for new connections: hung up on', async () => {
    const conn = joined.connections[0]?.conn ?? '';
    for (let i = 0; i < 100; i++) mallory.send({ t: 'renew', conn });
    assert.equal((await mallory.closed).code, 4003);
    await undisturbed();
  });

  for (const [what, sdp, type] of [
    ['1,000 media sections', MANY, 'answer'],
    ['a fifth section without a mid', `${OFFER}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n`, 'answer'],
    ['a section in disguise', `${OFFER}m=x-y\t9\r\n`, 'answer'],
    ['an offer of the side that answers', OFFER, 'offer'],
  ] as const) {
    test(`sends an SDP with ${what}: hung up on`, async () => {
      const [own] = joined.connections;
      assert.ok(own);
      mallory.send({ t: 'signal', conn: own.conn, signal: { sdp: { type, sdp } } });
      assert.equal((await mallory.closed).code, 4002);
      await undisturbed();
    });
  }

  test('joins with an offer of 1,000 media sections: refused', async () => {
    const client = await connect();
    client.direct({ ...JOIN, mode: 'live', token: await mint('m'), offer: MANY.slice(0, 32_000) });
    assert.equal((await client.next('refused')).error.code, 'argument');
    await undisturbed();
  });

  test('replays a resume token: refused, and who it belongs to stays', async () => {
    bob.cut();
    bob = await connect();
    bob.direct({ t: 'resume', session: bobJoined.session, token: bobJoined.resume });
    await bob.next('resumed');
    bob.frames.splice(0);
    for (const token of [bobJoined.resume, joined.resume, 'x'.repeat(22)]) {
      const thief = await connect();
      thief.direct({ t: 'resume', session: bobJoined.session, token });
      assert.equal((await thief.next('refused')).error.code, 'state');
    }
    await undisturbed();
  });

  test('resumes what it has left: refused', async () => {
    mallory.send({ t: 'leave' });
    await mallory.closed;
    const again = await connect();
    again.direct({ t: 'resume', session: joined.session, token: joined.resume });
    assert.equal((await again.next('refused')).error.code, 'state');
    await undisturbed();
  });

  test('floods: hung up on', async () => {
    for (let id = 0; id < 3_000; id++)
      mallory.send({ t: 'signal', conn: 'nobody', signal: { restart: true } });
    assert.equal((await mallory.closed).code, 4003);
    await undisturbed();
  });

  test('names another sender: hung up on', async () => {
    mallory.raw('{"n":1,"a":0,"m":{"t":"message","id":1,"data":"x","from":"alice"}}');
    assert.equal((await mallory.closed).code, 4002);
    await undisturbed();
  });

  test('joins twice over one socket: hung up on', async () => {
    mallory.send({ ...JOIN, token: await mint('mallory') });
    assert.equal((await mallory.closed).code, 4002);
    await undisturbed();
  });

  test('comes with a forged, an expired, a foreign or an endless token: refused', async () => {
    const now = Math.floor(Date.now() / 1000);
    const sign = (claims: object, secret = SECRET): Promise<string> =>
      new SignJWT({
        room: '8888',
        role: 'anchor',
        sub: 'mallory',
        aud: 'rtc-elements',
        iat: now,
        ...claims,
      })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(secret));
    const none = (claims: object): string =>
      [{ alg: 'none' }, claims, '']
        .map((part) => (part ? Buffer.from(JSON.stringify(part)).toString('base64url') : ''))
        .join('.');
    const good = { exp: now + 60 };
    assert.equal(
      await refusedJoin(await sign(good, 'another-secret-of-thirty-two-bytes!!!!')),
      'auth',
    );
    assert.equal(
      await refusedJoin(none({ room: '8888', role: 'anchor', sub: 'm', ...good })),
      'auth',
    );
    assert.equal(await refusedJoin(await sign({ exp: now - 60 })), 'auth');
    assert.equal(await refusedJoin(await sign({ ...good, aud: 'another-site' })), 'auth');
    assert.equal(await refusedJoin(await sign({})), 'auth');
    assert.equal(await refusedJoin(await sign({ exp: now + 1e6 })), 'auth');
    assert.equal(await refusedJoin(await sign({ iat: now + 3600, exp: now + 3660 })), 'auth');
    assert.equal(await refusedJoin(await sign({ ...good, room: 'another' })), 'forbidden');
    await undisturbed();
  });

  test('comes back after a removal with the token it had: refused', async () => {
    const token = await mint('mallory');
    server.removeUser('8888', 'mallory');
    assert.equal((await mallory.next('ended')).reason, 'banned');
    assert.equal(await refusedJoin(token), 'forbidden');
    await undisturbed();
  });

  test('comes from a page of elsewhere: refused', async () => {
    for (const origin of ['https://evil.example', 'null', 'file://', 'http://127.0.0.1:1'])
      await assert.rejects(WireClient.connect(url, { origin }), /403/, origin);
    await undisturbed();
  });
});

test('a page that rebinds its host name does not reach a --dev server', async () => {
  const server = createRoomServer({ dev: true });
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${port}`;
  for (const host of [
    `evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    `localhost.evil:${port}`,
  ])
    await assert.rejects(WireClient.connect(url, { host }), /403/, host);
  await assert.rejects(
    WireClient.connect(url, { host: `localhost:${port}`, origin: 'http://evil.example' }),
    /403/,
  );
  (await WireClient.connect(url, { host: `localhost:${port}` })).close();
  await server.close();
});

test('no secret is in a log, an error or a metric', async () => {
  const canary = (what: string): string => `canary-${what}-${'c'.repeat(32)}`;
  const said: string[] = [];
  const server = createRoomServer({
    secrets: [canary('secret'), canary('old-secret')],
    adminKey: canary('admin'),
    iceServers: [{ urls: 'turn:turn.example', username: 'u', credential: canary('turn') }],
    authenticate: () => {
      throw new Error(canary('authenticate'));
    },
    log: (event, detail) => said.push(`${event} ${JSON.stringify(detail)}`),
  });
  const { port } = await server.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${port}`;
  const key = { authorization: `Bearer ${canary('admin')}` };
  const { token } = await server.mintToken({ room: '8888', user: 'alice' });
  const secrets = [token, token.split('.')[2] ?? token];

  const first = async (...frames: string[]): Promise<void> => {
    const client = await WireClient.connect(url);
    for (const frame of frames) client.raw(frame);
    const { code, reason } = await client.closed;
    assert.ok(code >= 4000 || code === 1009, `${code}`);
    for (const one of client.messages) if (one.t !== 'joined') said.push(JSON.stringify(one));
    said.push(reason);
  };
  const frame = (m: object, n = 0): string => JSON.stringify({ n, a: 0, m });
  const join = { ...JOIN, token };
  await first(`{"n":0,"a":0,"m":{"t":"join","token":"${canary('json')}"`);
  await first(canary('text'));
  await first(frame({ ...join, token: [token] }));
  await first(frame({ ...join, token: token + 'x'.repeat(9000) }));
  await first(frame({ ...join, token: `${token}x` }));
  await first(frame({ ...join, room: 'another' }));
  await first(frame({ ...join, role: token }));
  await first(frame({ ...join, [token]: token }));
  await first(frame({ ...join, offer: `${OFFER}m=${canary('sdp')}` }));
  await first(frame({ ...join, offer: 5, streams: { [canary('sdp')]: canary('sdp') } }));
  await first(frame({ t: 'resume', session: 'x', token: canary('resume') }));
  await first(frame({ t: canary('type') }));
  const candidate = { candidate: canary('candidate'), sdpMid: 1 };
  await first(frame(join), frame({ t: 'signal', conn: 'c', signal: { candidate } }, 1));
  await first(frame(join), frame({ t: 'role', id: 1, role: 'anchor', token: `${token}x` }, 1), 'x');
  await first(frame(join), frame({ t: 'message', id: canary('message') }, 1));

  const call = async (path: string, init: RequestInit): Promise<void> => {
    const response = await fetch(url + path, init);
    assert.ok(response.status >= 400, `${path} ${response.status}`);
    said.push(await response.text(), JSON.stringify([...response.headers]));
  };
  const json = { 'content-type': 'application/json' };
  const post = (body: string, headers = {}) => ({
    method: 'POST',
    headers: { ...json, ...headers },
    body,
  });
  await call('/api/rooms', { headers: { authorization: `Bearer ${canary('wrong-key')}` } });
  await call('/api/tokens', post(`{"room": "${canary('body')}`, key));
  await call(
    '/api/tokens',
    post(JSON.stringify({ room: [canary('body')], role: canary('body') }), key),
  );
  const ask = { provider: 'embedded', roomId: '8888', userRole: 'anchor', reason: 'join' };
  await call('/token', post(JSON.stringify(ask), { cookie: canary('cookie') }));
  await call('/token', post(JSON.stringify({ ...ask, reason: canary('reason') })));
  await call('/rtc', post(`{"n":0,"a":0,"m":{"t":"join","token":"${canary('json')}"`));
  await call('/rtc', post(frame({ ...join, offer: OFFER, [token]: token })));
  await call('/rtc', post(frame({ t: 'resume', session: 'x', token: canary('resume') })));
  for (const bad of [token, `${token}x`]) {
    const body = frame({ ...join, token: bad, offer: `${OFFER}m=${canary('sdp')}` });
    const quiet = await fetch(`${url}/rtc`, { method: 'POST', body });
    said.push(await quiet.text(), JSON.stringify([...quiet.headers]));
  }
  said.push(await (await fetch(`${url}/metrics`, { headers: key })).text());
  await server.close();

  assert.ok(said.length > 30);
  const everything = said.join('\n');
  assert.doesNotMatch(everything, /canary/);
  for (const secret of secrets) assert.ok(!everything.includes(secret), 'the token is in it');
});
