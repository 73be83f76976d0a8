/** Finds the LiveKit server of the tests, or builds it once, outside the checkout. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const VERSION = '1.13.5';
const PACKAGE = `github.com/livekit/livekit-server/cmd/server@v${VERSION}`;

const exe = (name) => (process.platform === 'win32' ? `${name}.exe` : name);

/** @returns {string} where the binary is kept */
export function cached(environment = process.env) {
  const base = environment.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
  return path.join(base, 'rtc-elements', `livekit-${VERSION}`, exe('server'));
}

/**
 * `LIVEKIT_SERVER` (a binary), the cache, or with `build` `go install` into the cache (about
 * 2 minutes).
 *
 * @param {{ build?: boolean, environment?: NodeJS.ProcessEnv, say?: (text: string) => void }} [options]
 * @returns {Promise<{ binary: string } | { missing: string }>} `missing`: why not, in a sentence
 */
export async function findServer({
  build = false,
  environment = process.env,
  say = console.log,
} = {}) {
  const named = environment.LIVEKIT_SERVER;
  if (named) {
    return existsSync(named)
      ? { binary: named }
      : { missing: `LIVEKIT_SERVER is ${named}, and there is no such file.` };
  }
  const binary = cached(environment);
  if (existsSync(binary)) return { binary };
  if (!build)
    return { missing: 'livekit-server is not built yet: npm run test:livekit does that.' };
  const go = await output('go', ['version'], environment);
  if (go.code !== 0) {
    return {
      missing:
        'there is no Go to build livekit-server with, and neither LIVEKIT_SERVER (a binary) nor LIVEKIT_URL (a running server) is set.',
    };
  }
  say(`Building livekit-server ${VERSION} once, into ${path.dirname(binary)} (about 2 minutes) …`);
  mkdirSync(path.dirname(binary), { recursive: true });
  // Beside its place, so that two builds at once do not see each other's half.
  const scratch = mkdtempSync(path.join(path.dirname(binary), 'build-'));
  try {
    const built = await output('go', ['install', PACKAGE], { ...environment, GOBIN: scratch });
    if (built.code !== 0) return { missing: `go install ${PACKAGE} failed: ${built.text.trim()}` };
    renameSync(path.join(scratch, exe('server')), binary);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return { binary };
}

function output(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    child.on('error', (error) => resolve({ code: 127, text: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, text }));
  });
}
