/** The Chromium page that is the WebRTC peer of the stand-in. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findBrowser } from '../../tools/browser.mjs';
import { installSfu, type Sfu, type Wanted } from './sfu.js';

export class Media {
  private constructor(
    private readonly browser: Browser,
    private readonly page: Page,
    private readonly site: http.Server,
  ) {}

  static async start(): Promise<Media> {
    const { executablePath, args } = await findBrowser();
    // Peer connections want a page with an address.
    const site = http.createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>media</title>');
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const browser = await chromium.launch({
      executablePath,
      args,
      chromiumSandbox: !args.includes('--no-sandbox'),
    });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    await page.evaluate(installSfu);
    return new Media(browser, page, site);
  }

  publish(key: string, offer: string): Promise<string> {
    return this.#run('publish', key, offer);
  }

  unpublish(key: string): Promise<void> {
    return this.#run('unpublish', key);
  }

  subscribe(key: string, source: string, wanted: Wanted, offer: string): Promise<string> {
    return this.#run('subscribe', key, source, wanted, offer);
  }

  change(key: string, wanted: Wanted): Promise<void> {
    return this.#run('change', key, wanted);
  }

  unsubscribe(key: string): Promise<void> {
    return this.#run('unsubscribe', key);
  }

  count(): Promise<number> {
    return this.#run('count');
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.site.closeAllConnections();
    await new Promise((resolve) => this.site.close(resolve));
  }

  async #run<K extends keyof Sfu>(
    name: K,
    ...args: Parameters<Sfu[K]>
  ): Promise<Awaited<ReturnType<Sfu[K]>>> {
    const result: unknown = await this.page.evaluate(
      ([method, given]) => (window.sfu[method] as (...given: unknown[]) => unknown)(...given),
      [name, args] as const,
    );
    return result as Awaited<ReturnType<Sfu[K]>>;
  }
}
