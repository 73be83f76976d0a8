/** The stories that every back end tells alike: pages of attributes, on the back end of RTC_BACKEND. */
import { after, test } from 'node:test';
import { Browsers, type LaunchOptions } from '../e2e/browsers.js';
import { play, World } from '../e2e/harness.js';
import { SECOND } from '../e2e/peer.js';
import { Site } from '../e2e/serve.js';
import type { Backend, Capability, RunningBackend } from './backend.js';

export { assert, Peer, sleep, waitFor } from '../e2e/harness.js';

/** The back end that this run is for. */
export const name = process.env['RTC_BACKEND'] ?? 'embedded';
const { backend } = (await import(`./backends/${name}.ts`)) as { backend: Backend };
export const { lacks } = backend;

/** A test's back end and pages. */
export class Story extends World<RunningBackend> {
  /** Gives each room and link of a page what this back end needs; all else stands in the page. */
  protected override async prepare(body: string): Promise<string> {
    const parts = body.split(/(<rtc-room\b[^>]*>|<rtc-cross-room-link\b[^>]*>)/);
    let room: Record<string, string> = {};
    const made: string[] = [];
    for (const part of parts) {
      const tag = /^<(rtc-room|rtc-cross-room-link)\b/.exec(part)?.[1];
      const own = Object.fromEntries(
        [...part.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
      );
      let more: Record<string, string> = {};
      if (tag === 'rtc-room') {
        room = own;
        const who = { roomId: own['room-id'] ?? '', userId: own['user-id'] ?? '' };
        more = own['data-refused']
          ? ((await this.server.refused?.(who)) ?? {})
          : await this.server.attributes({
              ...who,
              userRole: own['user-role'] === 'audience' ? 'audience' : 'anchor',
              mode: own['mode'] === 'live' ? 'live' : 'rtc',
            });
      } else if (tag) {
        const who = { roomId: own['room-id'] ?? '', userId: room['user-id'] ?? '' };
        more = (await this.server.linkAttributes?.(who)) ?? {};
      }
      const attributes = Object.entries(more).map(
        ([key, value]) => ` ${key}="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`,
      );
      made.push(tag ? part.replace(`<${tag}`, `<${tag}${attributes.join('')}`) : part);
    }
    return made.join('');
  }
}

export type Tell = (
  title: string,
  needs: readonly Capability[],
  run: (story: Story) => Promise<void>,
) => void;

/** Stories of one file: one browser for all, a back end for each. What a back end lacks is skipped, and why is printed. */
export function stories(options: Partial<LaunchOptions> = {}): Tell {
  const browsers = new Browsers({
    autoplay: true,
    grants: true,
    args: [],
    firefoxPrefs: {},
    ...options,
  });
  after(() => browsers.close());
  return (title, needs, run) => {
    const skip = needs.flatMap((one) => backend.lacks[one] ?? [])[0];
    test(`${name}: ${title}`, { timeout: 150 * SECOND, skip }, async () => {
      const running = await backend.start();
      await play(new Story(browsers, running.site ?? (await Site.start()), running), run);
    });
  };
}

/** A room with a camera and a microphone of a size that two cores can encode for many. */
export function caller(user: string, more = '', inner = '', room = '8888'): string {
  return `<rtc-room room-id="${room}" user-id="${user}" joined ${more}>
  <rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>${inner}
</rtc-room>`;
}
