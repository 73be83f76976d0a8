/** The two sites that are compared, each on a port of its own. */
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { WebSocketServer } from 'ws';
import { root } from '../tools/process.mjs';

export const HTML = 'text/html; charset=utf-8';
export const SCRIPT = 'text/javascript; charset=utf-8';
const beside = (name) => readFileSync(new URL(`./pages/${name}`, import.meta.url));
const escape = (text) => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);

/** The page of the README, with its room and user filled in. */
const call = (room, user) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>RTC elements</title>
    <script type="module" src="rtc-elements.js"></script>
  </head>
  <body>
    <rtc-room room-id="${escape(room)}" user-id="${escape(user)}" joined>
      <rtc-local-stream audio video></rtc-local-stream>
    </rtc-room>
  </body>
</html>
`;

const blank = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tiles</title>
<script type="module" src="rtc-elements.js"></script></head><body></body></html>`;

/** Ours: the built bundle, and the room server behind it. */
export async function ourSite() {
  const { createRoomServer } = await import(
    pathToFileURL(path.join(root, 'dist/server/index.js')).href
  );
  const rooms = createRoomServer({ dev: true });
  const bundle = readFileSync(path.join(root, 'dist/rtc-elements.js'));
  const server = createServer((request, response) => {
    if (rooms.handler(request, response)) return;
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const pages = {
      '/call.html': () => [
        HTML,
        call(searchParams.get('room') ?? '', searchParams.get('user') ?? ''),
      ],
      '/tiles.html': () => [HTML, blank],
      '/rtc-elements.js': () => [SCRIPT, bundle],
    };
    answer(response, pages[pathname]?.());
  });
  rooms.attach(server, { path: '/rtc' });
  return listening(server, () => rooms.close());
}

/** Theirs: a page of plain WebRTC, and a relay between the two in a room. */
export async function rawSite() {
  const pages = { '/call.html': [HTML, beside('raw.html')], '/raw.js': [SCRIPT, beside('raw.js')] };
  const server = createServer((request, response) =>
    answer(response, pages[new URL(request.url, 'http://localhost').pathname]),
  );
  const sockets = new WebSocketServer({ server, path: '/raw', perMessageDeflate: false });
  const rooms = new Map();
  sockets.on('connection', (socket) => {
    let members = new Set();
    const others = (text) => {
      for (const member of members) if (member !== socket) member.send(text);
    };
    socket.on('message', (data) => {
      const text = data.toString();
      const { join } = JSON.parse(text);
      if (join === undefined) return others(text);
      members = rooms.get(join) ?? members;
      rooms.set(join, members.add(socket));
      socket.send('{"joined":true}');
      others('{"newcomer":true}');
    });
    socket.on('close', () => members.delete(socket));
  });
  return listening(server, () => {
    for (const socket of sockets.clients) socket.terminate();
  });
}

export function answer(response, page) {
  if (!page) return void response.writeHead(404).end();
  response.writeHead(200, { 'content-type': page[0], 'cache-control': 'no-store' }).end(page[1]);
}

export function listening(server, end) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () =>
      resolve({
        port: server.address().port,
        async close() {
          await end();
          server.closeAllConnections();
          await new Promise((closed) => server.close(closed));
        },
      }),
    );
  });
}
