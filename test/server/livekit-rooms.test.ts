/** The HTTP API against a real LiveKit server. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startLiveKit, type LiveKitServer } from '../livekit/server.mjs';
import { Member, SiteServer, type Answer } from './livekit-fixtures.js';

const livekit = await startLiveKit();

suite('LiveKit rooms', { skip: 'missing' in livekit && livekit.missing }, () => {
  const server = livekit as LiveKitServer;
  let site: SiteServer;
  let next = 0;
  let room: string;

  before(async () => {
    const { url, key, secret } = server;
    site = await SiteServer.start({ livekit: { url, key, secret } });
  });
  after(async () => {
    await site.rooms.close();
    await server.stop();
  });

  async function join(user: string, more: Record<string, unknown> = {}): Promise<Member> {
    const { body } = await site.token({ roomId: room, userId: user, ...more });
    return Member.join(server.url, String(body['token']));
  }

  async function users(): Promise<Record<string, unknown>[]> {
    const { body } = await site.ask('GET', `/api/rooms/${room}`);
    return body['users'] as Record<string, unknown>[];
  }

  function scenario(name: string, run: () => Promise<void>): void {
    test(name, { timeout: 30_000 }, async () => {
      next += 1;
      room = `rooms-${process.pid}-${next}`;
      await run();
    });
  }

  scenario('a room is made, listed, inspected and dismissed', async () => {
    const body = { room, provider: 'livekit' };
    const made = await site.ask('POST', '/api/rooms', body);
    assert.deepEqual(made, { status: 201, body: { ...body, mode: null, users: [] } });
    assert.equal((await site.ask('POST', '/api/rooms', body)).status, 200);
    const { body: all } = await site.ask('GET', '/api/rooms');
    assert.ok((all['rooms'] as Answer['body'][]).some((each) => each['room'] === room));
    assert.equal((await site.ask('DELETE', `/api/rooms/${room}`)).status, 200);
    assert.equal((await site.ask('GET', `/api/rooms/${room}`)).status, 404);
    assert.equal((await site.ask('DELETE', `/api/rooms/${room}`)).status, 404);
  });

  scenario('a room that the API makes in a mode is refused in words', async () => {
    const { status } = await site.ask('POST', '/api/rooms', {
      room,
      provider: 'livekit',
      mode: 'live',
    });
    assert.equal(status, 400);
  });

  scenario('a room that a join opens has the timers of its token', async () => {
    const alice = await join('alice');
    const { RoomServiceClient } = await import('livekit-server-sdk');
    const { url, key, secret } = server;
    const rooms = new RoomServiceClient(url.replace(/^ws/, 'http'), key, secret);
    const [open] = await rooms.listRooms([room]);
    assert.deepEqual([open?.emptyTimeout, open?.departureTimeout], [30, 10]);
    await alice.leave();
  });

  scenario('everybody is listed under their own ids, links as links', async () => {
    const members = [
      await join('alice'),
      await join('bob', { userRole: 'audience' }),
      await join('alice', { reason: 'link' }),
    ];
    const list = (await users()).map(({ user, role, link }) => [user, role, link]);
    assert.deepEqual(list.sort(), [
      ['alice', 'anchor', false],
      ['alice', 'audience', true],
      ['bob', 'audience', false],
    ]);
    await Promise.all(members.map((member) => member.leave()));
  });

  scenario('a role switch changes the grant of who is in the room', async () => {
    const bob = await join('bob', { userRole: 'audience' });
    await site.token({ roomId: room, userId: 'bob', userRole: 'anchor', reason: 'role' });
    assert.deepEqual(
      (await users()).map(({ role }) => role),
      ['anchor'],
    );
    await site.token({ roomId: room, userId: 'bob', userRole: 'audience', reason: 'role' });
    assert.deepEqual(
      (await users()).map(({ role }) => role),
      ['audience'],
    );
    await bob.leave();
  });

  scenario('a removed user is out with all links, and may come back with a new token', async () => {
    const members = [await join('alice'), await join('alice', { reason: 'link' })];
    const bob = await join('bob');
    const { body } = await site.ask('DELETE', `/api/rooms/${room}/users/alice`);
    assert.deepEqual(body, { removed: 2 });
    await Promise.all(members.map(({ left }) => left));
    const again = await join('alice');
    assert.deepEqual((await users()).map(({ user }) => user).sort(), ['alice', 'bob']);
    await Promise.all([again.leave(), bob.leave()]);
  });

  scenario('a banned user is out and gets no token', async () => {
    const alice = await join('alice');
    await site.ask('DELETE', `/api/rooms/${room}/users/alice?ban=60`);
    await alice.left;
    assert.equal((await site.token({ roomId: room, userId: 'alice' })).status, 403);
  });

  scenario('dismissing a room ends everybody’s stay', async () => {
    const members = await Promise.all([join('alice'), join('bob', { userRole: 'audience' })]);
    assert.equal((await site.ask('DELETE', `/api/rooms/${room}`)).status, 200);
    await Promise.all(members.map(({ left }) => left));
  });

  scenario('a token of another room does not open this one', async () => {
    const { body } = await site.token({ roomId: `${room}-other` });
    const alice = await Member.join(server.url, String(body['token']));
    assert.equal((await site.ask('GET', `/api/rooms/${room}`)).status, 404);
    await alice.leave();
  });
});
