/** The Chromium page that is the WebRTC peer of the stand-in. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findBrowser } from '../../tools/browser.mjs';
import { installSfu, type Quality, type Sfu, type Wanted } from './sfu.js';

/** One for all stand-ins, as one test comes after the other; it ends when none has taken its place. */
let browser: Promise<Browser> | undefined;
let users = 0;

function release(): void {
  users -= 1;
  setTimeout(() => {
    if (users > 0) return;
    void browser?.then((one) => one.close());
    browser = undefined;
  }, 500);
}

async function launch(): Promise<Browser> {
  const { executablePath, args } = await findBrowser();
  return chromium.launch({
    executablePath,
    args,
    chromiumSandbox: !args.includes('--no-sandbox'),
  });
}

export class Media {
  #stopped = false;

  private constructor(
    private readonly page: Page,
    private readonly site: http.Server,
  ) {}

  static async start(): Promise<Media> {
    users += 1;
    // Peer connections want a page with an address.
    const site = http.createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>media</title>');
    });
    try {
      await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
      const page = await (await (browser ??= launch())).newPage();
      await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
      await page.evaluate(installSfu);
      return new Media(page, site);
    } catch (error) {
      site.close();
      release();
      throw error;
    }
  }

  publish(key: string, offer: string): Promise<string> {
    return this.#run('publish', key, offer);
  }

  unpublish(key: string): Promise<void> {
    return this.#run('unpublish', key);
  }

  quality(key: string): Promise<Quality> {
    return this.#run('quality', key);
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
    this.#stopped = true;
    await this.page.context().close();
    release();
    this.site.closeAllConnections();
    await new Promise((resolve) => this.site.close(resolve));
  }

  async #run<K extends keyof Sfu>(
    name: K,
    ...args: Parameters<Sfu[K]>
  ): Promise<Awaited<ReturnType<Sfu[K]>>> {
    const result: unknown = await this.page
      .evaluate(
        ([method, given]) => (window.sfu[method] as (...given: unknown[]) => unknown)(...given),
        [name, args] as const,
      )
      .catch((error: unknown) => {
        // At the end nobody waits for an answer.
        if (!this.#stopped) throw error;
        return new Promise(() => undefined);
      });
    return result as Awaited<ReturnType<Sfu[K]>>;
  }
}
