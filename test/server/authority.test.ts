import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  createRoomServer,
  type RoomServer,
  type RoomServerOptions,
} from '../../src/server/index.js';
import { addressGroup, clientAddress, readProxies } from '../../src/server/addresses.js';
import { freePort } from '../tools/free-port.mjs';
import { bundle, Child } from './child.js';
import { Bench, JOIN, OFFER, WireClient } from './fixtures.js';

const SECRET = 'a-secret-of-at-least-thirty-two-bytes!';
const KEY = { authorization: 'Bearer key' };

const servers: RoomServer[] = [];
const clients: WireClient[] = [];
let folder: string;

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rtc-state-'));
});
after(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  for (const client of clients.splice(0)) client.cut();
  for (const server of servers.splice(0)) await server.close();
});

async function start(options: RoomServerOptions): Promise<{ server: RoomServer; url: string }> {
  const server = createRoomServer({ secrets: [SECRET], adminKey: 'key', ...options });
  servers.push(server);
  const { port } = await server.listen(0, '127.0.0.1');
  return { server, url: `http://127.0.0.1:${port}` };
}

async function connect(url: string, headers?: Record<string, string>): Promise<WireClient> {
  const client = await WireClient.connect(url, headers);
  clients.push(client);
  return client;
}

async function refused(url: string, token: string): Promise<string | undefined> {
  const client = await connect(url);
  client.direct({ ...JOIN, token });
  const first = await client.any(['joined', 'refused']);
  return first.t === 'refused' ? first.error.ended : undefined;
}

describe('removals in a state file', () => {
  test('outlive a server that is killed', async () => {
    const cli = await bundle('src/server/cli.ts');
    const port = await freePort();
    const file = path.join(folder, 'killed.json');
    const url = `http://127.0.0.1:${port}`;
    const run = async (): Promise<Child> => {
      const args = ['--port', String(port), '--host', '127.0.0.1', '--state', file];
      const child = Child.start(cli, args, { env: { RTC_SECRETS: SECRET, RTC_ADMIN_KEY: 'key' } });
      await child.line(/^Room server at/);
      return child;
    };
    const mint = async (user: string): Promise<string> => {
      const body = JSON.stringify({ room: '8888', user });
      const response = await fetch(`${url}/api/tokens`, {
        method: 'POST',
        headers: { ...KEY, 'content-type': 'application/json' },
        body,
      });
      assert.equal(response.status, 201, await response.clone().text());
      return ((await response.json()) as { token: string }).token;
    };
    let child = await run();
    const [early, banned] = [await mint('alice'), await mint('bob')];
    const remove = (user: string): Promise<Response> =>
      fetch(`${url}/api/rooms/8888/users/${user}`, { method: 'DELETE', headers: KEY });
    assert.equal((await remove('alice')).status, 200);
    assert.equal((await remove('bob?ban=600')).status, 200);
    await child.end('SIGKILL');
    child = await run();
    try {
      assert.equal(await refused(url, early), 'banned', 'issued before the removal');
      assert.equal(await refused(url, await mint('alice')), undefined, 'issued after it');
      assert.equal(await refused(url, banned), 'banned');
      assert.equal(await refused(url, await mint('bob')), 'banned', 'during the ban');
    } finally {
      await child.end('SIGKILL');
    }
  });

  test('so does a dismissal, and nothing but the file is left', async () => {
    const stateFile = path.join(folder, 'dismissed.json');
    const first = await start({ stateFile });
    const { token } = await first.server.mintToken({ room: '8888', user: 'alice' });
    first.server.createRoom('8888');
    first.server.dismissRoom('8888');
    await first.server.close();
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('dismissed')),
      ['dismissed.json'],
    );
    const second = await start({ stateFile });
    assert.equal(await refused(second.url, token), 'banned');
  });

  test('of many at once all are kept', async () => {
    const stateFile = path.join(folder, 'many.json');
    const { server } = await start({ stateFile });
    for (let i = 0; i < 200; i++) server.removeUser('8888', `user${i}`, { ban: 60 });
    await server.close();
    const { bans } = JSON.parse(readFileSync(stateFile, 'utf8')) as { bans: unknown[] };
    assert.equal(bans.length, 200);
  });

  test('a file of something else is left alone', () => {
    const stateFile = path.join(folder, 'other.json');
    writeFileSync(stateFile, '{"hello": "world"}');
    assert.throws(
      () => createRoomServer({ dev: true, stateFile }),
      /not a state file of this server/,
    );
    assert.equal(readFileSync(stateFile, 'utf8'), '{"hello": "world"}');
  });

  test('what cannot be written is said and refuses nonetheless', async () => {
    const heard: string[] = [];
    const { server, url } = await start({
      stateFile: path.join(folder, 'no', 'such', 'folder.json'),
      log: (event) => heard.push(event),
    });
    const { token } = await server.mintToken({ room: '8888', user: 'alice' });
    const response = await fetch(`${url}/api/rooms/8888/users/alice`, {
      method: 'DELETE',
      headers: KEY,
    });
    assert.equal(response.status, 200);
    assert.ok(heard.includes('state-error'));
    assert.equal(await refused(url, token), 'banned');
  });
});

describe('the admin port', () => {
  test('alone has the HTTP API and the metrics', async () => {
    const { server, url } = await start({});
    const admin = await server.listenAdmin();
    assert.match(admin.url, /^http:\/\/127\.0\.0\.1:/);
    for (const where of ['/api/rooms', '/metrics']) {
      assert.equal((await fetch(url + where, { headers: KEY })).status, 404, where);
      assert.equal((await fetch(admin.url + where, { headers: KEY })).status, 200, where);
      assert.equal((await fetch(admin.url + where)).status, 401, where);
    }
    assert.equal((await fetch(`${url}/health`)).status, 200);
    assert.equal((await fetch(`${admin.url}/token`, { method: 'POST' })).status, 404);
    await assert.rejects(connect(admin.url), 'no WebSocket there');
  });

  test('a port that is taken or is none ends the command with a sentence', async () => {
    const cli = await bundle('src/server/cli.ts');
    const { url } = await start({});
    const taken = new URL(url).port;
    for (const [args, pattern] of [
      [['--port', taken], /EADDRINUSE/],
      [['--port', '0', '--admin-port', '99999'], /--admin-port must be/],
      [['--port', '0', '--max-rooms', 'many'], /maxRooms must be/],
    ] as const) {
      const child = Child.start(cli, ['--dev', ...args]);
      await child.line(pattern);
      assert.equal(await child.exited, 1);
    }
  });

  test('needs a key', async () => {
    const server = createRoomServer({ secrets: [SECRET] });
    await assert.rejects(server.listenAdmin(), /adminKey/);
    await server.close();
  });
});

test('metrics tell how much, and never of whom', async () => {
  const { server, url } = await start({});
  const { token } = await server.mintToken({ room: 'the-room', user: 'the-user' });
  const client = await connect(url);
  await client.join({ room: 'the-room', token });
  client.send({ t: 'data', id: 1, data: 'x' });
  await client.next('reply');
  await refused(url, 'no.token');
  (await connect(url)).raw('{');
  await fetch(`${url}/health`);
  const scrape = async (): Promise<string> =>
    (await fetch(`${url}/metrics`, { headers: KEY })).text();
  let text = await scrape();
  while (!text.includes('reason="malformed"')) text = await scrape();
  for (const line of [
    'rtc_rooms 1',
    'rtc_sessions 1',
    'rtc_joins_total{result="ok"} 1',
    'rtc_joins_total{result="auth"} 1',
    'rtc_messages_total{type="data"} 1',
    'rtc_refused_total{reason="malformed"} 1',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line} in\n${text}`);
  }
  assert.match(text, /^process_resident_memory_bytes \d+/m);
  assert.doesNotMatch(text, /the-room|the-user/);
});

describe('limits', () => {
  test('an address has so many sockets that have not joined', async () => {
    const { url } = await start({ maxPending: 2 });
    const first = await connect(url);
    await connect(url);
    await assert.rejects(connect(url), /503/);
    first.cut();
    await first.closed;
    for (;;) {
      const again = await connect(url).catch(() => undefined);
      if (again) break;
    }
  });

  test('the address is what a trusted proxy says, and nobody else', async () => {
    const { url } = await start({ maxPending: 1, trustedProxies: ['127.0.0.0/8'] });
    await connect(url, { 'x-forwarded-for': '203.0.113.1' });
    await connect(url, { 'x-forwarded-for': '203.0.113.2' });
    await assert.rejects(connect(url, { 'x-forwarded-for': '6.6.6.6, 203.0.113.2' }), /503/);
    const alone = await start({ maxPending: 1 });
    await connect(alone.url, { 'x-forwarded-for': '203.0.113.1' });
    await assert.rejects(connect(alone.url, { 'x-forwarded-for': '203.0.113.2' }), /503/);
  });

  test('proxies behind proxies, and what is not an address', () => {
    const proxies = readProxies(['10.0.0.0/8', '2001:db8::1']);
    const from = (remoteAddress: string, forwarded?: string): string =>
      clientAddress(
        {
          socket: { remoteAddress } as never,
          headers: { ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) },
        },
        proxies,
      );
    assert.equal(from('::ffff:10.1.1.1', '6.6.6.6, 203.0.113.9, 10.2.2.2'), '203.0.113.9');
    assert.equal(from('2001:db8::1', '203.0.113.9'), '203.0.113.9');
    assert.equal(from('10.1.1.1'), '10.1.1.1');
    assert.equal(from('10.1.1.1', 'unknown'), '10.1.1.1');
    assert.equal(from('203.0.113.9', '1.1.1.1'), '203.0.113.9');
    assert.equal(addressGroup('2001:db8:0:1::5'), addressGroup('2001:db8:0:1:ffff::1'));
    assert.notEqual(addressGroup('2001:db8:0:1::5'), addressGroup('2001:db8:0:2::5'));
    for (const bad of ['proxy.example', '10.0.0.0/33', '10.0.0.0/'])
      assert.throws(() => readProxies([bad]), /no address or network/, bad);
  });

  test('a room takes so many joins in a second; the rest come again', () => {
    const bench = new Bench({ maxJoins: 2 });
    for (let i = 0; i < 10; i++) bench.join('a');
    assert.throws(() => bench.join('a'), { code: 'network' });
    bench.join('a', { room: 'other' });
    bench.clock.turn(1000);
    bench.join('a');
    bench.join('a');
    assert.throws(() => bench.join('a'), { code: 'network' });
  });

  test('an option that makes no sense is refused', () => {
    for (const name of ['maxRooms', 'maxUsers', 'maxJoins', 'maxPending', 'tokenLife'])
      assert.throws(() => createRoomServer({ dev: true, [name]: NaN }), new RegExp(name));
  });

  test('a reader that does not read is dropped, and the room goes on', async () => {
    const { server, url } = await start({});
    const token = async (user: string): Promise<string> =>
      (await server.mintToken({ room: '8888', user })).token;
    const slow = await connect(url);
    await slow.join({ token: await token('slow') });
    slow.stall();
    const sender = await connect(url);
    await sender.join({ token: await token('sender') });
    for (let id = 0; id < 40; id++) sender.send({ t: 'message', id, data: 'x'.repeat(16_000) });
    assert.equal((await sender.next('peer-left')).reason, 'timeout');
    assert.equal(server.getRoom('8888')?.users.length, 1);
  });
});

describe('what a token may', () => {
  const claims = (more: object = {}) => ({
    room: '8888',
    user: 'a',
    role: 'anchor' as const,
    moderator: false,
    link: false,
    issuedAt: 0,
    expiresAt: 1_700_000_100,
    ...more,
  });

  test('a session outlives its token until it is resumed', () => {
    const bench = new Bench();
    const { session } = bench.join('a', {}, claims());
    bench.clock.turn(131_000);
    assert.equal(bench.service.get(session.id), session);
    assert.throws(() => bench.service.resume(session.id, session.resumeToken), {
      code: 'state',
      ended: undefined,
    });
    assert.equal(bench.service.get(session.id), undefined);
  });

  test('or switches the role, which a new token allows again', () => {
    const bench = new Bench();
    const { session } = bench.join('a', { mode: 'live', role: 'audience' }, claims());
    bench.clock.turn(131_000);
    assert.throws(() => bench.service.switchRole(session, 'anchor'), { code: 'auth' });
    const renewed = claims({ expiresAt: 1_700_001_000 });
    bench.service.switchRole(session, 'anchor', renewed);
    assert.equal(session.role, 'anchor');
    bench.service.resume(session.id, session.resumeToken);
  });

  test('a new token that allows less prolongs nothing of an earlier one', () => {
    const bench = new Bench();
    const more = { mode: 'live', role: 'anchor' } as const;
    const { session } = bench.join('a', more, claims({ moderator: true }));
    const less = claims({ role: 'audience', expiresAt: 1_700_001_000 });
    bench.service.switchRole(session, 'audience', less);
    assert.throws(() => bench.service.switchRole(session, 'anchor'), { code: 'forbidden' });
    bench.clock.turn(131_000);
    assert.throws(() => bench.service.switchRole(session, 'anchor'), { code: 'forbidden' });
    assert.throws(() => bench.service.handle(session, { t: 'kick', id: 1, user: 'b' }), {
      code: 'forbidden',
    });
  });

  test('a link’s token is audience only and moderates nothing, however it was minted', async () => {
    const { server, url } = await start({});
    const { token } = await server.mintToken({
      room: '8888',
      user: 'a',
      link: true,
      role: 'anchor',
      moderator: true,
    });
    const anchor = await connect(url);
    anchor.direct({ ...JOIN, mode: 'live', token });
    assert.equal((await anchor.next('refused')).error.code, 'forbidden');
    const link = await connect(url);
    const joined = await link.join({ mode: 'live', role: 'audience', token });
    assert.equal(joined.moderator, undefined);
    link.send({ t: 'role', id: 1, role: 'anchor', token });
    assert.equal((await link.next('reply')).error?.code, 'forbidden');
  });

  test('a removal is remembered as long as any token lives', async () => {
    const { server } = await start({});
    await assert.rejects(
      server.mintToken({ room: '8888', user: 'a', life: 86_401 }),
      /1 to 86400 seconds/,
    );
    const bench = new Bench();
    bench.service.removeUser('8888', 'a');
    bench.clock.turn(86_400_000);
    const early = claims({ issuedAt: 1_699_999_999, expiresAt: 1_700_086_399 });
    assert.throws(() => bench.join('a', {}, early), { ended: 'banned' });
  });

  test('a removal during a ban does not shorten it', () => {
    const bench = new Bench();
    bench.service.removeUser('8888', 'a', 600);
    bench.service.removeUser('8888', 'a');
    assert.throws(() => bench.join('a'), { ended: 'banned' });
  });

  test('one side of a connection offers, the other answers', () => {
    const bench = new Bench();
    const a = bench.join('a');
    const b = bench.join('b', { offer: OFFER });
    const [link] = b.joined.connections;
    assert.ok(link);
    const sdp = (type: 'offer' | 'answer') =>
      ({ t: 'signal', conn: link.conn, signal: { sdp: { type, sdp: OFFER } } }) as const;
    assert.throws(() => bench.service.handle(a.session, sdp('offer')), { code: 'argument' });
    assert.throws(() => bench.service.handle(b.session, sdp('answer')), { code: 'argument' });
    bench.service.handle(a.session, sdp('answer'));
    assert.equal(b.heard.at(-1)?.t, 'signal');
  });
});

test('a request whose address is none does not end the server', async () => {
  const { url } = await start({});
  const { port } = new URL(url);
  for (const head of ['', 'Upgrade: websocket\r\nConnection: Upgrade\r\n']) {
    const socket = connectTcp(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`GET // HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${head}\r\n`);
    socket.resume();
    await once(socket, head ? 'close' : 'data');
    socket.destroy();
  }
  assert.equal((await fetch(`${url}/health`)).status, 200);
});
