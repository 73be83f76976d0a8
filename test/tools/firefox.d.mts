export const FIREFOX_PREFS: Readonly<Record<string, unknown>>;
/** Why there are no tests in Firefox, when there are none. */
export const NO_FIREFOX: string;
/** `FIREFOX_PATH`, or an installed one; null when there is none. */
export function findFirefox(): string | null;
/** What puppeteer-core's `launch()` takes; throws when there is no Firefox. */
export function firefoxOptions(prefs?: Record<string, unknown>): {
  browser: 'firefox';
  executablePath: string;
  headless: boolean;
  extraPrefsFirefox: Record<string, unknown>;
};
