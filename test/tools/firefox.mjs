/** Finds a Firefox that can hold a call, and the preferences that every test starts it with. */
import { accessSync, constants } from 'node:fs';

const INSTALLED = {
  linux: [
    '/usr/bin/firefox-esr',
    '/usr/bin/firefox',
    '/usr/lib/firefox-esr/firefox-esr',
    '/usr/lib/firefox/firefox',
    '/opt/firefox/firefox',
  ],
  darwin: ['/Applications/Firefox.app/Contents/MacOS/firefox'],
  win32: ['C:\\Program Files\\Mozilla Firefox\\firefox.exe'],
};

/** Fake camera and microphone without a prompt, connections over loopback, and nothing from outside. */
export const FIREFOX_PREFS = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.gmp-manager.updateEnabled': false,
  // The devices are else told to the page in front only; the others wait.
  'media.devices.unfocused.enabled': true,
  // An icon that the page did not name is asked for under the page's policy, now and then.
  'browser.chrome.site_icons': false,
  // A window that is covered by another one goes on showing frames.
  'widget.windows.window_occlusion_tracking.enabled': false,
};

/** Why there are no tests in Firefox, when there are none. */
export const NO_FIREFOX =
  'no Firefox was found: apt-get install firefox-esr, or set FIREFOX_PATH to one';

/**
 * `FIREFOX_PATH`, or an installed one; null when there is none.
 *
 * @returns {string | null}
 */
export function findFirefox() {
  const named = process.env.FIREFOX_PATH;
  if (named && !runnable(named)) {
    throw new Error(`FIREFOX_PATH names ${named}, which is not there or cannot be run.`);
  }
  return named || (INSTALLED[process.platform]?.find(runnable) ?? null);
}

/** What puppeteer-core's `launch()` takes; it speaks WebDriver BiDi with Firefox. */
export function firefoxOptions(prefs = {}) {
  const executablePath = findFirefox();
  if (!executablePath) throw new Error(NO_FIREFOX);
  return {
    browser: /** @type {const} */ ('firefox'),
    executablePath,
    headless: true,
    extraPrefsFirefox: { ...FIREFOX_PREFS, ...prefs },
  };
}

function runnable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
