/** Qiniu: its real SDK against the stand-in for its cloud, with tokens of our own issuer. */
import { QiniuMinter } from '../../../src/server/qiniu.js';
import { ACCESS_KEY, APP_ID, QiniuStandIn, SECRET_KEY } from '../../standins/qiniu/index.js';
import type { Backend, Capability, RunningBackend } from '../backend.js';

/** What the SDK or Qiniu's servers have no call for; of the cloud itself too. */
export const LACKS: Partial<Record<Capability, string>> = {
  'user-data-change':
    'Qiniu takes user data when a user joins, and has no call to change it after.',
  ban: 'Qiniu removes a user and refuses no later join: that is for who issues the tokens.',
  collectable: 'Qiniu’s SDK keeps every client, with its tracks, for the life of the page.',
  dynacast: 'Qiniu’s SDK sends to the cloud whether or not anybody receives it.',
  statistics: 'Qiniu’s SDK tells rates only, counts nothing, and shows no connection.',
};

export const backend: Backend = {
  name: 'qiniu',
  lacks: LACKS,
  // Its SDK reports to the vendor, which the policy of the pages refuses. It throws where nobody
  // catches when it has lost its socket, and when somebody leaves while it subscribes; and it tells
  // the console of a refusal in its own words.
  noise:
    /pili-rtc-qos\.qiniuapi\.com|websocket abort|reconnect failed|reading 'userID'|401 Unauthorized/,
  async start(): Promise<RunningBackend> {
    const cloud = await QiniuStandIn.start();
    const keys = { appId: APP_ID, accessKey: ACCESS_KEY, secretKey: SECRET_KEY };
    const minter = new QiniuMinter(keys);
    const attributes =
      (by: QiniuMinter): RunningBackend['attributes'] =>
      async ({ roomId: room, userId: user }) => {
        const { token } = await by.mint({ room, user, moderator: user === 'moderator' });
        // A lost socket is opened anew after this time.
        return { ...(await cloud.attributes({ requestTimeout: 3_000 })), token };
      };
    return {
      attributes: attributes(minter),
      refused: attributes(new QiniuMinter({ ...keys, secretKey: 'the key of somebody else' })),
      async linkAttributes({ roomId: room, userId: user }) {
        const { token } = await minter.mint({ room, user, link: true });
        return { token };
      },
      removeUser: (room, user) => Promise.resolve(cloud.removeUser(room, user)),
      dismiss: (room) => Promise.resolve(cloud.dismiss(room)),
      drop: (user) => Promise.resolve(cloud.drop(user)),
      restart: () => Promise.resolve(cloud.restart()),
      stop: () => cloud.stop(),
    };
  },
};
