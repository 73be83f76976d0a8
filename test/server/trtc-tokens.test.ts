/** TRTC's UserSigs and PrivateMapKeys, byte for byte as Tencent's own library signs them. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { inspect } from 'node:util';
import { createRoomServer, TrtcMinter, type RoomServer } from '../../src/server/index.js';
import { trtcFromEnvironment } from '../../src/server/trtc.js';

interface TlsSigApi {
  genUserSig(user: string, seconds: number): string;
  genPrivateMapKey(user: string, seconds: number, room: number, privileges: number): string;
  genPrivateMapKeyWithStringRoomID(
    user: string,
    seconds: number,
    room: string,
    privileges: number,
  ): string;
}

const { Api } = createRequire(import.meta.url)('tls-sig-api-v2') as {
  Api: new (sdkAppId: number, key: string) => TlsSigApi;
};

const SECRET = 'dGhpcyBpcyBub3QgYSByZWFsIHRydGMgc2VjcmV0IGtleQ';
const APP = 1_400_000_000;
/** Create and join; and receive sound, picture and screen. */
const AUDIENCE = 1 + 2 + 8 + 32 + 128;

describe('TRTC tokens', () => {
  const tencent = new Api(APP, SECRET);
  const minter = new TrtcMinter({ sdkAppId: APP, secretKey: SECRET });

  beforeEach(() => mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_123 }));
  afterEach(() => mock.timers.reset());

  test('are Tencent’s, for an anchor in a numeric room', async () => {
    assert.deepEqual(await minter.mint({ room: '8888', user: 'alice' }), {
      token: tencent.genUserSig('alice', 3600),
      privateMapKey: tencent.genPrivateMapKey('alice', 3600, 8888, 255),
      appId: String(APP),
      expiresAt: 1_700_003_600_000,
    });
  });

  test('let an audience receive only', async () => {
    const { privateMapKey } = await minter.mint({ room: '8888', user: 'bob', role: 'audience' });
    assert.equal(privateMapKey, tencent.genPrivateMapKey('bob', 3600, 8888, AUDIENCE));
  });

  test('name the last numeric room as a number, and the next as a string', async () => {
    const last = await minter.mint({ room: '4294967294', user: 'alice' });
    const next = await minter.mint({ room: '4294967295', user: 'alice' });
    assert.deepEqual(
      [last.privateMapKey, next.privateMapKey],
      [
        tencent.genPrivateMapKey('alice', 3600, 4_294_967_294, 255),
        tencent.genPrivateMapKeyWithStringRoomID('alice', 3600, '4294967295', 255),
      ],
    );
  });

  test('name a string room by its text', async () => {
    const { privateMapKey } = await minter.mint({ room: 'lobby:1', user: 'alice' });
    assert.equal(
      privateMapKey,
      tencent.genPrivateMapKeyWithStringRoomID('alice', 3600, 'lobby:1', 255),
    );
  });

  test('name a number as a string where the pages do', async () => {
    const strings = new TrtcMinter({ sdkAppId: APP, secretKey: SECRET, useStringRoomId: true });
    const { privateMapKey } = await strings.mint({ room: '8888', user: 'alice' });
    assert.equal(
      privateMapKey,
      tencent.genPrivateMapKeyWithStringRoomID('alice', 3600, '8888', 255),
    );
  });

  test('live as long as asked for', async () => {
    const { token, expiresAt } = await minter.mint({ room: '1', user: 'alice', life: 60 });
    assert.deepEqual(
      [token, expiresAt],
      [tencent.genUserSig('alice', 60), 1_700_000_000_000 + 60_000],
    );
  });

  test('hold an application id above 2³¹', async () => {
    const large = new TrtcMinter({ sdkAppId: 4_000_000_000, secretKey: SECRET });
    const { privateMapKey } = await large.mint({ room: '8888', user: 'alice' });
    assert.equal(
      privateMapKey,
      new Api(4_000_000_000, SECRET).genPrivateMapKey('alice', 3600, 8888, 255),
    );
  });

  for (const [what, room, user] of [
    ['a user id of other letters', '8888', 'álice'],
    ['a user id of 33 letters', '8888', 'a'.repeat(33)],
    ['a room id of 65 letters', 'r'.repeat(65), 'alice'],
    ['a room id of other letters', '房间', 'alice'],
  ] as const) {
    test(`refuse ${what}`, async () => {
      await assert.rejects(minter.mint({ room, user }), { code: 'argument' });
    });
  }
});

describe('the options of TRTC', () => {
  for (const [what, options] of [
    ['no application', { sdkAppId: NaN, secretKey: SECRET }],
    ['no key', { sdkAppId: APP, secretKey: '' }],
    ['no life', { sdkAppId: APP, secretKey: SECRET, tokenLife: 0 }],
  ] as const) {
    test(`refuse ${what}, without the key in the message`, () => {
      assert.throws(
        () => new TrtcMinter(options),
        ({ message }: Error) => message.startsWith('TRTC: ') && !message.includes(SECRET),
      );
    });
  }

  test('come from the environment, both or none', () => {
    assert.equal(trtcFromEnvironment({}), undefined);
    assert.ok(trtcFromEnvironment({ TRTC_SDK_APP_ID: String(APP), TRTC_SECRET_KEY: SECRET }));
    assert.throws(() => trtcFromEnvironment({ TRTC_SDK_APP_ID: String(APP) }), /Set both/);
    assert.throws(() => trtcFromEnvironment({ TRTC_SECRET_KEY: SECRET }), /Set both/);
  });

  test('do not show the key when they are printed', () => {
    const minter = new TrtcMinter({ sdkAppId: APP, secretKey: SECRET });
    assert.ok(!inspect(minter, { depth: null, showHidden: true }).includes(SECRET));
    assert.ok(!JSON.stringify(minter).includes(SECRET));
  });
});

describe('POST /token for provider="trtc"', () => {
  let server: RoomServer | undefined;
  const logged: string[] = [];
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function ask(
    body: Record<string, unknown>,
    minters: TrtcMinter[] = [new TrtcMinter({ sdkAppId: APP, secretKey: SECRET })],
  ): Promise<Response> {
    server = createRoomServer({
      secrets: ['a-secret-of-at-least-thirty-two-bytes!'],
      minters,
      authenticate: (_request, { userId }) => ({ userId: userId ?? 'carol', userRole: 'anchor' }),
      log: (...what) => void logged.push(inspect(what, { depth: null })),
    });
    const { port } = await server.listen(0, '127.0.0.1');
    return fetch(`http://127.0.0.1:${port}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        provider: 'trtc',
        roomId: '8888',
        userRole: 'anchor',
        reason: 'join',
        ...body,
      }),
    });
  }

  test('answers with the application, a UserSig and a PrivateMapKey', async () => {
    const response = await ask({});
    const text = await response.text();
    const { token, privateMapKey, ...rest } = JSON.parse(text) as Record<string, unknown>;
    assert.equal(response.status, 200);
    assert.deepEqual(
      { ...rest, expiresAt: typeof rest.expiresAt },
      { appId: String(APP), userId: 'carol', userRole: 'anchor', expiresAt: 'number' },
    );
    assert.equal(typeof token, 'string');
    assert.equal(typeof privateMapKey, 'string');
    assert.ok(![text, ...logged].some((one) => one.includes(SECRET)));
  });

  test('lets a link receive only', async () => {
    const answer = (await (await ask({ reason: 'link' })).json()) as { userRole: string };
    assert.equal(answer.userRole, 'audience');
  });

  test('refuses an id that TRTC cannot have with 400 and the reason', async () => {
    const response = await ask({ userId: 'álice' });
    const { error } = (await response.json()) as { error: string };
    assert.equal(response.status, 400);
    assert.match(error, /at most 32 letters/);
  });

  test('answers 404 where no TRTC is configured', async () => {
    const response = await ask({}, []);
    const { error } = (await response.json()) as { error: string };
    assert.equal(response.status, 404);
    assert.match(error, /provider="trtc"/);
  });
});
