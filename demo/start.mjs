/**
 * `npm start`: the demo, its room server and the token endpoint on one loopback address.
 *
 *   npm start                    http://localhost:8080, or the next free port
 *   npm start -- --port 9000     that port (also: PORT=9000 npm start)
 *   npm run demo:livekit         on LiveKit (also: npm start -- --livekit): LIVEKIT_URL, or a server
 *                                of its own, built once with Go
 */
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';
import { staticFiles } from './static-files.mjs';

const DEFAULT_PORT = 8080;
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: process.env.PORT },
    livekit: { type: 'boolean', default: false },
  },
});
if (values.port !== undefined && !(/^\d{1,5}$/.test(values.port) && Number(values.port) < 65536)) {
  console.error(`--port ${values.port} is no port: give a number from 0 (any free one) to 65535.`);
  process.exit(2);
}

prepare(root);

const { createRoomServer } = await import(
  pathToFileURL(path.join(root, 'dist', 'server', 'index.js')).href
);
const livekit = values.livekit ? await startLiveKit() : undefined;
const rooms = createRoomServer({ dev: true, livekit });
const files = staticFiles(
  { '/dist/': path.join(root, 'dist'), '/': path.join(root, 'demo') },
  livekit && {
    connect: livekit.url.split(' ').flatMap((url) => [url, url.replace(/^ws/, 'http')]),
    // All that a page changes.
    page: (html) =>
      html.replaceAll('<rtc-room ', '<rtc-room provider="livekit" token-url="/token" '),
  },
);

async function startLiveKit() {
  const server = await import('../test/livekit/server.mjs');
  const started = await server.startLiveKit({ build: true });
  if (!('missing' in started)) return started;
  console.error(`The demo cannot run on LiveKit: ${started.missing}`);
  process.exit(1);
}

function answer(request, response) {
  if (rooms.handler(request, response)) return;
  if (request.url === '/demo/api-key') apiKey(request, response);
  else void files(request, response);
}

/** The key of the HTTP API for rooms.html: this machine's own pages may read it, nobody else's. */
function apiKey(request, response) {
  const site = request.headers['sec-fetch-site'] ?? 'same-origin';
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const own = site === 'same-origin' && ['localhost', '127.0.0.1', '[::1]'].includes(host);
  response.writeHead(own ? 200 : 403, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
  response.end(
    JSON.stringify(own ? { key: rooms.adminKey } : { error: 'Only for pages of this server.' }),
  );
}

const servers = [];

function open(port, host) {
  const server = createServer(answer);
  rooms.attach(server, { path: '/rtc' });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      servers.push(server);
      resolve(server.address().port);
    });
  });
}

/** `localhost` may mean either address; a machine without IPv6 does without. */
async function listen(port) {
  const taken = await open(port, '127.0.0.1');
  await open(taken, '::1').catch(() => undefined);
  return taken;
}

async function listenSomewhere() {
  if (values.port !== undefined) return listen(Number(values.port));
  for (let port = DEFAULT_PORT; port < DEFAULT_PORT + 50; port += 1) {
    try {
      return await listen(port);
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
    }
  }
  return listen(0);
}

let port;
try {
  port = await listenSomewhere();
} catch (error) {
  const taken = error.code === 'EADDRINUSE';
  console.error(taken ? `Port ${values.port} is taken. Give another with --port.` : error.message);
  await rooms.close();
  await livekit?.stop();
  process.exit(1);
}

console.log(`
  RTC elements   http://localhost:${port}
  HTTP API key   ${rooms.adminKey}${livekit ? `\n  LiveKit        ${livekit.url}` : ''}

  Open the address in two tabs. Ctrl+C ends it.
`);

let ending = false;
async function end() {
  if (ending) return;
  ending = true;
  await rooms.close();
  await livekit?.stop();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  process.exit(0);
}
process.on('SIGINT', end);
process.on('SIGTERM', end);
