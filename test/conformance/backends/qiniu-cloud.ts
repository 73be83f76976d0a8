/** Qiniu's cloud itself, with the keys of an application in the environment: `npm run test:cloud`. */
import http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { qiniuFromEnvironment } from '../../../src/server/qiniu.js';
import { sdkScript } from '../../standins/qiniu/sdk-script.js';
import type { Backend, RunningBackend } from '../backend.js';
import { LACKS } from './qiniu.js';

interface QiniuLibrary {
  Credentials: new (accessKey: string, secretKey: string) => object;
  room: {
    kickUser(
      app: string,
      room: string,
      user: string,
      credentials: object,
      done: (error: unknown) => void,
    ): void;
  };
}

const VARIABLES = ['QINIU_ACCESS_KEY', 'QINIU_SECRET_KEY', 'QINIU_APP_ID'] as const;

export const backend: Backend = {
  name: 'qiniu-cloud',
  remote: true,
  lacks: {
    ...LACKS,
    dismiss: 'Qiniu’s server API has no call that closes a room.',
    drop: 'Nothing of this machine stands between the pages and the cloud.',
    restart: 'The cloud is not ours to restart.',
    refused: 'What the cloud refuses is not tried on somebody’s account.',
  },
  async start(): Promise<RunningBackend> {
    const minter = qiniuFromEnvironment(process.env);
    if (!minter) throw new Error(`Set ${VARIABLES.join(', ')} to run against Qiniu’s cloud.`);
    const [accessKey = '', secretKey = '', app = ''] = VARIABLES.map((name) => process.env[name]);
    const library = createRequire(import.meta.url)('qiniu') as QiniuLibrary;
    const credentials = new library.Credentials(accessKey, secretKey);
    const { text, integrity } = await sdkScript(false);
    const server = http.createServer((_, response) => {
      response.writeHead(200, {
        'content-type': 'text/javascript',
        'access-control-allow-origin': '*',
      });
      response.end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return {
      async attributes({ roomId: room, userId: user }) {
        const { token } = await minter.mint({ room, user, moderator: user === 'moderator' });
        return {
          provider: 'qiniu',
          'app-id': app,
          'sdk-url': `http://127.0.0.1:${port}/qnweb-rtc.js`,
          'sdk-integrity': integrity,
          token,
        };
      },
      async linkAttributes({ roomId: room, userId: user }) {
        const { token } = await minter.mint({ room, user, link: true });
        return { token };
      },
      removeUser: (room, user) =>
        new Promise((resolve, reject) => {
          library.room.kickUser(app, room, user, credentials, (error) => {
            if (error) reject(new Error(`Qiniu did not remove ${user}: ${JSON.stringify(error)}`));
            else resolve();
          });
        }),
      async stop() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  },
};
