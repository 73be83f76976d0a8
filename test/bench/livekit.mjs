/** The same call on the same LiveKit server: our elements against livekit-client written by hand. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { startLiveKit } from '../livekit/server.mjs';
import { root } from '../tools/process.mjs';
import { compare } from './first-frame.mjs';
import { answer, HTML, listening, SCRIPT } from './sites.mjs';

/**
 * Milliseconds. A second after somebody began to publish, livekit-server asks him for keyframes,
 * and for half a second more passes nobody's wish for one on: who comes then waits, by chance.
 */
const SETTLED = 2_000;

/**
 * @param {import('playwright-core').Browser} browser
 * @param {{ rounds: number }} options
 * @returns {Promise<object>} `{ missing }`, a sentence, where there is no server
 */
export async function livekitFirstFrame(browser, { rounds }) {
  const livekit = await startLiveKit();
  if ('missing' in livekit) return livekit;
  const { url, key, secret } = livekit;
  const { createRoomServer } = await import(
    pathToFileURL(path.join(root, 'dist/server/index.js')).href
  );
  const rooms = createRoomServer({ dev: true, livekit: { url, key, secret } });
  const open = [];
  try {
    const sites = {};
    for (const [name, pages] of [
      ['ours', await ours()],
      ['raw', await byHand()],
    ]) {
      const site = await serve(rooms, pages);
      open.push(site.close);
      sites[name] = site;
    }
    const ports = { ours: sites.ours.port, raw: sites.raw.port };
    const times = await compare(browser, ports, {
      rounds,
      name: 'bench-livekit',
      settled: SETTLED,
    });
    return { ...times, bytes: { ours: sites.ours.bytes(), raw: sites.raw.bytes() } };
  } finally {
    for (const close of open) await close();
    await rooms.close();
    await livekit.stop();
  }
}

const escape = (text) => text.replace(/[&<>"]/g, (each) => `&#${each.charCodeAt(0)};`);

function ours() {
  const page = ({ room, user }) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>RTC elements</title>
    <link rel="modulepreload" href="rtc-elements-livekit.js" />
    <script type="module" src="rtc-elements.js"></script>
  </head>
  <body>
    <rtc-room provider="livekit" token-url="/token" room-id="${escape(room)}" user-id="${escape(user)}" joined>
      <rtc-local-stream audio video></rtc-local-stream>
    </rtc-room>
  </body>
</html>
`;
  return (name, parameters) => {
    if (name === '/call.html') return [HTML, page(parameters)];
    const file = path.join(root, 'dist', path.basename(name));
    return name.endsWith('.js') && existsSync(file) ? [SCRIPT, readFileSync(file)] : undefined;
  };
}

/** livekit-client and its page in one file, as a bundler makes it. */
async function byHand() {
  const beside = (name) => new URL(`./pages/${name}`, import.meta.url);
  const { outputFiles } = await build({
    entryPoints: [beside('livekit.js').pathname],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
  });
  const pages = {
    '/call.html': [HTML, readFileSync(beside('raw.html'), 'utf8').replace('raw.js', 'livekit.js')],
    '/livekit.js': [SCRIPT, outputFiles[0].contents],
  };
  return (name) => pages[name];
}

async function serve(rooms, pages) {
  /** What pages loaded, each once. */
  const scripts = new Map();
  const server = createServer((request, response) => {
    if (rooms.handler(request, response)) return;
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const page = pages(pathname, Object.fromEntries(searchParams));
    if (page?.[0] === SCRIPT) scripts.set(pathname, page[1]);
    answer(response, page);
  });
  const { port, close } = await listening(server, () => undefined);
  const bytes = () =>
    [...scripts.values()].reduce((sum, script) => sum + gzipSync(script, { level: 9 }).length, 0);
  return { port, close, bytes };
}
