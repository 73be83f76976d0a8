/** Whose tokens this server issues for the vendors' clouds: bans, and keys that nobody gets to see. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  createRoomServer,
  QiniuMinter,
  TrtcMinter,
  type RoomServer,
} from '../../src/server/index.js';
import { qiniuFromEnvironment } from '../../src/server/qiniu.js';
import { trtcFromEnvironment } from '../../src/server/trtc.js';

const CANARY = 'canary-of-a-secret-key-0000000000000000';
const APP_ID = 1_400_000_001;
const minters = [
  new QiniuMinter({ appId: 'abc123', accessKey: 'access', secretKey: CANARY }),
  new TrtcMinter({ sdkAppId: APP_ID, secretKey: CANARY }),
];

let server: RoomServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** @returns what asks `token-url` of a server that has just been started */
async function start(logged: string[] = []): Promise<(body: object) => Promise<Response>> {
  server = createRoomServer({
    secrets: ['a-secret-of-at-least-thirty-two-bytes!'],
    minters,
    authenticate: (_, { userId = 'alice' }) => ({ userId, userRole: 'anchor' }),
    log: (...what) => void logged.push(inspect(what, { depth: null })),
  });
  const { port } = await server.listen(0, '127.0.0.1');
  return (body) =>
    fetch(`http://127.0.0.1:${port}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ roomId: '8888', userRole: 'anchor', reason: 'join', ...body }),
    });
}

for (const { provider } of minters) {
  describe(`tokens for provider="${provider}"`, () => {
    test('are refused to a banned user, in that room, for as long as the ban lasts', async () => {
      const ask = await start();
      assert.equal((await ask({ provider })).status, 200);
      server?.removeUser('8888', 'alice', { ban: 60 });
      const refused = await ask({ provider });
      assert.equal(refused.status, 403);
      assert.match(((await refused.json()) as { error: string }).error, /removed from this room/);
      for (const reason of ['role', 'link', 'renew'])
        assert.equal((await ask({ provider, reason })).status, 403, reason);
      assert.equal((await ask({ provider, userId: 'bob' })).status, 200);
      assert.equal((await ask({ provider, roomId: '9999' })).status, 200);
    });

    test('show no key in an answer, a log or an error', async () => {
      const said: string[] = [];
      const ask = await start(said);
      const bodies = [
        {},
        { reason: 'link' },
        { reason: 'renew', userRole: 'audience' },
        { roomId: 'a room' },
        { roomId: 'r'.repeat(128) },
        { userId: 'u@v' },
        { userId: CANARY.slice(0, 5) + '…' },
        { roomId: '__proto__', userId: 'constructor' },
        { userRole: 'king' },
        { appId: 'another' },
      ];
      for (const body of bodies) {
        const response = await ask({ provider, ...body });
        said.push(await response.text(), JSON.stringify([...response.headers]));
      }
      assert.equal(said.length >= 2 * bodies.length, true);
      assert.deepEqual(
        said.filter((one) => one.includes(CANARY)),
        [],
      );
    });
  });
}

test('no error about keys that are wrong or missing shows one', () => {
  const bad: (() => unknown)[] = [
    () => new QiniuMinter({ appId: '', accessKey: CANARY, secretKey: CANARY }),
    () => new QiniuMinter({ appId: 'a', accessKey: '', secretKey: CANARY }),
    () => new QiniuMinter({ appId: 'a', accessKey: CANARY, secretKey: CANARY, tokenLife: -1 }),
    () => qiniuFromEnvironment({ QINIU_SECRET_KEY: CANARY }),
    () => qiniuFromEnvironment({ QINIU_ACCESS_KEY: CANARY, QINIU_SECRET_KEY: CANARY }),
    () => new TrtcMinter({ sdkAppId: NaN, secretKey: CANARY }),
    () => new TrtcMinter({ sdkAppId: 0, secretKey: CANARY }),
    () => trtcFromEnvironment({ TRTC_SECRET_KEY: CANARY }),
    () => trtcFromEnvironment({ TRTC_SDK_APP_ID: 'none', TRTC_SECRET_KEY: CANARY }),
  ];
  for (const run of bad) {
    assert.throws(run, (error) => {
      assert.ok(
        !inspect(error, { depth: null, showHidden: true }).includes(CANARY),
        run.toString(),
      );
      return true;
    });
  }
});
