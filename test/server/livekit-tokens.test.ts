/** Tokens for LiveKit, and what its server is asked for, without one. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { livekitFromEnvironment, readLiveKit } from '../../src/server/livekit-options.js';
import { LiveKit } from '../../src/server/livekit.js';
import { claimsOf, FakeLiveKit, KEY, SECRET, SiteServer } from './livekit-fixtures.js';
import type { Authenticated } from '../../src/server/index.js';

const NOBODY = 'ws://127.0.0.1:9';

suite('LiveKit tokens', () => {
  const fake = new FakeLiveKit();
  let who: Authenticated;
  let site: SiteServer;

  before(async () => {
    const url = await fake.start();
    site = await SiteServer.start({
      livekit: { url, key: KEY, secret: SECRET },
      authenticate: () => who,
    });
  });
  after(async () => {
    await site.rooms.close();
    await fake.stop();
  });

  async function ask(more: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    fake.calls.length = 0;
    fake.status = 200;
    const { status, body } = await site.token(more);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  test('an anchor’s token names every grant, its room’s timers and the user data', async () => {
    who = { userId: 'alice', userData: 'Alice A.' };
    const { token, ...answer } = await ask();
    const { exp = 0, nbf = 0, roomConfig, ...claims } = await claimsOf(String(token));
    assert.deepEqual([roomConfig.emptyTimeout, roomConfig.departureTimeout], [30, 10]);
    assert.deepEqual(claims, {
      iss: KEY,
      sub: 'alice',
      metadata: 'Alice A.',
      video: {
        room: '8888',
        roomJoin: true,
        roomCreate: false,
        roomList: false,
        roomRecord: false,
        roomAdmin: false,
        ingressAdmin: false,
        canPublish: true,
        canSubscribe: true,
        canPublishData: true,
        canUpdateOwnMetadata: true,
        canSubscribeMetrics: false,
        canManageAgentSession: false,
        hidden: false,
        recorder: false,
        agent: false,
      },
    });
    assert.ok(exp - nbf > 590 && exp - nbf <= 601, `lives for ${exp - nbf} s`);
    assert.ok(Math.abs(Number(answer['expiresAt']) - exp * 1000) <= 2000);
    assert.equal(answer['userId'], 'alice');
    assert.equal(answer['userRole'], 'anchor');
    assert.equal(answer['userData'], 'Alice A.');
    assert.match(String(answer['url']), /^ws:\/\/127/);
    assert.deepEqual(fake.calls, [], 'a join asks LiveKit for nothing');
  });

  test('an audience’s token does not let it publish', async () => {
    who = { userId: 'alice' };
    const { token, userRole } = await ask({ userRole: 'audience' });
    const { video, metadata } = await claimsOf(String(token));
    assert.equal(userRole, 'audience');
    assert.equal(metadata, undefined);
    assert.deepEqual(
      [video['canPublish'], video['canSubscribe'], video['canPublishData']],
      [false, true, true],
    );
  });

  test('who may only watch is told so, whatever the page asks for', async () => {
    who = { userId: 'alice', userRole: 'audience' };
    const { token, userRole } = await ask({ userRole: 'anchor' });
    assert.equal(userRole, 'audience');
    assert.equal((await claimsOf(String(token))).video['canPublish'], false);
  });

  test('a moderator administers the room, and a moderator’s link does not', async () => {
    who = { userId: 'alice', moderator: true };
    const own = await ask();
    const link = await ask({ reason: 'link', userRole: 'audience' });
    assert.equal((await claimsOf(String(own['token']))).video['roomAdmin'], true);
    assert.equal((await claimsOf(String(link['token']))).video['roomAdmin'], false);
  });

  test('a link is an audience under an identity of its own that names its user', async () => {
    who = { userId: 'alice', userData: 'Alice A.' };
    const [one, other] = [await ask({ reason: 'link' }), await ask({ reason: 'link' })];
    const claims = await claimsOf(String(one['token']));
    assert.match(claims.sub ?? '', /^alice~link~[0-9a-z]{8}$/);
    assert.notEqual((await claimsOf(String(other['token']))).sub, claims.sub);
    assert.deepEqual(claims.attributes, { 'rtc.user': 'alice' });
    assert.equal(claims.metadata, 'Alice A.');
    const { canPublish, canPublishData, canUpdateOwnMetadata, canSubscribe } = claims.video;
    assert.deepEqual(
      [canPublish, canPublishData, canUpdateOwnMetadata, canSubscribe],
      [false, false, false, true],
    );
    assert.equal(one['userId'], 'alice');
    assert.equal(one['userRole'], 'audience');
  });

  test('nobody’s own id may end as a link’s does', async () => {
    who = { userId: 'bob~link~0123abcd' };
    const { status, body } = await site.token();
    assert.equal(status, 400);
    assert.match(String(body['error']), /ends as those of links do/);
  });

  test('a role switch changes the participant’s whole permission and renews the token', async () => {
    who = { userId: 'alice' };
    const { token } = await ask({ reason: 'role', userRole: 'audience' });
    assert.equal((await claimsOf(String(token))).video['canPublish'], false);
    const [call] = fake.calls;
    assert.equal(call?.method, 'UpdateParticipant');
    assert.equal(call?.body['room'], '8888');
    assert.equal(call?.body['identity'], 'alice');
    const permission = call?.body['permission'] as Record<string, unknown>;
    assert.deepEqual(
      [permission['canSubscribe'], permission['canPublishData'], permission['canUpdateMetadata']],
      [true, true, true],
    );
    assert.ok(!permission['canPublish']);
  });

  test('a role switch beyond the user’s highest role is forbidden and changes nothing', async () => {
    who = { userId: 'alice', userRole: 'audience' };
    fake.calls.length = 0;
    assert.equal((await site.token({ reason: 'role' })).status, 403);
    assert.deepEqual(fake.calls, []);
  });

  test('a role switch of a user who is not there still gives the token', async () => {
    who = { userId: 'alice' };
    fake.status = 404;
    const { status, body } = await site.token({ reason: 'role' });
    assert.equal(status, 200);
    assert.equal((await claimsOf(String(body['token']))).video['canPublish'], true);
  });

  test('a key that LiveKit refuses is said to nobody but the log', async () => {
    who = { userId: 'alice' };
    fake.status = 401;
    const { status, body } = await site.token({ reason: 'role' });
    assert.equal(status, 503);
    assert.match(String(body['error']), /refuses the API key/);
    assert.doesNotMatch(JSON.stringify(body), /eyJ/);
  });

  test('a ban refuses tokens in its room until it is over, and a removal does not', async () => {
    who = { userId: 'carol' };
    await site.ask('DELETE', '/api/rooms/8888/users/carol?ban=60');
    assert.equal((await site.token()).status, 403);
    assert.equal((await site.token({ reason: 'link' })).status, 403);
    assert.equal((await site.token({ roomId: '9999' })).status, 200);
    await site.ask('DELETE', '/api/rooms/8888/users/dave');
    who = { userId: 'dave' };
    assert.equal((await site.token()).status, 200);
  });

  test('the HTTP API mints for the back end that it is asked for', async () => {
    const { body } = await site.ask('POST', '/api/tokens', {
      provider: 'livekit',
      room: '8888',
      user: 'eve',
      role: 'audience',
      life: 60,
    });
    const { sub, video, exp = 0, nbf = 0 } = await claimsOf(String(body['token']));
    assert.deepEqual([sub, video.room, video['canPublish']], ['eve', '8888', false]);
    assert.ok(exp - nbf <= 61);
    const own = await site.ask('POST', '/api/tokens', { room: '8888', user: 'eve' });
    await assert.rejects(claimsOf(String(own.body['token'])));
  });

  test('a page of the embedded back end still gets a token of its own', async () => {
    who = { userId: 'alice' };
    const { token, url } = await ask({ provider: 'embedded' });
    assert.equal(url, undefined);
    await assert.rejects(claimsOf(String(token)));
  });
});

suite('LiveKit that is not there', () => {
  test('a server without the option says what is missing', async () => {
    const site = await SiteServer.start({});
    const { status, body } = await site.token();
    await site.rooms.close();
    assert.equal(status, 404);
    assert.match(String(body['error']), /option livekit/);
  });

  test('an address where nobody answers is 503, and the next one is asked', async () => {
    const fake = new FakeLiveKit();
    const url = await fake.start();
    const credentials = { key: KEY, secret: SECRET };
    const lonely = await SiteServer.start({ livekit: { url: NOBODY, ...credentials } });
    const both = await SiteServer.start({ livekit: { url: `${NOBODY} ${url}`, ...credentials } });
    assert.equal((await lonely.ask('GET', '/api/rooms')).status, 503);
    assert.equal((await both.ask('GET', '/api/rooms')).status, 200);
    assert.deepEqual(
      fake.calls.map(({ method }) => method),
      ['ListRooms'],
    );
    await Promise.all([lonely.rooms.close(), both.rooms.close(), fake.stop()]);
  });

  test('a ban holds although LiveKit could not be told', async () => {
    const site = await SiteServer.start({ livekit: { url: NOBODY, key: KEY, secret: SECRET } });
    assert.equal((await site.ask('DELETE', '/api/rooms/8888/users/alice?ban=60')).status, 503);
    assert.equal((await site.token()).status, 403);
    await site.rooms.close();
  });

  test('a missing package is named, with what to do', async () => {
    const missing = Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' });
    const livekit = new LiveKit(
      readLiveKit({ url: NOBODY, key: KEY, secret: SECRET }),
      { tokenLife: 60, timers: timers() },
      { refuses: () => false },
      () => Date.now(),
      () => Promise.reject(missing),
    );
    await assert.rejects(livekit.load(), /npm install livekit-server-sdk/);
  });
});

suite('LiveKit options', () => {
  const good = { url: 'wss://a.example  wss://b.example/x', key: KEY, secret: SECRET };

  test('this server asks the nodes that pages are given, or others', () => {
    const { url, apiUrls } = readLiveKit(good);
    assert.equal(url, 'wss://a.example wss://b.example/x');
    assert.deepEqual(apiUrls, ['https://a.example', 'https://b.example/x']);
    const inside = readLiveKit({ ...good, apiUrl: 'http://10.0.0.5:7880' });
    assert.deepEqual(inside.apiUrls, ['http://10.0.0.5:7880']);
  });

  test('what is wrong is said, and never the secret', () => {
    const short = 'short secret';
    assert.throws(() => readLiveKit({ ...good, url: '' }), /livekit\.url/);
    assert.throws(() => readLiveKit({ ...good, url: 'https://a.example' }), /livekit\.url/);
    assert.throws(() => readLiveKit({ ...good, apiUrl: 'wss://a.example' }), /livekit\.apiUrl/);
    assert.throws(() => readLiveKit({ ...good, key: '' }), /livekit\.key/);
    assert.throws(
      () => readLiveKit({ ...good, secret: short }),
      ({ message }: Error) => message.includes('livekit.secret') && !message.includes(short),
    );
  });

  test('the command line takes key and secret from the environment alone', () => {
    const flags = { url: 'wss://a.example', apiUrl: undefined };
    const environment = { LIVEKIT_API_KEY: KEY, LIVEKIT_API_SECRET: SECRET };
    assert.deepEqual(livekitFromEnvironment(flags, environment), {
      url: 'wss://a.example',
      key: KEY,
      secret: SECRET,
    });
    assert.throws(
      () => livekitFromEnvironment(flags, {}),
      /LIVEKIT_API_KEY and LIVEKIT_API_SECRET/,
    );
    assert.throws(
      () => livekitFromEnvironment({ url: undefined, apiUrl: 'http://10.0.0.5' }, environment),
      /--livekit-url/,
    );
    assert.equal(
      livekitFromEnvironment({ url: undefined, apiUrl: undefined }, environment),
      undefined,
    );
  });
});

function timers() {
  return {
    emptyAfterLeave: 10_000,
    emptyAfterCreate: 30_000,
    silent: 30_000,
    endedMemory: 600_000,
    join: 5_000,
  };
}
