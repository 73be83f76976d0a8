/** Finds a Chromium that can hold a call, and the flags that every test starts it with. */
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';

const INSTALLED = {
  linux: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
    '/opt/google/chrome/chrome',
    '/snap/bin/chromium',
  ],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) =>
    process.env[name]
      ? [
          path.join(process.env[name], 'Google/Chrome/Application/chrome.exe'),
          path.join(process.env[name], 'Microsoft/Edge/Application/msedge.exe'),
        ]
      : [],
  ),
};

/** Quiet, on loopback only, and with QUIC off so that no test talks to anybody else. */
export const BASE_ARGS = [
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--mute-audio',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/**
 * Of several such flags Chromium takes the last, so this one also has of Playwright's what else asks
 * servers of Google's. A new window without the omnibox's pages takes a quarter of the processor's time.
 */
const DISABLED = [
  'WebRtcHideLocalIpsWithMdns',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'AimEnabled',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PreconnectToSearch',
];

/** Fake camera and microphone, and peer connections over loopback. */
export const MEDIA_ARGS = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--allow-loopback-in-peer-connection',
  `--disable-features=${DISABLED.join()}`,
];

/** For all tests but those of the autoplay policy itself. */
export const AUTOPLAY_ARGS = ['--autoplay-policy=no-user-gesture-required'];

/**
 * The first of: `CHROME_PATH`, an installed Chrome or Chromium, the one in @sparticuz/chromium.
 * `RTC_TEST_BROWSER=bundled` passes over the installed ones.
 *
 * @param {{ autoplay?: boolean }} [options] `autoplay: false` leaves the browser's policy on
 * @returns {Promise<{ executablePath: string, args: string[], source: string }>}
 */
export async function findBrowser({ autoplay = true } = {}) {
  const { executablePath, source, extra } = await locate();
  // Chromium's sandbox cannot start as root, nor where user namespaces are switched off.
  const sandboxed = process.platform !== 'linux' || (process.getuid?.() !== 0 && userNamespaces());
  return {
    executablePath,
    source,
    args: [
      ...BASE_ARGS,
      ...MEDIA_ARGS,
      ...(autoplay ? AUTOPLAY_ARGS : []),
      ...(sandboxed && source !== 'bundled' ? [] : ['--no-sandbox']),
      ...extra,
    ],
  };
}

async function locate() {
  const named = process.env.CHROME_PATH;
  if (named) {
    if (!runnable(named)) {
      throw new Error(`CHROME_PATH names ${named}, which is not there or cannot be run.`);
    }
    return { executablePath: named, source: 'CHROME_PATH', extra: [] };
  }
  const installed = INSTALLED[process.platform]?.find(runnable);
  if (installed && process.env.RTC_TEST_BROWSER !== 'bundled') {
    return { executablePath: installed, source: 'installed', extra: [] };
  }
  if (process.platform === 'linux' && process.arch === 'x64') return bundled();
  throw new Error('No Chrome or Chromium was found: install one, or set CHROME_PATH to one.');
}

/**
 * Unpacks @sparticuz/chromium into a folder of its own version: it takes any file of the right name
 * in the temporary folder for its own, whatever version left it there.
 */
async function bundled() {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const manifest = path.join(path.dirname(entry), '..', 'package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const folder = path.join(os.tmpdir(), `rtc-elements-chromium-${version}-${os.userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const before = { TMPDIR: process.env.TMPDIR, VERCEL: process.env.VERCEL };
  // Read when the package is imported: VERCEL makes it unpack the libraries a bare system lacks.
  process.env.TMPDIR = folder;
  process.env.VERCEL = '1';
  try {
    const { default: chromium } = await import('@sparticuz/chromium');
    const executablePath = await chromium.executablePath();
    return { executablePath, source: 'bundled', extra: [] };
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function runnable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function userNamespaces() {
  try {
    return readFileSync('/proc/sys/kernel/unprivileged_userns_clone', 'utf8').trim() !== '0';
  } catch {
    return true;
  }
}
