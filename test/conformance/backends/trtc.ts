/** TRTC: its real SDK against the stand-in for its cloud, with UserSigs of our own issuer. */
import { TrtcMinter } from '../../../src/server/trtc.js';
import { SDK_INTEGRITY } from '../../standins/trtc/sdk.js';
import { TrtcStandIn } from '../../standins/trtc/server.js';
import type { Backend, Capability, RunningBackend } from '../backend.js';

const APP = { sdkAppId: 1_400_000_001, secretKey: 'the secret key of the stand-in' };

/** What TRTC's SDK has no call for; of the cloud itself too. */
export const LACKS: Partial<Record<Capability, string>> = {
  messages: 'TRTC’s SDK sends no messages: SEI rides on H.264 pictures only.',
  'targeted-messages': 'TRTC’s SDK sends no messages.',
  'user-data': 'TRTC carries nothing beside the user id.',
  'user-data-change': 'TRTC carries nothing beside the user id.',
  ban: 'TRTC removes a user and refuses no later join: that is for who issues the UserSigs.',
  'moderator-kick': 'TRTC removes users through its server API only.',
  'late-audience': 'TRTC announces only who may publish.',
  dynacast: 'TRTC’s SDK sends to the cloud whether or not anybody receives it.',
};

export const backend: Backend = {
  name: 'trtc',
  lacks: LACKS,
  async start(): Promise<RunningBackend> {
    const cloud = await TrtcStandIn.start(APP);
    const attributes =
      (minter: TrtcMinter): RunningBackend['attributes'] =>
      async ({ roomId: room, userId: user }) => {
        const { token } = await minter.mint({ room, user });
        return {
          provider: 'trtc',
          'app-id': String(APP.sdkAppId),
          'sdk-url': `${cloud.proxy.loggerProxy}/trtc.js`,
          'sdk-integrity': SDK_INTEGRITY,
          'driver-options': JSON.stringify({ proxy: cloud.proxy }),
          token,
        };
      };
    return {
      attributes: attributes(new TrtcMinter(APP)),
      refused: attributes(new TrtcMinter({ ...APP, secretKey: 'the key of another application' })),
      removeUser: (room, user) => Promise.resolve(cloud.removeUser(room, user)),
      dismiss: (room) => Promise.resolve(cloud.dismiss(room)),
      drop: (user) => Promise.resolve(cloud.cut(user)),
      restart: () => Promise.resolve(cloud.restart()),
      stop: () => cloud.stop(),
    };
  },
};
