/** A connection that no ICE restart brings back, between Chromium and Firefox. */
import type { BrowserName } from '../e2e/browsers.js';
import { breakConnection, ufrag } from '../e2e/faults.js';
import { assertEverybodySees, caller, suite, waitFor } from '../e2e/harness.js';
import { SECOND } from '../e2e/peer.js';

const e2e = suite();

const PAIRS: readonly (readonly [BrowserName, BrowserName])[] = [
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
];

for (const [first, second] of PAIRS) {
  e2e(
    `mixed: ${second} offers to ${first}: a dead connection gives its place to another`,
    async (world) => {
      const alice = await world.open('alice', caller('alice'), { browser: first });
      await alice.waitForEvent('rtc-stream-published');
      const bob = await world.open('bob', caller('bob'), { browser: second });
      await assertEverybodySees({ alice, bob });
      for (const broken of [alice, bob]) {
        const before = [await ufrag(alice), await ufrag(bob)];
        await breakConnection(broken);
        for (const [i, peer] of [alice, bob].entries()) {
          await waitFor(
            `${peer.name} has another connection than the one that ${broken.name} lost`,
            async () => {
              const now = await ufrag(peer);
              return !!now && now !== before[i] && (await peer.connections()) === 1;
            },
            () => peer.live(),
            90 * SECOND,
          );
        }
        // Long enough that packets on a route of before do not count.
        await Promise.all([
          alice.waitForFrames('user:bob', 15),
          bob.waitForFrames('user:alice', 15),
          alice.waitForSound(),
          bob.waitForSound(),
        ]);
      }
    },
  );
}
