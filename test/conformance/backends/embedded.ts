/** Our own room server, whose tokens are bound to room and user; its signalling through a site. */
import { TestServer } from '../../e2e/room-server.js';
import { Site } from '../../e2e/serve.js';
import type { Backend, RunningBackend } from '../backend.js';

export const backend: Backend = {
  name: 'embedded',
  lacks: {
    restart: 'A room server that is killed is one in a process of its own: e2e/drops.test.ts.',
  },
  async start(): Promise<RunningBackend> {
    const server = await TestServer.start({ tokens: true });
    const site = await Site.start();
    site.backend = server.port;
    return {
      site,
      attributes: async ({ roomId: room, userId: user }) => ({
        // The highest role; the element asks for the one that it wants.
        token: await server.mint({ room, user, role: 'anchor', moderator: user === 'moderator' }),
      }),
      linkAttributes: async ({ roomId: room, userId: user }) => ({
        token: await server.mint({ room, user, link: true }),
      }),
      refused: async ({ roomId: room, userId: user }) => ({
        token: await server.mint({ room, user, expired: true }),
      }),
      removeUser: (room, user, ban) => server.removeUser(room, user, ban),
      dismiss: (room) => server.dismissRoom(room),
      drop(user) {
        site.drop(`e2e ${user}.`);
        site.restore();
        return Promise.resolve();
      },
      stop: () => server.stop(),
    };
  },
};
