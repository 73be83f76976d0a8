/** Qiniu's real SDK, unchanged, against the stand-in for its cloud. */
import { after, before } from 'node:test';
import { issue, QiniuStandIn } from '../standins/qiniu/index.js';
import { assertEverybodySees, suite, type Peer, type World } from './harness.js';

const it = suite();
let cloud: QiniuStandIn;
before(async () => {
  cloud = await QiniuStandIn.start();
});
after(() => cloud.stop());

async function room(user: string, more = '', inner = '', roomId = 'r1'): Promise<string> {
  const attributes = await cloud.attributes();
  const token = issue({ roomName: roomId, userId: user });
  const text = Object.entries({ ...attributes, token })
    .map(([name, value]) => `${name}='${value}'`)
    .join(' ');
  return `<rtc-room room-id="${roomId}" user-id="${user}" ${text} joined ${more}>
  <rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>${inner}
</rtc-room>`;
}

/** The SDK reports every call to Qiniu; this keeps it, and all else, on this machine. */
function closed(): { headers: Record<string, string> } {
  const policy = "connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*";
  return { headers: { 'content-security-policy': policy } };
}

async function enter(world: World, user: string, html?: string): Promise<Peer> {
  const peer = await world.open(user, html ?? (await room(user)), closed());
  peer.expectNoise(/pili-rtc-qos\.qiniuapi\.com/);
  return peer;
}

it('shows two people to each other', async (world) => {
  const alice = await enter(world, 'alice');
  const bob = await enter(world, 'bob');
  await assertEverybodySees({ alice, bob });
});
