export interface TestBrowser {
  executablePath: string;
  args: string[];
  source: 'CHROME_PATH' | 'installed' | 'bundled';
}
export const BASE_ARGS: readonly string[];
export const MEDIA_ARGS: readonly string[];
export const AUTOPLAY_ARGS: readonly string[];
/** See browser.mjs. `autoplay: false` leaves the browser's autoplay policy on. */
export function findBrowser(options?: { autoplay?: boolean }): Promise<TestBrowser>;
