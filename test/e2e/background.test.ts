/**
 * Hidden tabs stay in the room. The whole length, with Chromium as it is, is 6 minutes
 * (`npm run bench -- --only background` sets RTC_LONG); else the server is ten times as impatient
 * and Chromium throttles after a second instead of five minutes.
 */
import { assert, caller, sleep, suite, waitFor, type Peer } from './harness.js';
import { Throttled } from './throttled.js';

const long = !!process.env['RTC_LONG'];
const HIDDEN = long ? 6 * 60_000 : 15_000;
const browsers = new Throttled(long ? undefined : 1);
const e2e = suite({
  opener: browsers,
  chromiumOnly: 'only in Chromium can the throttling of hidden pages be hastened',
});

/** Counts how often a timer of 100 ms runs. */
const count = (peer: Peer): Promise<void> =>
  peer.eval(() => {
    const counter = { ticks: 0 };
    setInterval(() => (counter.ticks += 1), 100);
    Object.assign(window, { counter });
  });
const ticks = (peer: Peer): Promise<number> =>
  peer.eval(() => (window as unknown as { counter: { ticks: number } }).counter.ticks);

const sound = (user: string): string =>
  caller(user).replace('audio video profile="160x120@10"', 'audio');

e2e(
  `background: a hidden tab stays in the room (${HIDDEN / 1_000} s)`,
  { timers: long ? {} : { silent: 3_000 }, timeout: HIDDEN + 150_000 },
  async (world) => {
    const witness = await world.open('witness', sound('witness'));
    const speaker = await world.open('speaker', sound('speaker'));
    // Audience have no connection to each other, which Chromium would spare its worst throttling.
    const [idle, clerk] = await Promise.all(
      ['idle', 'clerk'].map((user) =>
        world.open(
          user,
          `<rtc-room mode="live" user-role="audience" room-id="lobby" user-id="${user}" joined></rtc-room>`,
        ),
      ),
    );
    assert.ok(idle && clerk);
    const blank = await world.open('blank', '<p>A page that talks to nobody.</p>');
    await Promise.all([witness.waitForSound(), speaker.waitForSound()]);
    await Promise.all([idle.waitForJoined(), clerk.waitForJoined()]);
    const hidden = [speaker, idle, blank];
    const shows = await Promise.all(hidden.map(({ name }) => browsers.hide(name)));
    for (const peer of hidden) {
      await waitFor(`${peer.name}'s page is hidden`, () =>
        peer.eval(() => document.visibilityState === 'hidden'),
      );
    }
    await Promise.all(hidden.map(count));
    const marks = await Promise.all(world.peers.map((peer) => peer.mark()));
    const [heard = 0] = await witness.heard();

    await sleep(HIDDEN);

    const samples = ((await witness.heard())[0] ?? 0) - heard;
    assert.ok(samples > 48_000 * (HIDDEN / 1_000) * 0.9, `${samples} samples were heard`);
    await witness.waitForSound();
    const beats = Object.fromEntries(
      await Promise.all(hidden.map(async (peer) => [peer.name, await ticks(peer)] as const)),
    );
    console.log(`${HIDDEN / 1_000} s hidden, ticks of a timer of 100 ms: ${JSON.stringify(beats)}`);
    await clerk.eval(() =>
      (
        window.e2e.find('rtc-room') as HTMLElement & { sendMessage(data: string): Promise<void> }
      ).sendMessage('still there?'),
    );
    await idle.waitForEvent('rtc-message-received', { from: 'clerk' });
    assert.equal(await idle.eval(() => document.visibilityState), 'hidden');
    for (const [i, peer] of world.peers.entries()) {
      const told = (await peer.events(undefined, marks[i])).map(({ type }) => type);
      assert.deepEqual(
        told.filter((type) => /user-|left|joined|connection|error|stream-removed/.test(type)),
        [],
        `${peer.name} noticed nothing`,
      );
    }
    await Promise.all(shows.map((show) => show()));
    await Promise.all([witness.waitForSound(), speaker.waitForSound()]);
  },
);
