/**
 * A site with its room server, in a process of its own so that it lives in a network namespace.
 *
 *   node site.mjs '{"port": 8080, "room": {…}}'    the room server's options; prints a line when ready
 *
 * `/page?html=…` is the page that the test wrote; everybody is who they say they are.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRoomServer } from '../../dist/server/index.js';

const { port, room } = JSON.parse(process.argv[2]);
const dist = new URL('../../dist/', import.meta.url);
const server = createRoomServer({
  secrets: ['a secret of the network tests, long enough'],
  authenticate: (_, { userId }) => ({ userId }),
  ...room,
});

const site = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://site');
  if (pathname === '/page') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(searchParams.get('html'));
  } else if (/^\/[\w./-]+\.js$/.test(pathname) && !pathname.includes('..')) {
    const text = await readFile(new URL(`.${pathname}`, dist)).catch(() => null);
    response.writeHead(text ? 200 : 404, { 'content-type': 'text/javascript' }).end(text);
  } else if (!server.handler(request, response)) {
    response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end();
  }
});
server.attach(site);
if (room.stunPort !== undefined) await server.listenStun();
site.listen(port, () => console.log('ready'));
