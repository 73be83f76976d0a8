/** Camera and microphone as the browser's own permissions have them, without the flag that grants all. */
import { assert, call, caller, suite } from './harness.js';
import { assertError } from './refusals.js';

const e2e = suite({ grants: false });

e2e(
  'bad input: a user who has refused camera and microphone is told how to mend it, and is in the room',
  async (world) => {
    const { bob } = await call(world, 'bob');
    const alice = await world.open('alice', caller('alice'), { denied: true });
    const message = await assertError(
      alice,
      { code: 'device-denied', fatal: true, reverted: ['audio', 'video'] },
      'rtc-local-stream',
    );
    assert.match(message, /microphone and camera was denied/);
    for (const name of ['audio', 'video'])
      assert.equal(await alice.attr('rtc-local-stream', name), null, `${name} is taken back`);
    await alice.waitForAttr('rtc-local-stream', 'capture-state', 'failed');
    await alice.waitForFrames('user:bob');
    await bob.waitForEvent('rtc-user-joined', { userId: 'alice' });
    assert.equal((await alice.live()).tracks, 0);
  },
);

e2e('bad input: granted devices work without that flag too', async (world) => {
  // Firefox answers where the focus is: in the window that was opened last.
  const { alice } = await call(world, 'alice');
  await alice.waitForAttr('rtc-local-stream', 'capture-state', 'live');
  const { bob } = await call(world, 'bob');
  await Promise.all([alice.waitForFrames('user:bob'), bob.waitForFrames('user:alice')]);
});
