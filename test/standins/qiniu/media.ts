import { chromium, type Browser, type Page } from 'playwright-core';
import { findBrowser } from '../../tools/browser.mjs';
import { installMedia, type Media, type Section, type Transport } from './media-page.js';

/** The Chromium that is the stand-in's media server. */
export class MediaServer {
  private constructor(
    private readonly browser: Browser,
    private readonly page: Page,
  ) {}

  /** @param origin A page of ours: about:blank has no media devices to ask for addresses. */
  static async start(origin: string, connected: (pcId: string) => void): Promise<MediaServer> {
    const { executablePath, args } = await findBrowser();
    const browser = await chromium.launch({
      executablePath,
      args,
      chromiumSandbox: !args.includes('--no-sandbox'),
    });
    const page = await browser.newPage();
    await page.exposeFunction('mediaConnected', connected);
    await page.goto(origin);
    await page.evaluate(installMedia);
    return new MediaServer(browser, page);
  }

  receive(pcId: string, offer: string, tracks: Record<string, string>): Promise<Transport> {
    return this.#call('receive', pcId, offer, tracks);
  }

  remove(pcId: string, trackIds: string[]): Promise<void> {
    return this.#call('remove', pcId, trackIds);
  }

  send(pcId: string, trackIds: string[]): Promise<{ transport: Transport; sections: Section[] }> {
    return this.#call('send', pcId, trackIds);
  }

  answer(pcId: string, answer: string): Promise<void> {
    return this.#call('answer', pcId, answer);
  }

  stop(pcId: string, trackIds: string[]): Promise<void> {
    return this.#call('stop', pcId, trackIds);
  }

  async close(pcId: string): Promise<void> {
    await this.#call('close', pcId);
  }

  async end(): Promise<void> {
    await this.browser.close();
  }

  #call<K extends keyof Media>(
    name: K,
    ...args: Parameters<Media[K]>
  ): Promise<Awaited<ReturnType<Media[K]>>> {
    return this.page.evaluate(
      ([method, values]) =>
        (window.media[method] as (...values: unknown[]) => unknown)(...(values as unknown[])),
      [name, args] as const,
    ) as Promise<Awaited<ReturnType<Media[K]>>>;
  }
}
