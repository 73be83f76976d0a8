/** The stories that every back end tells alike: pages of attributes, on the back end of RTC_BACKEND. */
import { after, test } from 'node:test';
import { browserOf, Browsers, type LaunchOptions } from '../e2e/browsers.js';
import { assert, CLOSED, play, World, type OpenOptions } from '../e2e/harness.js';
import { SECOND, type Peer } from '../e2e/peer.js';
import { Site } from '../e2e/serve.js';
import type { Backend, Capability, RunningBackend } from './backend.js';

export { assert, assertEverybodySees, call, caller, Peer, sleep, waitFor } from '../e2e/harness.js';

/** The back end that this run is for. */
export const name = process.env['RTC_BACKEND'] ?? 'embedded';
const { backend } = (await import(`./backends/${name}.ts`)) as { backend: Backend };
export const { lacks, lateUserData = false } = backend;

/** What a test does to the back end itself, and by which of its functions. */
const BY: Partial<Record<Capability, keyof RunningBackend>> = {
  remove: 'removeUser',
  ban: 'removeUser',
  dismiss: 'dismiss',
  drop: 'drop',
  restart: 'restart',
  refused: 'refused',
};

/** A test's back end and pages. */
export class Story extends World<RunningBackend> {
  override async open(name: string, body: string, options: OpenOptions = {}): Promise<Peer> {
    const policy = backend.remote ? undefined : { 'content-security-policy': CLOSED };
    const headers = { ...policy, ...options.headers };
    const peer = await super.open(name, body, { ...options, headers });
    if (backend.noise) peer.expectNoise(backend.noise);
    return peer;
  }

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

/**
 * Stories of one file: one browser for all, a back end for each. What a back end lacks is skipped, and why is printed.
 * `chromiumOnly`: why; where Firefox is asked for, the stories are skipped with it.
 */
export function stories({
  chromiumOnly,
  ...options
}: Partial<LaunchOptions> & { chromiumOnly?: string } = {}): Tell {
  const browsers = new Browsers({
    autoplay: true,
    grants: true,
    args: [],
    firefoxPrefs: {},
    ...options,
  });
  after(() => browsers.close());
  const unable = browserOf(2) === 'firefox' && chromiumOnly;
  return (title, needs, run) => {
    const skip = unable || needs.flatMap((one) => backend.lacks[one] ?? [])[0];
    test(`${name}: ${title}`, { timeout: 150 * SECOND, skip }, async () => {
      const running = await backend.start();
      await play(new Story(browsers, running.site ?? (await Site.start()), running), (world) => {
        for (const need of needs) {
          const by = BY[need];
          assert.ok(!by || running[by], `${name} must name “${need}” in lacks, or have ${by}()`);
        }
        return run(world);
      });
    });
  };
}
