/** Qiniu under the browser's autoplay policy: its SDK's AudioContext is silent before a gesture. */
import { suite, waitFor } from './harness.js';
import { CHROMIUM_ONLY, open, useCloud } from './qiniu-harness.js';

const e2e = suite({ autoplay: false, chromiumOnly: CHROMIUM_ONLY });
const stand = useCloud();

e2e('qiniu: a microphone is heard of a page that nobody has touched', async (world) => {
  const alice = await open(world, stand.cloud, { user: 'alice', room: 'quiet' });
  await alice.waitForAttr('rtc-local-stream', 'published', '');
  await waitFor(
    'the sound that is sent is not silence',
    async () => (await alice.sum('media-source', 'audio', 'totalAudioEnergy')) > 0,
  );
});
