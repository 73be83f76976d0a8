/** A live room with co-anchoring (seed trtc-live-co-anchoring), and two linked rooms (trtc-cross-room). */
import { assert, sleep, stories, waitFor, type Peer } from './harness.js';

const story = stories();

const member = (user: string, role: string, room = '1000', inner = ''): string =>
  `<rtc-room mode="live" room-id="${room}" user-id="${user}" user-role="${role}" joined>
  <rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>${inner}
</rtc-room>`;
const link = (room: string, user: string): string =>
  `<rtc-cross-room-link room-id="${room}" user-id="${user}"></rtc-cross-room-link>`;

const idsOf = (peer: Peer): Promise<string[]> =>
  peer.eval(() =>
    (
      window.e2e.find('rtc-room') as HTMLElement & { remoteStreams: { userId: string }[] }
    ).remoteStreams.map(({ userId }) => userId),
  );

story(
  'an audience receives, captures nothing, and becomes an anchor and back',
  [],
  async (world) => {
    const anchor = await world.open('anna', member('anna', 'anchor'));
    const viewer = await world.open('victor', member('victor', 'audience'));
    await viewer.waitForFrames('user:anna');
    await viewer.waitForSound();
    assert.equal(await viewer.eval(() => window.e2e.asked), 0, 'no device was asked for');
    assert.equal(await viewer.attr('rtc-local-stream', 'capture-state'), 'idle');
    assert.deepEqual(await anchor.events('rtc-stream-added'), []);

    await viewer.set('rtc-room', 'user-role', 'anchor');
    const changed = await viewer.waitForEvent('rtc-role-changed');
    assert.deepEqual(changed.detail, { userRole: 'anchor', previousRole: 'audience' });
    await anchor.waitForEvent('rtc-stream-added', { stream: { userId: 'victor' } });
    await Promise.all([anchor.waitForFrames('user:victor'), viewer.waitForFrames('user:anna')]);

    const back = await anchor.mark();
    await viewer.set('rtc-room', 'user-role', 'audience');
    await viewer.waitForEvent('rtc-role-changed', { userRole: 'audience' });
    await anchor.waitForEvent('rtc-stream-removed', { stream: { userId: 'victor' } }, back);
    await waitFor('the camera is off', async () => (await viewer.live()).tracks === 0);
    await viewer.waitForFrames('user:anna');
    assert.deepEqual(await viewer.events('rtc-left'), [], 'nobody left for it');
  },
);

story('two anchors in two rooms see each other, and each audience its own', [], async (world) => {
  const [a, b] = await Promise.all([
    world.open('A', member('A', 'anchor', '1000', link('2000', 'B'))),
    world.open('B', member('B', 'anchor', '2000', link('1000', 'A'))),
  ]);
  await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
  for (const peer of [a, b]) await peer.waitForAttr('rtc-cross-room-link', 'link-state', 'linked');
  const added = await a.waitForEvent('rtc-stream-added', { stream: { userId: 'B' } });
  assert.equal(added.detail['roomId'], '2000');
  const u = await world.open('U', member('U', 'audience', '1000'));
  await u.waitForFrames('user:A');
  await sleep(1_000);
  assert.deepEqual(await idsOf(u), ['A']);
});

story('an audience page with a link of its own sees the other anchor too', [], async (world) => {
  const [a] = await Promise.all([
    world.open('A', member('A', 'anchor', '1000')),
    world.open('B', member('B', 'anchor', '2000')),
  ]);
  const w = await world.open('W', member('W', 'audience', '1000', link('2000', 'B')));
  await Promise.all([w.waitForFrames('user:A'), w.waitForFrames('user:B')]);
  assert.equal(await w.eval(() => window.e2e.asked), 0, 'no device was asked for');
  const from = await w.mark();
  await w.set('rtc-cross-room-link', 'disabled', '');
  await w.waitForAttr('rtc-cross-room-link', 'link-state', 'idle');
  await w.waitForFrames('user:A');
  assert.deepEqual(await w.events('rtc-left', from), []);
  assert.deepEqual(await a.events('rtc-error'), []);
});
