/** TRTC where rights are checked: UserSigs and PrivateMapKeys from our server's token-url. */
import { after, before } from 'node:test';
import { createRoomServer, TrtcMinter, type RoomServer } from '../../src/server/index.js';
import { TrtcStandIn } from '../standins/trtc/server.js';
import { APP, CAMERA, serveSdk } from '../standins/trtc/world.js';
import { assert, suite, type Peer, type World } from './harness.js';

const e2e = suite();
let cloud: TrtcStandIn;
let server: RoomServer;
let port: number;
/** What the site lets its users be. */
const highest = new Map<string, 'anchor' | 'audience'>();
before(async () => {
  cloud = await TrtcStandIn.start({ ...APP, rights: true });
  server = createRoomServer({
    secrets: ['a secret of the end-to-end tests, long enough'],
    minters: [new TrtcMinter(APP)],
    authenticate: (_request, { userId = 'nobody' }) => ({
      userId,
      userRole: highest.get(userId) ?? 'anchor',
    }),
  });
  ({ port } = await server.listen(0, '127.0.0.1'));
});
after(async () => {
  await server.close();
  await cloud.stop();
});

/** A page without app-id and userSig: `token-url` names both. */
function open(world: World, user: string, role: string, inner = CAMERA): Promise<Peer> {
  serveSdk(world);
  world.site.backend = port;
  return world.open(
    user,
    `<rtc-room provider="trtc" sdk-url="/trtc.js" token-url="/token" mode="live" user-role="${role}"
  driver-options='${JSON.stringify({ proxy: cloud.proxy })}' room-id="8888" user-id="${user}" joined>${inner}</rtc-room>`,
  );
}

e2e('trtc rights: a key for each role lets an audience become an anchor', async (world) => {
  const [anna, victor] = await Promise.all([
    open(world, 'anna', 'anchor'),
    open(world, 'victor', 'audience'),
  ]);
  await victor.waitForFrames('user:anna');
  await victor.set('rtc-room', 'user-role', 'anchor');
  await anna.waitForFrames('user:victor');
});

e2e('trtc rights: who may be an audience only stays one', async (world) => {
  highest.set('victor', 'audience');
  const [, victor] = await Promise.all([
    open(world, 'anna', 'anchor'),
    open(world, 'victor', 'audience'),
  ]);
  await victor.waitForFrames('user:anna');
  await victor.set('rtc-room', 'user-role', 'anchor');
  const { detail } = await victor.waitForEvent('rtc-error', { error: { code: 'forbidden' } });
  assert.deepEqual(detail['reverted'], ['user-role']);
  assert.equal(await victor.attr('rtc-room', 'user-role'), 'audience');
  await victor.waitForFrames('user:anna');
  highest.clear();
});

e2e('trtc rights: a key of another room is refused with forbidden', async (world) => {
  serveSdk(world);
  world.site.route('/other-room', () => ({ status: 200, body: otherRoom }));
  const otherRoom = JSON.stringify(
    await new TrtcMinter(APP).mint({ room: '7777', user: 'mallory' }),
  );
  const mallory = await world.open(
    'mallory',
    `<rtc-room provider="trtc" sdk-url="/trtc.js" token-url="/other-room"
  driver-options='${JSON.stringify({ proxy: cloud.proxy })}' room-id="8888" user-id="mallory" joined></rtc-room>`,
  );
  const { detail } = await mallory.waitForEvent('rtc-error', { error: { code: 'forbidden' } });
  assert.match((detail['error'] as Error).message, /privateMapKey/);
  await mallory.assertOut();
});
