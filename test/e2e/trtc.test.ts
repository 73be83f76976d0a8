/** TRTC's own SDK, unmodified, behind the elements; the stand-in of test/standins/trtc/ is its cloud. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { TrtcMinter } from '../../src/server/trtc.js';
import { TrtcStandIn } from '../standins/trtc/server.js';
import { assertEverybodySees, assert, suite, type Peer, type World } from './harness.js';

const APP = { sdkAppId: 1_400_000_001, secretKey: 'the secret key of the stand-in' };
const SDK = readFileSync(createRequire(import.meta.url).resolve('trtc-js-sdk/trtc.js'), 'utf8');

const e2e = suite();
const minter = new TrtcMinter(APP);
let cloud: TrtcStandIn;
before(async () => {
  cloud = await TrtcStandIn.start(APP);
});
after(() => cloud.stop());

interface RoomOptions {
  room?: string;
  more?: string;
  inner?: string;
}

async function open(
  world: World,
  user: string,
  { room = '8888', more = '', inner = '' }: RoomOptions = {},
): Promise<Peer> {
  world.site.route('/trtc.js', () => ({
    status: 200,
    headers: { 'content-type': 'text/javascript' },
    body: SDK,
  }));
  const { token } = await minter.mint({ room, user });
  const options = JSON.stringify({ proxy: cloud.proxy });
  return world.open(
    user,
    `<rtc-room provider="trtc" app-id="${APP.sdkAppId}" sdk-url="/trtc.js" token="${token}"
  driver-options='${options}' room-id="${room}" user-id="${user}" joined ${more}>
  <rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>${inner}
</rtc-room>`,
  );
}

e2e('trtc: two pages see and hear each other', async (world) => {
  const [alice, bob] = await Promise.all([open(world, 'alice'), open(world, 'bob')]);
  await assertEverybodySees({ alice, bob });
  await Promise.all([alice.waitForSound(), bob.waitForSound()]);
  assert.equal(await alice.attr('rtc-local-stream', 'published'), '');
});
