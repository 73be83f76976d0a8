/** Pages of the end-to-end harness whose rooms are TRTC's, on the SDK as it was shipped. */
import { TrtcMinter } from '../../../src/server/trtc.js';
import type { Peer, World } from '../../e2e/harness.js';
import { SDK } from './sdk.js';
import type { TrtcStandIn } from './server.js';

export const APP = { sdkAppId: 1_400_000_001, secretKey: 'the secret key of the stand-in' };

export const CAMERA = '<rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>';

export interface PageOptions {
  room?: string;
  /** More attributes of the room, before these. */
  more?: string;
  /** What stands inside the room; default a camera. */
  inner?: string;
  /** Default: a good one. */
  token?: string;
  head?: string;
  headers?: Record<string, string>;
  /** Runs in the page before everything else. */
  init?: () => void;
}

export async function userSig(user: string, app = APP): Promise<string> {
  const { token } = await new TrtcMinter(app).mint({ room: '1', user });
  return token;
}

/** The unmodified script of the npm package, at /trtc.js. */
export function serveSdk({ site }: World): void {
  site.route('/trtc.js', () => ({
    status: 200,
    headers: { 'content-type': 'text/javascript' },
    body: SDK,
  }));
}

export async function open(
  world: World,
  cloud: TrtcStandIn,
  user: string,
  { room = '8888', more = '', inner = CAMERA, token, ...page }: PageOptions = {},
): Promise<Peer> {
  serveSdk(world);
  const options = JSON.stringify({ proxy: cloud.proxy });
  return world.open(
    user,
    `<rtc-room ${more} provider="trtc" app-id="${APP.sdkAppId}" sdk-url="/trtc.js"
  token="${token ?? (await userSig(user))}" driver-options='${options}'
  room-id="${room}" user-id="${user}" joined>${inner}</rtc-room>`,
    page,
  );
}
