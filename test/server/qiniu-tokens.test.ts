/** Qiniu's RoomTokens, byte for byte as Qiniu's own library signs them. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { afterEach, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { createRoomServer, QiniuMinter, type RoomServer } from '../../src/server/index.js';
import { qiniuFromEnvironment } from '../../src/server/qiniu.js';

interface QiniuLibrary {
  Credentials: new (accessKey: string, secretKey: string) => object;
  room: { getRoomToken(access: object, credentials: object): string };
}
const library = createRequire(import.meta.url)('qiniu') as QiniuLibrary;

const NOW = 1_700_000_000_123;
const ACCESS = 'this-is-no-access-key-of-qiniu-at-all-00';
const SECRET = 'this-is-no-secret-key-of-qiniu-at-all-00';
const OPTIONS = { appId: 'abc123', accessKey: ACCESS, secretKey: SECRET };
const minter = new QiniuMinter(OPTIONS, () => NOW);

function vendorToken(permission: string, expireAt = 1_700_003_600): string {
  const access = { appId: 'abc123', expireAt, permission, roomName: 'r-1', userId: 'alice_1' };
  return library.room.getRoomToken(access, new library.Credentials(ACCESS, SECRET));
}

describe('Qiniu tokens', () => {
  test('are Qiniu’s, with the app and the time of their end', async () => {
    assert.deepEqual(await minter.mint({ room: 'r-1', user: 'alice_1' }), {
      token: vendorToken('user'),
      appId: 'abc123',
      expiresAt: 1_700_003_600_000,
    });
  });

  test('let a moderator remove users', async () => {
    const { token } = await minter.mint({ room: 'r-1', user: 'alice_1', moderator: true });
    assert.equal(token, vendorToken('admin'));
  });

  test('let no link remove users', async () => {
    const request = { room: 'r-1', user: 'alice_1', moderator: true, link: true };
    const { token } = await minter.mint(request);
    assert.equal(token, vendorToken('user'));
  });

  test('live as long as asked for', async () => {
    const { token } = await minter.mint({ room: 'r-1', user: 'alice_1', life: 60 });
    assert.equal(token, vendorToken('user', 1_700_000_060));
  });

  test('live as long as configured', async () => {
    const brief = new QiniuMinter({ ...OPTIONS, tokenLife: 10 }, () => NOW);
    const { token } = await brief.mint({ room: 'r-1', user: 'alice_1' });
    assert.equal(token, vendorToken('user', 1_700_000_010));
  });

  for (const [what, request] of Object.entries({
    'a room with a dot': { room: 'r.1', user: 'alice' },
    'a room of 65 letters': { room: 'r'.repeat(65), user: 'alice' },
    'a user with an @': { room: 'r1', user: 'alice@home' },
    'a user of 51 letters': { room: 'r1', user: 'a'.repeat(51) },
  })) {
    test(`are not issued for ${what}`, async () => {
      await assert.rejects(minter.mint(request), { code: 'argument', message: /letters, digits/ });
    });
  }

  for (const name of ['appId', 'accessKey', 'secretKey'] as const) {
    test(`need ${name}`, () => {
      assert.throws(() => new QiniuMinter({ ...OPTIONS, [name]: '' }), new RegExp(name));
    });
  }

  test('come from the environment, all three or none', () => {
    const env = { QINIU_ACCESS_KEY: ACCESS, QINIU_SECRET_KEY: SECRET, QINIU_APP_ID: 'abc123' };
    assert.equal(qiniuFromEnvironment({}), undefined);
    assert.ok(qiniuFromEnvironment(env));
    assert.throws(() => qiniuFromEnvironment({ ...env, QINIU_APP_ID: '' }), /QINIU_APP_ID/);
    assert.throws(
      () => qiniuFromEnvironment({ QINIU_APP_ID: 'abc123' }),
      /QINIU_ACCESS_KEY and QINIU_SECRET_KEY/,
    );
  });

  test('do not show the key when they are printed', () => {
    assert.ok(!inspect(minter, { depth: null, showHidden: true }).includes(SECRET));
    assert.ok(!JSON.stringify(minter).includes(SECRET));
  });
});

describe('POST /token for provider="qiniu"', () => {
  let server: RoomServer | undefined;
  const logged: string[] = [];
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function ask(body: Record<string, unknown>, minters = [minter]): Promise<Response> {
    server = createRoomServer({
      secrets: ['a-secret-of-at-least-thirty-two-bytes!'],
      minters,
      authenticate: () => ({ userId: 'alice_1', userRole: 'anchor', userData: 'Alice' }),
      log: (...what) => void logged.push(inspect(what, { depth: null })),
    });
    const { port } = await server.listen(0, '127.0.0.1');
    const whole = { provider: 'qiniu', roomId: 'r-1', userRole: 'anchor', reason: 'join', ...body };
    return fetch(`http://127.0.0.1:${port}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(whole),
    });
  }

  test('answers with the app and a RoomToken, for whom the site’s login names', async () => {
    const response = await ask({ userId: 'mallory' });
    const text = await response.text();
    assert.equal(response.status, 200);
    assert.deepEqual(JSON.parse(text), {
      token: vendorToken('user'),
      appId: 'abc123',
      userId: 'alice_1',
      userRole: 'anchor',
      userData: 'Alice',
      expiresAt: 1_700_003_600_000,
    });
    assert.ok(![text, ...logged].some((one) => one.includes(SECRET)));
  });

  test('refuses an id that Qiniu cannot have with 400 and the reason', async () => {
    const response = await ask({ roomId: 'room.1' });
    const { error } = (await response.json()) as { error: string };
    assert.equal(response.status, 400);
    assert.match(error, /at most 64 letters/);
  });

  test('answers 404 where no Qiniu is configured', async () => {
    const response = await ask({}, []);
    assert.equal(response.status, 404);
    assert.match(((await response.json()) as { error: string }).error, /provider="qiniu"/);
  });
});
