/** Sound and picture in step, measured: sound that is held back holds its picture back, and no other. */
import { suite, waitFor, type Peer } from '../e2e/harness.js';
import { ageOf, installClocks, showClock, watchClock } from './clocks.js';
import { PAIRS, pairName } from './pairs.js';

const e2e = suite();

/** Milliseconds. On one machine sound and picture come at once, shared stream or not. */
const HELD_BACK = 500;
/** What the picture is late by, at least, when it waits; it is 0 when it does not. */
const LATE = 250;
/** Medians are of so long. */
const SPAN = 4_000;

const page = (user: string, other: string): string => `
<button id="share" commandfor="mine" command="--toggle-screen">Share</button>
<rtc-room room-id="8888" user-id="${user}" layout="none" joined>
  <rtc-local-stream id="mine"></rtc-local-stream>
  <rtc-remote-stream id="face" user-id="${other}"></rtc-remote-stream>
  <rtc-remote-stream id="screen" user-id="${other}" stream-type="auxiliary"></rtc-remote-stream>
</rtc-room>`;

/**
 * How much older the camera's picture is than the screen's. Both are encoded, sent and painted by
 * the same two processes at the same time, so what a busy machine adds, it adds to both.
 */
async function behind(peer: Peer): Promise<number | undefined> {
  const [face, screen] = [await ageOf(peer, '#face', SPAN), await ageOf(peer, '#screen', SPAN)];
  return face === undefined || screen === undefined ? undefined : face - screen;
}

const holdSoundBack = (peer: Peer): Promise<void> =>
  peer.eval((delay) => {
    const connection = window.e2e.peers.find(
      ({ connectionState }) => connectionState === 'connected',
    );
    const [microphone] = connection?.getReceivers() ?? [];
    if (!microphone) throw new Error('nothing is connected');
    microphone.jitterBufferTarget = delay;
  }, HELD_BACK);

async function assertWaits(peer: Peer): Promise<void> {
  let before: number | undefined;
  await waitFor(
    `frames enough to measure come in ${peer.name}'s page`,
    async () => (before = await behind(peer)) !== undefined,
    undefined,
    60_000,
  );
  const atFirst = before ?? 0;
  await holdSoundBack(peer);
  let now: number | undefined;
  // Browsers slow a picture down by 30 to 80 ms a second.
  await waitFor(
    `${peer.name} sees the face late, as its sound is`,
    async () => (now = await behind(peer)) !== undefined && now - atFirst > LATE,
    () => ({ atFirst, now }),
    60_000,
  );
  console.log(`${peer.name} sees the face ${atFirst} ms after the screen, then ${now} ms`);
}

for (const browsers of PAIRS) {
  e2e(`lip sync: ${pairName(browsers)}: a picture waits for its sound`, async (world) => {
    const [first, second] = browsers;
    const init = installClocks;
    const alice = await world.open('alice', page('alice', 'bob'), { browser: first, init });
    await showClock(alice);
    await alice.waitForEvent('rtc-stream-published');
    const bob = await world.open('bob', page('bob', 'alice'), { browser: second, init });
    await showClock(bob);
    for (const peer of [alice, bob]) await peer.click('#share');
    await Promise.all(
      [alice, bob].map(async (peer) => {
        for (const selector of ['#face', '#screen']) {
          await peer.waitForFrames(selector);
          await watchClock(peer, selector);
        }
        await peer.waitForSound();
      }),
    );
    await Promise.all([alice, bob].map(assertWaits));
  });
}
