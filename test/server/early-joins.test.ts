import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createRoomServer,
  type RoomServer,
  type RoomServerOptions,
} from '../../src/server/index.js';
import { MAX_PAYLOAD, type JoinMessage } from '../../src/protocol/messages.js';
import { JOIN, OFFER, WireClient } from './fixtures.js';

const SECRET = 'a-secret-of-at-least-thirty-two-bytes!';

let server: RoomServer;
let url: string;
let offers = 0;
const clients: WireClient[] = [];

async function start(options: RoomServerOptions): Promise<void> {
  server = createRoomServer(options);
  const { port } = await server.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${port}`;
}

async function connect(): Promise<WireClient> {
  const client = await WireClient.connect(url);
  clients.push(client);
  return client;
}

/** A frame that nobody else has: each browser's offer is one of its own. */
function frameOf(more: Partial<JoinMessage>): string {
  const offer = `${OFFER}a=ice-pwd:${++offers}\r\n`;
  return JSON.stringify({ n: 0, a: 0, m: { ...JOIN, offer, ...more } });
}

/** @returns the status; 0 when the connection was closed without one */
function post(body: string, headers: Record<string, string> = {}, path = '/rtc'): Promise<number> {
  return new Promise((resolve) => {
    const sent = request(url + path, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}

async function claim(frame: string): Promise<WireClient> {
  const client = await connect();
  client.raw(frame);
  return client;
}

const users = (room = '8888'): string[] =>
  server.getRoom(room)?.users.map(({ user }) => user) ?? [];

afterEach(() => {
  for (const client of clients.splice(0)) client.cut();
  for (const { room } of server.listRooms()) server.dismissRoom(room);
});

describe('a join that is posted while its socket opens', () => {
  let alice: WireClient;
  before(() => start({ dev: true, timers: { join: 300 } }));
  after(() => server.close());
  beforeEach(async () => {
    alice = await connect();
    await alice.join({ user: 'alice' });
  });

  test('is seen at once, and its socket has everything from then on, in order', async () => {
    const frame = frameOf({ user: 'bob' });
    assert.equal(await post(frame), 204);
    const { connect: link } = await alice.next('connect');
    assert.ok(link.offer);
    alice.send({ t: 'message', id: 1, data: 'welcome' });
    alice.send({
      t: 'signal',
      conn: link.conn,
      signal: { sdp: { type: 'answer', sdp: OFFER } },
    });
    await alice.next('reply');

    const bob = await claim(frame);
    await bob.next('signal');
    const [first, ...rest] = bob.messages;
    assert.equal(first?.t, 'joined');
    assert.equal(first?.t === 'joined' && first.peers[0]?.user, 'alice');
    assert.deepEqual(
      rest.map(({ t }) => t),
      ['wanted', 'message', 'signal'],
    );
    assert.deepEqual(
      bob.frames.map(({ n }) => n),
      [0, 1, 2, 3],
    );
    assert.deepEqual(users(), ['alice', 'bob']);
    assert.equal(alice.messages.filter(({ t }) => t === 'peer-joined').length, 1);
  });

  test('stays when it was taken, however long ago it was posted', async () => {
    const frame = frameOf({ user: 'bob' });
    await post(frame);
    const bob = await claim(frame);
    await bob.next('joined');
    // Longer than an unclaimed one may stay: a ghost posted after it has come and gone.
    await post(frameOf({ user: 'ghost' }));
    assert.equal((await alice.next('peer-left')).reason, 'timeout');
    assert.deepEqual(users(), ['alice', 'bob']);
  });

  test('is resumed with the token that its socket was told', async () => {
    const frame = frameOf({ user: 'bob' });
    await post(frame);
    const bob = await claim(frame);
    const { session, resume } = await bob.next('joined');
    bob.cut();
    const again = await connect();
    again.direct({ t: 'resume', session, token: resume });
    await again.next('resumed');
    assert.deepEqual(users(), ['alice', 'bob']);
  });

  test('has left soon when no socket comes', async () => {
    await post(frameOf({ user: 'bob' }));
    assert.deepEqual(users(), ['alice', 'bob']);
    assert.equal((await alice.next('peer-left')).reason, 'timeout');
    assert.deepEqual(users(), ['alice']);
  });

  test('joins anew when its socket comes too late', async () => {
    const frame = frameOf({ user: 'bob' });
    await post(frame);
    await alice.next('peer-left');
    await (await claim(frame)).next('joined');
    assert.deepEqual(users(), ['alice', 'bob']);
  });

  test('counts once, whichever copy comes first and however often', async () => {
    const frame = frameOf({ user: 'bob' });
    const bob = await claim(frame);
    await bob.next('joined');
    assert.equal(await post(frame), 204);
    assert.equal(await post(frame), 204);
    assert.deepEqual(users(), ['alice', 'bob']);
    assert.equal(bob.messages.filter(({ t }) => t === 'ended').length, 0);
    assert.equal(alice.messages.filter(({ t }) => t === 'peer-joined').length, 1);
  });

  test('counts once when both copies come together', async () => {
    const frames = Array.from({ length: 8 }, (_, i) =>
      frameOf({ user: `bob-${i % 2}`, room: `${i}` }),
    );
    await Promise.all(
      frames.map(async (frame) => {
        const sent = post(frame);
        await (await claim(frame)).next('joined');
        await sent;
      }),
    );
    for (const [i] of frames.entries()) assert.equal(server.getRoom(`${i}`)?.users.length, 1);
  });

  test('does not throw out who came under the same name since', async () => {
    const frame = frameOf({ user: 'bob' });
    await post(frame);
    const newer = await connect();
    await newer.join({ user: 'bob' });
    const late = await claim(frame);
    const { error } = await late.next('refused');
    assert.deepEqual([error.code, error.ended], ['forbidden', 'kick']);
    assert.deepEqual(users(), ['alice', 'bob']);
    assert.equal(newer.messages.filter(({ t }) => t === 'ended').length, 0);
  });

  test('joins anew when who came under the same name has gone again', async () => {
    const frame = frameOf({ user: 'bob' });
    await post(frame);
    // A join that its page has given up: its frame comes late, and its end with it.
    const stale = await connect();
    await stale.join({ user: 'bob' });
    stale.close();
    while (users().length > 1) await sleep(5);
    await (await claim(frame)).next('joined');
    assert.deepEqual(users(), ['alice', 'bob']);
  });

  test('replaces nobody: only its socket does', async () => {
    const there = await connect();
    await there.join({ user: 'bob' });
    const frame = frameOf({ user: 'bob' });
    assert.equal(await post(frame), 204);
    assert.deepEqual(users(), ['alice', 'bob']);
    assert.equal(there.messages.filter(({ t }) => t === 'ended').length, 0);
    await (await claim(frame)).next('joined');
    assert.equal((await there.next('ended')).reason, 'kick');
    assert.deepEqual(users(), ['alice', 'bob']);
  });

  test('does not come back into a room that was dismissed', async () => {
    const frame = frameOf({ user: 'bob' });
    await post(frame);
    server.dismissRoom('8888');
    const { error } = await (await claim(frame)).next('refused');
    assert.equal(error.ended, 'room_disband');
    assert.equal(server.getRoom('8888'), undefined);
  });

  test('is not taken by a frame that differs', async () => {
    const frame = frameOf({ user: 'bob' });
    await post(frame);
    const thief = await claim(frame.replace('"user":"bob"', '"user":"eve"'));
    const { user, peers } = await thief.next('joined');
    assert.equal(user, 'eve');
    assert.deepEqual(
      peers.map((peer) => peer.user),
      ['alice', 'bob'],
    );
  });

  for (const [what, body] of [
    ['nothing', ''],
    ['what is not JSON', '{'],
    ['another message', '{"n":0,"a":0,"m":{"t":"resume","session":"s","token":"t"}}'],
    ['a join without an offer', JSON.stringify({ n: 0, a: 0, m: JOIN })],
    ['an unknown key', frameOf({}).replace('"t"', '"x":1,"t"')],
  ] as const) {
    test(`${what} is refused`, async () => {
      assert.equal(await post(body), 400);
      assert.deepEqual(users(), ['alice']);
    });
  }

  test('an offer that no browser makes brings nobody in', async () => {
    const frame = frameOf({ user: 'bob', offer: `${OFFER}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n` });
    assert.equal(await post(frame), 204);
    assert.deepEqual(users(), ['alice']);
    assert.equal((await (await claim(frame)).next('refused')).error.code, 'argument');
  });

  test('a body beyond 64 kB is not read to its end', async () => {
    assert.ok([0, 400].includes(await post('x'.repeat(MAX_PAYLOAD + 1))));
    assert.deepEqual(users(), ['alice']);
  });

  test('a body that does not come is given up', async () => {
    await new Promise<void>((resolve) => {
      const slow = request(`${url}/rtc`, { method: 'POST', headers: { 'content-length': '9' } });
      slow.on('error', () => resolve());
      slow.write('x');
    });
  });

  for (const [what, headers] of [
    ['a page of another origin', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['a rebound host name', { host: 'evil.example' }],
    ['what a proxy forwards', { 'x-forwarded-for': '203.0.113.9' }],
  ] as const) {
    test(`${what} is refused`, async () => {
      assert.equal(await post(frameOf({ user: 'bob' }), headers), 403);
      assert.deepEqual(users(), ['alice']);
    });
  }

  test('elsewhere is nothing', async () => {
    assert.equal(await post(frameOf({ user: 'bob' }), {}, '/other'), 404);
    assert.equal((await fetch(`${url}/rtc`)).status, 404);
    assert.deepEqual(users(), ['alice']);
  });
});

describe('a posted join on a server with tokens', () => {
  before(() => start({ secrets: [SECRET], maxPending: 2 }));
  after(() => server.close());

  // A room for each: the tokens of one that was dismissed are refused.
  let room = '';
  beforeEach(() => (room = `room-${offers}`));
  const mint = async (user: string): Promise<string> =>
    (await server.mintToken({ room, user })).token;

  test('needs one, and is told so over its socket only', async () => {
    const good = await mint('bob');
    for (const token of [undefined, `${good}x`, good]) {
      const frame = frameOf({ ...(token && { token }), room: token === good ? 'another' : room });
      assert.equal(await post(frame), 204);
      assert.deepEqual(server.listRooms(), []);
      const code = token === good ? 'forbidden' : 'auth';
      assert.equal((await (await claim(frame)).next('refused')).error.code, code);
    }
  });

  test('is who its token says', async () => {
    const frame = frameOf({ room, token: await mint('bob') });
    assert.equal(await post(frame), 204);
    assert.deepEqual(users(room), ['bob']);
    assert.equal((await (await claim(frame)).next('joined')).user, 'bob');
  });

  test('is not taken with another token, or none', async () => {
    const token = await mint('bob');
    const frame = frameOf({ room, token });
    await post(frame);
    const bare = await claim(frame.replace(`,"token":"${token}"`, ''));
    assert.equal((await bare.next('refused')).error.code, 'auth');
    const other = await claim(frame.replace(token, await mint('eve')));
    assert.equal((await other.next('joined')).user, 'eve');
    assert.deepEqual(users(room), ['bob', 'eve']);
  });

  test('after a removal is refused over its socket, too', async () => {
    const frame = frameOf({ room, token: await mint('bob') });
    await post(frame);
    server.removeUser(room, 'bob');
    const { error } = await (await claim(frame)).next('refused');
    assert.deepEqual([error.code, error.ended], ['forbidden', 'banned']);
    assert.deepEqual(users(room), []);
  });

  test('comes from pages of this server only', async () => {
    const frame = frameOf({ room, token: await mint('bob') });
    assert.equal(await post(frame, { origin: 'https://evil.example' }), 403);
    assert.equal(await post(frame, { origin: url }), 204);
    assert.deepEqual(users(room), ['bob']);
  });

  test('waits with the sockets of its address that have not joined', async () => {
    await connect();
    await connect();
    assert.equal(await post(frameOf({ room, token: await mint('bob') })), 503);
    assert.deepEqual(users(room), []);
  });
});

test('a server that closes takes no posted join', async () => {
  await start({ dev: true });
  const closing = server.close();
  assert.ok([0, 503].includes(await post(frameOf({ user: 'bob' }))));
  await closing;
});
