/** LiveKit servers for tests, the demo and the bench: on loopback, on free ports, ended by id. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../tools/free-port.mjs';
import { findServer } from './install.mjs';

const PATIENCE = 20_000;

/** What every page and token of this run uses. */
export const KEY = 'tests';
export const SECRET = randomBytes(24).toString('base64url');

/** Where nobody answers, so that nobody is asked: no STUN server would mean third parties' ones. */
const NO_STUN = '127.0.0.1:9';

/** @param {{ port: number, udpPort: number, redis?: string }} where */
export function configuration({ port, udpPort, redis }) {
  return {
    port,
    bind_addresses: ['127.0.0.1'],
    rtc: {
      node_ip: '127.0.0.1',
      use_external_ip: false,
      udp_port: udpPort,
      tcp_port: 0,
      enable_loopback_candidate: true,
      interfaces: { includes: ['lo'] },
      stun_servers: [NO_STUN],
    },
    keys: { [KEY]: SECRET },
    logging: { level: 'error' },
    ...(redis && { redis: { address: redis } }),
  };
}

/** The server of LIVEKIT_URL, or one of its own; with `build` it is built when it is not there. */
export async function startLiveKit({ build = false } = {}) {
  const { LIVEKIT_URL: url, LIVEKIT_API_KEY: key, LIVEKIT_API_SECRET: secret } = process.env;
  if (url) {
    if (!key || !secret)
      return { missing: 'LIVEKIT_URL needs LIVEKIT_API_KEY and LIVEKIT_API_SECRET beside it.' };
    return { url, key, secret, own: false, stop: async () => undefined };
  }
  const found = await findServer({ build });
  if ('missing' in found) return found;
  const node = await startNode(found.binary);
  return { url: node.url, key: KEY, secret: SECRET, own: true, node, stop: () => node.kill() };
}

/**
 * @param {string} binary
 * @param {{ redis?: string, port?: number }} [options] `port`: as before, when one is restarted
 */
export async function startNode(binary, { redis, port } = {}) {
  const where = { port: port ?? (await freePort()), udpPort: await freeUdpPort(), redis };
  // In the environment: arguments are everybody's to read.
  return startWith(binary, where.port, [], {
    LIVEKIT_CONFIG: JSON.stringify(configuration(where)),
  });
}

/** @param {number} port where its configuration lets it listen */
export async function startWith(binary, port, args, env = {}) {
  const process_ = await startProcess(binary, args, env);
  await process_.until(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
    return answer?.ok === true;
  }, `livekit-server on port ${port}`);
  return { ...process_, port, url: `ws://127.0.0.1:${port}` };
}

/** @returns {Promise<{ missing: string } | { address: string, kill: () => Promise<void> }>} */
export async function startRedis() {
  const port = await freePort();
  const options = { bind: '127.0.0.1', port, save: '', appendonly: 'no', daemonize: 'no' };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  let redis;
  try {
    redis = await startProcess(process.env.REDIS_SERVER || 'redis-server', args, {});
  } catch (error) {
    return {
      missing: `there is no redis-server (${error.code}); Debian: apt install redis-server`,
    };
  }
  await redis.until(() => answers(port), `redis-server on port ${port}`);
  return { ...redis, address: `127.0.0.1:${port}` };
}

async function startProcess(command, args, env) {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (said = (said + chunk).slice(-4000)));
  await once(child, 'spawn');
  const gone = once(child, 'exit');
  const running = () => child.exitCode === null && child.signalCode === null;
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  void gone.then(() => process.off('exit', end));
  return {
    pid: child.pid,
    gone,
    running,
    /** At once, as when a machine dies. */
    async kill() {
      if (running()) child.kill('SIGKILL');
      await gone;
    },
    /** SIGTERM: takes no new room, ends when the last user has left. */
    drain() {
      child.kill('SIGTERM');
    },
    async until(ready, what) {
      const late = Date.now() + PATIENCE;
      while (!(await ready())) {
        if (!running() || Date.now() > late) {
          end();
          throw new Error(`${what} does not start: ${said.trim() || 'it says nothing'}`);
        }
        await pause(25);
      }
    },
  };
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

export function freeUdpPort() {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
