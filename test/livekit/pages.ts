/** Pages in browser contexts of their own, served by a site of their own. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { chromium, type Browser } from 'playwright-core';
import { evaluateBy } from '../e2e/browsers.js';
import { Peer } from '../e2e/peer.js';
import { installRecorder } from '../e2e/recorder.js';
import { Site } from '../e2e/serve.js';
import { findBrowser } from '../tools/browser.mjs';
import { recordFrames } from './frames.js';

/** A browser for all tests of a suite; call it inside the suite. */
export function useBrowser(): () => Browser {
  let browser: Browser;
  before(async () => {
    const { executablePath, args } = await findBrowser();
    browser = await chromium.launch({
      executablePath,
      args,
      chromiumSandbox: !args.includes('--no-sandbox'),
    });
  });
  after(() => browser.close());
  return () => browser;
}

export class Pages {
  readonly peers: Peer[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly site: Site,
  ) {}

  static async start(browser: Browser): Promise<Pages> {
    return new Pages(browser, await Site.start());
  }

  async open(user: string, body: string): Promise<Peer> {
    const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${user}</title>
<script type="module" src="/rtc-elements.js"></script></head><body>${body}</body></html>`;
    const context = await this.browser.newContext({ permissions: ['camera', 'microphone'] });
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    // A second window is hidden else, and shows no frame.
    await cdp.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    await page.addInitScript(installRecorder);
    await page.addInitScript(recordFrames);
    const peer = new Peer(user, page, context, evaluateBy(cdp));
    // A node that is gone, and a request that is refused, are no mistakes of the page.
    peer.expectNoise(/^console: (WebSocket connection|Failed to load resource)/);
    this.peers.push(peer);
    await page.goto(this.site.add(`/${user}.html`, html), { waitUntil: 'domcontentloaded' });
    return peer;
  }

  async close(peer: Peer): Promise<void> {
    this.peers.splice(this.peers.indexOf(peer), 1);
    await peer.context.close();
  }

  /** Runs a test; what the pages know is printed when it fails. */
  async during(run: () => Promise<void>): Promise<void> {
    try {
      await run();
      for (const { name, noise } of this.peers) assert.deepEqual(noise, [], `in ${name}'s page`);
    } catch (error) {
      for (const peer of this.peers) console.error(await peer.report());
      throw error;
    } finally {
      await Promise.all(this.peers.map(({ context }) => context.close()));
      await this.site.stop();
    }
  }
}

export function attributes(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${value}"`)
    .join(' ');
}
