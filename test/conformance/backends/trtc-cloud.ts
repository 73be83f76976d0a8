/** TRTC's cloud itself, with the keys of an application in the environment: `npm run test:cloud`. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { trtcFromEnvironment } from '../../../src/server/trtc.js';
import { answerWithSdk, SDK_INTEGRITY } from '../../standins/trtc/sdk.js';
import type { Backend, RunningBackend } from '../backend.js';
import { LACKS } from './trtc.js';

const OTHER_KEYS =
  'TRTC’s server API takes a key of the Tencent Cloud account, which these tests are not given.';

export const backend: Backend = {
  name: 'trtc-cloud',
  remote: true,
  lacks: {
    ...LACKS,
    remove: OTHER_KEYS,
    dismiss: OTHER_KEYS,
    drop: 'Nothing of this machine stands between the pages and the cloud.',
    restart: 'The cloud is not ours to restart.',
    refused: 'What the cloud refuses is not tried on somebody’s account.',
  },
  async start(): Promise<RunningBackend> {
    const minter = trtcFromEnvironment(process.env);
    if (!minter)
      throw new Error('Set TRTC_SDK_APP_ID and TRTC_SECRET_KEY to run against TRTC’s cloud.');
    const server = http.createServer((_, response) => answerWithSdk(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return {
      async attributes({ roomId: room, userId: user }) {
        const { token, appId = '' } = await minter.mint({ room, user });
        return {
          provider: 'trtc',
          'app-id': appId,
          'sdk-url': `http://127.0.0.1:${port}/trtc.js`,
          'sdk-integrity': SDK_INTEGRITY,
          token,
        };
      },
      async stop() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  },
};
