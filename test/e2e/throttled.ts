/** Chromium with its own throttling of hidden pages, which every other test switches off. */
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { findBrowser } from '../tools/browser.mjs';
import { evaluateBy, type Opener, type Tab, type TabRequest } from './browsers.js';

const UNTHROTTLED =
  /^--disable-(background-timer-throttling|backgrounding-occluded-windows|renderer-backgrounding)$/;

/** Playwright says to every page that it has the focus; puppeteer leaves it as it is. */
export class Throttled implements Opener {
  #browser: Promise<Browser> | undefined;
  readonly #pages = new Map<string, Page>();

  /** @param grace Seconds after which the timers of a hidden page run once a minute; Chromium: 300. */
  constructor(private readonly grace?: number) {}

  async open(_name: string, { userAgent, init }: TabRequest): Promise<Tab> {
    const browser = await (this.#browser ??= this.#launch());
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.setUserAgent({ userAgent });
    this.#pages.set(userAgent, page);
    for (const script of init) await page.evaluateOnNewDocument(script);
    const cdp = await page.createCDPSession();
    return {
      // Its listeners' types depend on the event in a way that TypeScript does not compare.
      page: page as unknown as Tab['page'],
      context,
      evaluate: evaluateBy(cdp as unknown as Parameters<typeof evaluateBy>[0]),
      goto: (url) => page.goto(url, { waitUntil: 'domcontentloaded' }),
    };
  }

  /** Puts another tab in front of this user's page, until the answer is called. */
  async hide(name: string): Promise<() => Promise<void>> {
    const page = this.#pages.get(`e2e ${name}.`);
    const front = await page?.browserContext().newPage();
    await front?.bringToFront();
    return async () => {
      await front?.close();
      await page?.bringToFront();
    };
  }

  async close(): Promise<void> {
    await (await this.#browser)?.close();
  }

  async #launch(): Promise<Browser> {
    const { executablePath, args } = await findBrowser();
    const features = this.grace
      ? [`--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/${this.grace}`]
      : [];
    return puppeteer.launch({
      executablePath,
      args: [...args.filter((arg) => !UNTHROTTLED.test(arg)), ...features],
      ignoreDefaultArgs: (await puppeteer.defaultArgs()).filter((arg) => UNTHROTTLED.test(arg)),
    });
  }
}
