/** Pages in contexts of their own, whatever drives the browser. */
import { chromium, type Browser, type CDPSession } from 'playwright-core';
import puppeteer, {
  type Browser as Firefox,
  type Frame,
  type Page as FirefoxPage,
} from 'puppeteer-core';
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
  /** For Chromium. */
  args: string[];
  firefoxPrefs: Record<string, unknown>;
}

const SIZE = { width: 1000, height: 700 };
const LOADED = { waitUntil: 'domcontentloaded' } as const;

/** What RTC_BROWSER says: `chromium` (default), `firefox`, or `mixed`, which takes turns. */
export function browserOf(page: number): BrowserName {
  const wish = process.env['RTC_BROWSER'];
  return wish === 'firefox' || (wish === 'mixed' && page % 2 === 0) ? 'firefox' : 'chromium';
}

/** Opens the pages of one file. */
export interface Opener {
  open(browser: BrowserName, request: TabRequest): Promise<Tab>;
  close(): Promise<void>;
}

/** The browsers of one file, each started when the first page wants it. */
export class Browsers implements Opener {
  #chromium: Promise<Browser> | undefined;
  /** By whether it refuses camera and microphone: it has one answer for all its contexts. */
  readonly #firefox = new Map<boolean, Promise<Firefox>>();

  constructor(private readonly options: LaunchOptions) {}

  open(name: BrowserName, request: TabRequest): Promise<Tab> {
    return name === 'firefox' ? this.#openFirefox(request) : this.#openChromium(request);
  }

  async close(): Promise<void> {
    await (await this.#chromium)?.close();
    for (const browser of this.#firefox.values()) await (await browser).close();
  }

  async #openChromium({ userAgent, init, denied }: TabRequest): Promise<Tab> {
    const browser = await (this.#chromium ??= launchChromium(this.options));
    const context = await browser.newContext({
      // Vendors' SDKs read the browser out of it.
      userAgent: `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser.version()} Safari/537.36 ${userAgent}`,
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
    const launched = this.#firefox.get(denied) ?? launchFirefox(this.options, denied);
    this.#firefox.set(denied, launched);
    const context = await (await launched).createBrowserContext();
    // A tab behind another one would be hidden.
    const page = await context.newPage({ type: 'window' });
    await page.setViewport(SIZE);
    await page.setUserAgent({ userAgent });
    for (const script of init) await page.evaluateOnNewDocument(script);
    return {
      page: withoutChatter(page),
      context,
      evaluate: (expression) => evaluateInFirefox(page.mainFrame(), expression),
      goto: (url) => page.goto(url, LOADED),
    };
  }
}

/** Firefox tells as an error, also of a socket that the page itself has closed. */
const CHATTER =
  /^Firefox can’t establish a connection to .* at ws:|^The connection to ws:\S+ was interrupted/;

function withoutChatter(page: FirefoxPage): PeerPage {
  return {
    mouse: page.mouse,
    // Its listeners' types depend on the event in a way that TypeScript does not follow.
    on: (event: 'pageerror' | 'console', listener: (what: never) => void) =>
      page.on(event, (what) => {
        if (!(what instanceof Error && CHATTER.test(what.message))) listener(what as never);
      }),
  };
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

const ALLOW = 1;
const BLOCK = 2;

function launchFirefox(options: LaunchOptions, denied: boolean): Promise<Firefox> {
  const { autoplay, grants, firefoxPrefs } = options;
  const permission = denied ? BLOCK : ALLOW;
  return puppeteer.launch(
    firefoxOptions({
      ...firefoxPrefs,
      ...(!autoplay && { 'media.autoplay.default': 1 }),
      ...(!grants && {
        'media.navigator.permission.disabled': false,
        // A page without the focus is not answered else.
        'focusmanager.testmode': true,
        'permissions.default.camera': permission,
        'permissions.default.microphone': permission,
      }),
    }),
  );
}

/** What is used of Playwright's CDP sessions and puppeteer's. */
type Session = Pick<CDPSession, 'send'>;

/** Not Playwright's `evaluate`: that is a user gesture. */
export function evaluateBy(cdp: Session): Evaluate {
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
