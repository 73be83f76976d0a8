/** Pages in contexts of their own, whatever drives the browser. */
import { chromium, type Browser, type CDPSession } from 'playwright-core';
import puppeteer, { type Browser as Firefox, type Frame } from 'puppeteer-core';
import { findBrowser } from '../tools/browser.mjs';
import { firefoxOptions } from '../tools/firefox.mjs';
import type { Evaluate, PeerContext, PeerPage } from './peer.js';

export type BrowserName = 'chromium' | 'firefox';

export interface TabRequest {
  userAgent: string;
  /** Functions that run in the page before everything else. */
  init: (() => void)[];
  /** The user has refused camera and microphone for this site. */
  denied: boolean;
}

export interface Tab {
  page: PeerPage;
  context: PeerContext;
  evaluate: Evaluate;
  goto(url: string): Promise<unknown>;
}

export interface LaunchOptions {
  autoplay: boolean;
  /** False: the browser decides by its permissions, not by a flag that says yes to all. */
  grants: boolean;
  args: string[];
}

const SIZE = { width: 1000, height: 700 };
const LOADED = { waitUntil: 'domcontentloaded' } as const;

/** What RTC_BROWSER says: `chromium` (default), `firefox`, or `mixed`, which takes turns. */
export function browserOf(page: number): BrowserName {
  const wish = process.env['RTC_BROWSER'];
  return wish === 'firefox' || (wish === 'mixed' && page % 2 === 0) ? 'firefox' : 'chromium';
}

/** The browsers of one file, each started when the first page wants it. */
export class Browsers {
  #chromium: Promise<Browser> | undefined;
  #firefox: Promise<Firefox> | undefined;

  constructor(private readonly options: LaunchOptions) {}

  open(name: BrowserName, request: TabRequest): Promise<Tab> {
    return name === 'firefox' ? this.#openFirefox(request) : this.#openChromium(request);
  }

  async close(): Promise<void> {
    await (await this.#chromium)?.close();
    await (await this.#firefox)?.close();
  }

  async #openChromium({ userAgent, init, denied }: TabRequest): Promise<Tab> {
    const browser = await (this.#chromium ??= launchChromium(this.options));
    const context = await browser.newContext({
      userAgent,
      viewport: SIZE,
      ...(denied ? {} : { permissions: ['camera', 'microphone'] }),
    });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    for (const name of denied ? ['camera', 'microphone'] : []) {
      await cdp.send('Browser.setPermission', { permission: { name }, setting: 'denied' });
    }
    // A second window is hidden else, and shows no frame.
    await cdp.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    for (const script of init) await page.addInitScript(script);
    return { page, context, evaluate: evaluateBy(cdp), goto: (url) => page.goto(url, LOADED) };
  }

  async #openFirefox({ userAgent, init, denied }: TabRequest): Promise<Tab> {
    if (denied) throw new Error('Nothing here refuses the camera in Firefox.');
    const browser = await (this.#firefox ??= launchFirefox(this.options));
    const context = await browser.createBrowserContext();
    // A tab behind another one would be hidden.
    const page = await context.newPage({ type: 'window' });
    await page.setViewport(SIZE);
    await page.setUserAgent({ userAgent });
    for (const script of init) await page.evaluateOnNewDocument(script);
    return {
      page,
      context,
      evaluate: (expression) => evaluateInFirefox(page.mainFrame(), expression),
      goto: (url) => page.goto(url, LOADED),
    };
  }
}

async function launchChromium({ autoplay, grants, args }: LaunchOptions): Promise<Browser> {
  const found = await findBrowser({ autoplay });
  return chromium.launch({
    executablePath: found.executablePath,
    args: [
      ...found.args.filter((arg) => grants || arg !== '--use-fake-ui-for-media-stream'),
      ...args,
    ],
    chromiumSandbox: !found.args.includes('--no-sandbox'),
  });
}

function launchFirefox({ autoplay, grants }: LaunchOptions): Promise<Firefox> {
  return puppeteer.launch(
    firefoxOptions({
      ...(autoplay ? {} : { 'media.autoplay.default': 1 }),
      ...(grants ? {} : { 'media.navigator.permission.disabled': false }),
    }),
  );
}

/** Not Playwright's `evaluate`: that is a user gesture. */
export function evaluateBy(cdp: CDPSession): Evaluate {
  return async (expression) => {
    const { result, exceptionDetails } = await cdp.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: false,
    });
    if (exceptionDetails) {
      const { exception, text } = exceptionDetails;
      throw new Error(exception?.description ?? text);
    }
    return result.value as unknown;
  };
}

/** Of puppeteer's BiDi frames, not declared: its own `evaluate` is a user gesture, too. */
interface BidiFrame {
  mainRealm(): {
    realm: {
      evaluate(
        expression: string,
        awaitPromise: boolean,
        options: { userActivation: boolean },
      ): Promise<
        | { type: 'success'; result: { value?: unknown } }
        | { type: 'exception'; exceptionDetails: { text: string } }
      >;
    };
  };
}

async function evaluateInFirefox(frame: Frame, expression: string): Promise<unknown> {
  const { realm } = (frame as unknown as BidiFrame).mainRealm();
  const answer = await realm.evaluate(
    `(async () => JSON.stringify({ value: await (${expression}) }))()`,
    true,
    { userActivation: false },
  );
  if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text);
  return (JSON.parse(String(answer.result.value)) as { value?: unknown }).value;
}
