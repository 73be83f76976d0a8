/** What the room server does for LiveKit, as pages that only have attributes live through it. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { RunningBackend } from '../conformance/backend.js';
import { backend } from '../conformance/backends/livekit.js';
import { SECOND, type Peer } from '../e2e/peer.js';
import { watch } from './frames.js';
import { attributes, Pages, useBrowser } from './pages.js';
import { startLiveKit } from './server.mjs';

const CAMERA = '<rtc-local-stream audio video profile="160x120@15"></rtc-local-stream>';

const missing = await whatIsMissing();

async function whatIsMissing(): Promise<string | false> {
  const server = await startLiveKit();
  if ('missing' in server) return server.missing;
  await server.stop();
  return false;
}

suite('Pages on LiveKit', { skip: missing }, () => {
  const browser = useBrowser();

  class World {
    constructor(
      readonly livekit: RunningBackend,
      private readonly pages: Pages,
    ) {}

    async open(
      userId: string,
      more: {
        roomId?: string;
        userRole?: 'anchor' | 'audience';
        inner?: string;
        options?: string;
      } = {},
    ): Promise<Peer> {
      const { roomId = '8888', userRole = 'anchor', inner = '', options } = more;
      const place = { roomId, userId, userRole, mode: 'live' } as const;
      const values = {
        ...(await this.livekit.attributes(place)),
        ...{ 'room-id': roomId, 'user-id': userId, 'user-role': userRole, mode: 'live' },
        ...(options && { 'driver-options': options }),
      };
      const html = `<rtc-room ${attributes(values)} joined>${CAMERA}${inner}</rtc-room>`;
      return this.pages.open(userId, html);
    }

    /** Two anchors who see each other. */
    async call(): Promise<[Peer, Peer]> {
      const [ann, ben] = await Promise.all([this.open('ann'), this.open('ben')]);
      await Promise.all([watch(ann, 'ben'), watch(ben, 'ann')]);
      return [ann, ben];
    }
  }

  function scenario(
    name: string,
    run: (world: World) => Promise<void>,
    skip: string | false = false,
  ): void {
    test(name, { timeout: 120 * SECOND, skip }, async () => {
      const livekit = await backend.start();
      try {
        const pages = await Pages.start(browser());
        await pages.during(() => run(new World(livekit, pages)));
      } finally {
        await livekit.stop();
      }
    });
  }

  scenario('the driver and livekit-client come in one file', async (world) => {
    const ann = await world.open('ann');
    await ann.waitForEvent('rtc-joined');
    const scripts = await ann.eval(() =>
      performance
        .getEntriesByType('resource')
        .flatMap(({ name }) => /[^/]+\.js$/.exec(name)?.[0] ?? []),
    );
    assert.deepEqual(scripts, ['rtc-elements.js', 'rtc-elements-livekit.js']);
  });

  scenario('an audience comes on stage and goes back without leaving', async (world) => {
    const ann = await world.open('ann');
    const ben = await world.open('ben', { userRole: 'audience' });
    await ben.waitForFrames('user:ann');
    const mark = await ben.mark();
    await ben.set('rtc-room', 'user-role', 'anchor');
    await ben.waitForEvent('rtc-role-changed', { userRole: 'anchor' }, mark);
    await ann.waitForFrames('user:ben');
    await ben.set('rtc-room', 'user-role', 'audience');
    await ben.waitForEvent('rtc-role-changed', { userRole: 'audience' }, mark);
    await ann.waitForEvent('rtc-stream-removed');
    await ben.waitForFrames('user:ann');
    assert.deepEqual(await ben.states(mark), [], 'the call went on');
    assert.equal((await ben.live()).tracks, 0, 'and the camera is off');
  });

  scenario('anchors of two rooms are linked, under their own ids', async (world) => {
    const link = (room: string, user: string): string =>
      `<rtc-cross-room-link room-id="${room}" user-id="${user}"></rtc-cross-room-link>`;
    const a = await world.open('A', { roomId: '1000', inner: link('2000', 'B') });
    const b = await world.open('B', { roomId: '2000', inner: link('1000', 'A') });
    await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
    await a.waitForEvent('rtc-user-joined', { userId: 'B', userRole: 'audience' });
    assert.deepEqual(await a.events('rtc-client-banned'), []);
  });

  scenario('a removed user hears why, and a banned one is refused', async (world) => {
    const [ann, ben] = await world.call();
    await world.livekit.removeUser?.('8888', 'ben', 60);
    await ben.waitForEvent('rtc-client-banned', { reason: 'banned' });
    await ben.waitForEvent('rtc-left', { reason: 'banned' });
    await ann.waitForEvent('rtc-user-left', { userId: 'ben' });
    const mark = await ben.mark();
    await ben.set('rtc-room', 'joined', '');
    const { detail } = await ben.waitForEvent('rtc-error', {}, mark);
    assert.equal((detail['error'] as { code: string }).code, 'forbidden');
    assert.equal(await ben.attr('rtc-room', 'joined'), null);
  });

  scenario('a moderator removes a user, and nobody else does', async (world) => {
    const [moderator, ben] = [await world.open('moderator'), await world.open('ben')];
    await Promise.all([watch(moderator, 'ben'), watch(ben, 'moderator')]);
    const kick = (peer: Peer, user: string): Promise<void> =>
      peer.eval(
        (who) =>
          (window.e2e.find('rtc-room') as HTMLElement & { kick(id: string): Promise<void> }).kick(
            who,
          ),
        user,
      );
    // A message, which a page obeys only where it names who may send it.
    await kick(ben, 'moderator');
    await moderator.waitForFrames('user:ben', 20);
    await kick(moderator, 'ben');
    await ben.waitForEvent('rtc-left', { reason: 'banned' });
    assert.deepEqual(await moderator.events('rtc-left'), []);
  });

  scenario('dismissing the room ends everybody’s stay', async (world) => {
    const both = await world.call();
    await world.livekit.dismiss?.('8888');
    for (const peer of both) {
      await peer.waitForEvent('rtc-left', { reason: 'room_disband' });
      assert.equal(await peer.attr('rtc-room', 'joined'), null);
    }
  });

  scenario('the same user elsewhere ends the earlier stay', async (world) => {
    const ben = await world.open('ben');
    const first = await world.open('ann');
    await first.waitForFrames('user:ben');
    await world.open('ann');
    await first.waitForEvent('rtc-left', { reason: 'kick' });
    await ben.waitForFrames('user:ann');
  });

  scenario('media that finds no way is told in words, again and again', async (world) => {
    // There is no TURN: with the relay alone nothing is found.
    const ann = await world.open('ann', {
      options: '{&quot;iceTransportPolicy&quot;:&quot;relay&quot;}',
    });
    await ann.waitForEvent('rtc-joined');
    for (let round = 0; round < 2; round++) {
      const mark = await ann.mark();
      await ann.waitForEvent('rtc-error', { error: { code: 'network' } }, mark, 40 * SECOND);
    }
    const errors = await ann.events('rtc-error');
    const said = errors.map(({ detail }) => (detail['error'] as { message: string }).message);
    assert.ok(said.some((message) => message.includes('open its media ports, or configure TURN')));
    assert.notEqual(await ann.attr('rtc-room', 'joined'), null);
  });

  scenario('a dropped connection comes back by itself', async (world) => {
    const [ann, ben] = await world.call();
    const mark = await ben.mark();
    await world.livekit.drop?.('ben');
    await ben.waitForEvent('rtc-connection-state-changed', { state: 'reconnected' }, mark);
    await Promise.all([ann.waitForFrames('user:ben'), ben.waitForFrames('user:ann')]);
    assert.deepEqual(await ben.events('rtc-left', mark), []);
  });

  scenario(
    'a server that is restarted is found again',
    async (world) => {
      const both = await world.call();
      const marks = await Promise.all(both.map((peer) => peer.mark()));
      await world.livekit.restart?.();
      await Promise.all(
        both.map((peer, index) =>
          peer.waitForEvent('rtc-connection-state-changed', { state: 'reconnected' }, marks[index]),
        ),
      );
      const [ann, ben] = both;
      await Promise.all([ann.waitForFrames('user:ben'), ben.waitForFrames('user:ann')]);
    },
    !!process.env['LIVEKIT_URL'] && 'the server of LIVEKIT_URL is not ours to restart',
  );
});
