/** Pages whose rooms are in the stand-in for Qiniu's cloud. */
import { after, before } from 'node:test';
import type { Page } from 'playwright-core';
import { issue, QiniuStandIn } from '../standins/qiniu/index.js';
import { CLOSED, type OpenOptions, type Peer, type World } from './harness.js';

export interface Member {
  user: string;
  room: string;
  /** Further attributes of the room. */
  more?: string;
  /** What stands inside it beside, or instead of, camera and microphone. */
  inner?: string;
  capture?: boolean;
  permission?: 'user' | 'admin';
  token?: string;
  /** For the SDK's `setConfig`. */
  options?: Record<string, unknown>;
}

/** For suites on it. */
export const CHROMIUM_ONLY =
  'the stand-in for Qiniu’s cloud hands on the capabilities of Chromium (test/standins/qiniu)';

/** One stand-in for all tests of a file. */
export function useCloud(): { readonly cloud: QiniuStandIn } {
  let cloud: QiniuStandIn | undefined;
  before(async () => {
    cloud = await QiniuStandIn.start();
  });
  after(() => cloud?.stop());
  return {
    get cloud() {
      if (!cloud) throw new Error('the stand-in starts before the first test');
      return cloud;
    },
  };
}

export async function html(cloud: QiniuStandIn, member: Member): Promise<string> {
  const { user, room, more = '', inner = '', capture = true, permission = 'user' } = member;
  const token = member.token ?? issue({ roomName: room, userId: user, permission });
  const attributes = { ...(await cloud.attributes(member.options)), token };
  const text = Object.entries(attributes)
    .map(([name, value]) => `${name}='${value}'`)
    .join(' ');
  const local = '<rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>';
  return `<rtc-room room-id="${room}" user-id="${user}" ${text} ${more} joined>
  ${capture ? local : ''}${inner}
</rtc-room>`;
}

export async function open(
  world: World,
  cloud: QiniuStandIn,
  member: Member,
  options: OpenOptions = {},
): Promise<Peer> {
  const peer = await world.open(member.user, await html(cloud, member), {
    // What the stand-in's capabilities are made for.
    browser: 'chromium',
    headers: { 'content-security-policy': CLOSED },
    ...options,
  });
  peer.expectNoise(/pili-rtc-qos\.qiniuapi\.com/);
  return peer;
}

export interface NetworkLog {
  inside: string[];
  outside: string[];
}

/** Loads the page anew, and notes every request that it makes from there on. */
export async function networkOf(peer: Peer): Promise<NetworkLog> {
  // Of Chromium, see above.
  const page = peer.page as Page;
  const cdp = await page.context().newCDPSession(page);
  const log: NetworkLog = { inside: [], outside: [] };
  const note = (url: string): void => {
    if (/^(data|blob):/.test(url)) return;
    log[new URL(url).hostname === '127.0.0.1' ? 'inside' : 'outside'].push(url);
  };
  cdp.on('Network.requestWillBeSent', ({ request }) => note(request.url));
  cdp.on('Network.webSocketCreated', ({ url }) => note(url));
  await cdp.send('Network.enable');
  await page.reload();
  return log;
}
