/** LiveKit: a server of its own, its signalling through a proxy, tokens from our room server. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { AccessToken } from 'livekit-server-sdk';
import type * as Server from '../../../src/server/index.js';
import { dist } from '../../e2e/serve.js';
import { startLiveKit, startNode } from '../../livekit/server.mjs';
import { findServer } from '../../livekit/install.mjs';
import type { Backend, RunningBackend } from '../backend.js';
import { SignalProxy } from './signal-proxy.js';

export const backend: Backend = {
  name: 'livekit',
  lateUserData: true,
  lacks: process.env['LIVEKIT_URL']
    ? { restart: 'The server of LIVEKIT_URL is not ours to restart.' }
    : {},
  async start(): Promise<RunningBackend> {
    const server = await startLiveKit();
    if ('missing' in server) throw new Error(server.missing);
    const proxy = await SignalProxy.start(server.url);
    const { createRoomServer } = (await import(
      pathToFileURL(path.join(dist, 'server/index.js')).href
    )) as typeof Server;
    const { key, secret } = server;
    const site = createRoomServer({
      dev: true,
      // The user `moderator` is one.
      authenticate: (_, { userId = 'guest' }) => ({
        userId,
        moderator: userId === 'moderator',
      }),
      livekit: { url: proxy.url, apiUrl: server.url.replace(/^ws/, 'http'), key, secret },
    });
    // Named, since it was asked for.
    const rooms = site.livekit as Server.LiveKitRooms;
    const tokens = await tokenServer(site);
    let { node } = server;
    return {
      attributes: () =>
        Promise.resolve({ provider: 'livekit', url: proxy.url, 'token-url': tokens.url }),
      refused: async ({ roomId, userId }) => ({
        provider: 'livekit',
        url: proxy.url,
        token: await forged(key, roomId, userId),
      }),
      async removeUser(room, user, ban) {
        await rooms.removeUser(room, user, ban === undefined ? {} : { ban });
      },
      async dismiss(room) {
        await rooms.dismissRoom(room);
      },
      drop(user) {
        if (!proxy.drop(user)) throw new Error(`${user} has no connection to drop`);
        return Promise.resolve();
      },
      ...(node && {
        async restart() {
          const found = await findServer();
          if ('missing' in found) throw new Error(found.missing);
          await node?.kill();
          node = await startNode(found.binary, { port: Number(new URL(server.url).port) });
        },
      }),
      async stop() {
        await tokens.stop();
        await site.close();
        await proxy.stop();
        await server.stop();
        await node?.kill();
      },
    };
  },
};

/** `POST /token` for pages of another origin, which the room server itself does not answer. */
async function tokenServer(
  site: Server.RoomServer,
): Promise<{ url: string; stop(): Promise<void> }> {
  const server = http.createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', 'content-type');
    if (request.method === 'OPTIONS') response.writeHead(204).end();
    else if (!site.handler(request, response)) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Signed with a secret that the server does not have. */
function forged(key: string, room: string, identity: string): Promise<string> {
  const token = new AccessToken(key, 'a secret that is not the server’s own, long enough', {
    identity,
  });
  token.addGrant({ room, roomJoin: true });
  return token.toJwt();
}
