/** Sound and picture in step, measured: sound that is held back holds its picture back. */
import { suite, waitFor } from '../e2e/harness.js';
import { delays, installMarks, sendMarks, watchMarks, type Delays } from './marks.js';
import { PAIRS, pairName } from './pairs.js';

const e2e = suite();

/** Milliseconds. On one machine both come at once, shared stream or not; so the sound is delayed. */
const HELD_BACK = 500;
/** What a picture takes that waits for nothing is well below. */
const LATE = 350;
const IN_STEP = 250;

const page = (user: string): string =>
  `<rtc-room room-id="8888" user-id="${user}" joined><rtc-local-stream></rtc-local-stream></rtc-room>`;

/** Of the last three marks. */
const mean = (marks: Delays[], kind: keyof Delays): number =>
  marks.slice(-3).reduce((sum, mark) => sum + mark[kind], 0) / 3;

for (const browsers of PAIRS) {
  e2e(`lip sync: ${pairName(browsers)}: a picture waits for its sound`, async (world) => {
    const [first, second] = browsers;
    const alice = await world.open('alice', page('alice'), { browser: first, init: installMarks });
    await sendMarks(alice);
    await alice.waitForEvent('rtc-stream-published');
    const bob = await world.open('bob', page('bob'), { browser: second, init: installMarks });
    await sendMarks(bob);
    await Promise.all([alice.waitForFrames('user:bob'), bob.waitForFrames('user:alice')]);
    await watchMarks(alice, 'bob', HELD_BACK);
    await watchMarks(bob, 'alice', HELD_BACK);
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      let marks: Delays[] = [];
      // Browsers slow a picture down by some 30 ms a second.
      await waitFor(
        `${to.name} hears ${from.name} late, and sees what belongs to it as late`,
        async () => {
          marks = await delays(from, to);
          const [sound, picture] = [mean(marks, 'sound'), mean(marks, 'picture')];
          return marks.length > 3 && picture > LATE && Math.abs(sound - picture) < IN_STEP;
        },
        () => marks,
        90_000,
      );
      console.log(`${from.name} to ${to.name}, ms: ${JSON.stringify(marks.slice(-3))}`);
    }
  });
}
