/** Whether a vendor's cloud lets a user in at all: what there is to say when it does not. */
import { assert, name, stories, waitFor } from '../conformance/harness.js';

const story = stories();

story('a user is let in', [], async (world) => {
  const alice = await world.open(
    'alice',
    '<rtc-room room-id="8888" user-id="alice" joined></rtc-room>',
  );
  alice.expectNoise(/./);
  const told = /^rtc-(joined|error)$/;
  await waitFor('the cloud answers', async () =>
    (await alice.events()).some(({ type }) => told.test(type)),
  );
  const first = (await alice.events()).find(({ type }) => told.test(type));
  if (first?.type !== 'rtc-error') return;
  const { code, message } = first.detail['error'] as { code: string; message: string };
  assert.fail(`${name} did not let a user in. ${code}: ${message}`);
});
