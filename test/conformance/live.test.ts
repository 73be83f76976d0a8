/** A live room with co-anchoring (seed trtc-live-co-anchoring), and two linked rooms (trtc-cross-room). */
import { assert, sleep, stories, waitFor, type Peer } from './harness.js';

const story = stories();

const page = (user: string, role: string, room: string, inner: string): string =>
  `<rtc-room mode="live" room-id="${room}" user-id="${user}" user-role="${role}" joined>
  ${inner}
</rtc-room>`;
const member = (user: string, role: string, room = '1000', inner = ''): string =>
  page(
    user,
    role,
    room,
    `<rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>${inner}`,
  );
const voice = (user: string, role: string, room = '1000', inner = ''): string =>
  page(user, role, room, `<rtc-local-stream audio></rtc-local-stream>${inner}`);
const viewer = (user: string, room = '1000', inner = ''): string =>
  page(user, 'audience', room, inner);
const link = (room: string, user: string): string =>
  `<rtc-cross-room-link room-id="${room}" user-id="${user}"></rtc-cross-room-link>`;
const A = member('A', 'anchor', '1000', link('2000', 'B'));
const B = member('B', 'anchor', '2000', link('1000', 'A'));
const LINK = 'rtc-cross-room-link';

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
    const anna = await world.open('anna', member('anna', 'anchor'));
    const victor = await world.open('victor', member('victor', 'audience'));
    const wanda = await world.open('wanda', viewer('wanda'));
    await Promise.all([victor, wanda].map((peer) => peer.waitForFrames('user:anna')));
    await victor.waitForSound();
    assert.equal(await victor.eval(() => window.e2e.asked), 0, 'no device was asked for');
    assert.equal(await victor.attr('rtc-local-stream', 'capture-state'), 'idle');
    assert.equal(await victor.attr('rtc-local-stream', 'published'), null);
    assert.deepEqual(await anna.events('rtc-stream-added'), []);

    await victor.set('rtc-room', 'user-role', 'anchor');
    const changed = await victor.waitForEvent('rtc-role-changed');
    assert.deepEqual(changed.detail, { userRole: 'anchor', previousRole: 'audience' });
    await victor.waitForAttr('rtc-local-stream', 'published', '');
    for (const peer of [anna, wanda]) {
      await peer.waitForEvent('rtc-stream-added', { stream: { userId: 'victor' } });
      await waitFor(
        `${peer.name} is told of the picture, which may come after the sound`,
        async () =>
          (await peer.events()).some(({ type, detail }) => {
            const { userId, hasVideo } = (detail['stream'] ?? {}) as Record<string, unknown>;
            return /^rtc-stream-(added|updated)$/.test(type) && userId === 'victor' && !!hasVideo;
          }),
      );
      await peer.waitForFrames('user:victor');
    }
    await Promise.all([victor, wanda].map((peer) => peer.waitForFrames('user:anna')));

    const marks = await Promise.all([anna, wanda].map((peer) => peer.mark()));
    await victor.set('rtc-room', 'user-role', 'audience');
    const back = await victor.waitForEvent('rtc-role-changed', { userRole: 'audience' });
    assert.equal(back.detail['previousRole'], 'anchor');
    await victor.waitForEvent('rtc-stream-unpublished');
    await waitFor('the camera is off', async () => (await victor.live()).tracks === 0);
    assert.equal(await victor.attr('rtc-local-stream', 'published'), null);
    for (const [i, peer] of [anna, wanda].entries())
      await peer.waitForEvent('rtc-stream-removed', { stream: { userId: 'victor' } }, marks[i]);
    await Promise.all([victor, wanda].map((peer) => peer.waitForFrames('user:anna')));
    assert.deepEqual(await victor.events('rtc-left'), [], 'nobody left for it');
    assert.deepEqual(await victor.states(), ['connecting', 'connected']);
  },
);

story('the others are told who may publish', ['late-audience'], async (world) => {
  const anna = await world.open('anna', voice('anna', 'anchor'));
  const victor = await world.open('victor', voice('victor', 'audience'));
  const joined = await anna.waitForEvent('rtc-user-joined', { userId: 'victor' });
  assert.equal(joined.detail['userRole'], 'audience');
  await victor.waitForJoined();
  for (const userRole of ['anchor', 'audience']) {
    const from = await anna.mark();
    await victor.set('rtc-room', 'user-role', userRole);
    await anna.waitForEvent('rtc-user-updated', { userId: 'victor', userRole }, from);
  }
  assert.deepEqual(await anna.events('rtc-user-left'), []);
});

story('two anchors in two rooms see each other, and each audience its own', [], async (world) => {
  const [a, b] = await Promise.all([world.open('A', A), world.open('B', B)]);
  await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
  await Promise.all([a.waitForSound(), b.waitForSound()]);
  for (const peer of [a, b]) await peer.waitForAttr(LINK, 'link-state', 'linked');
  for (const [peer, userId, roomId] of [
    [a, 'B', '2000'],
    [b, 'A', '1000'],
  ] as const) {
    const added = await peer.waitForEvent('rtc-stream-added', { stream: { userId } });
    assert.equal(added.detail['roomId'], roomId);
  }
  const [u, x] = await Promise.all([
    world.open('U', viewer('U', '1000')),
    world.open('X', viewer('X', '2000')),
  ]);
  await Promise.all([u.waitForFrames('user:A'), x.waitForFrames('user:B')]);
  await sleep(1_000);
  assert.deepEqual([await idsOf(u), await idsOf(x)], [['A'], ['B']]);
  const [strangers, others] = [
    await u.eval(() => window.e2e.showing('B').length),
    await x.eval(() => window.e2e.showing('A').length),
  ];
  assert.deepEqual([strangers, others], [0, 0], 'a visitor is not shown');
});

story(
  'an anchor who visits is an audience there, under his own name',
  ['late-audience'],
  async (world) => {
    await world.open('A', voice('A', 'anchor', '1000', link('2000', 'B')));
    const b = await world.open('B', voice('B', 'anchor', '2000'));
    // A back end may know an anchor by what he publishes.
    await b.waitForAttr('rtc-local-stream', 'published', '');
    const x = await world.open('X', viewer('X', '2000'));
    const visitor = await x.waitForEvent('rtc-user-joined', { userId: 'A' });
    assert.deepEqual([visitor.detail['userRole'], visitor.detail['roomId']], ['audience', '2000']);
    await x.waitForEvent('rtc-user-joined', { userId: 'B', userRole: 'anchor' });
    await x.waitForSound();
  },
);

story('a link waits for the other anchor, and ends with its own room', [], async (world) => {
  const a = await world.open('A', A);
  await a.waitForAttr(LINK, 'link-state', 'waiting');
  const b = await world.open('B', B);
  await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
  await b.set('rtc-room', 'joined', null);
  await a.waitForAttr(LINK, 'link-state', 'waiting');
  await b.waitForAttr(LINK, 'link-state', 'idle');
  await b.assertOut('rtc-room', 300);
  assert.equal(await a.attr('rtc-room', 'connection-state'), 'connected');
  await b.set('rtc-room', 'joined', '');
  await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
  assert.deepEqual(
    (await a.events('rtc-link-state-changed')).map(({ detail }) => detail['state']),
    ['connecting', 'waiting', 'linked', 'waiting', 'linked'],
  );
});

story('an audience page with a link of its own sees the other anchor too', [], async (world) => {
  const [a] = await Promise.all([
    world.open('A', member('A', 'anchor', '1000')),
    world.open('B', member('B', 'anchor', '2000')),
  ]);
  const w = await world.open('W', viewer('W', '1000', link('2000', 'B')));
  await Promise.all([w.waitForFrames('user:A'), w.waitForFrames('user:B')]);
  await w.waitForAttr(LINK, 'link-state', 'linked');
  assert.equal(await w.eval(() => window.e2e.asked), 0, 'no device was asked for');
  const from = await w.mark();
  await w.set(LINK, 'disabled', '');
  await w.waitForAttr(LINK, 'link-state', 'idle');
  await waitFor(
    'B is not shown',
    async () => (await w.eval(() => window.e2e.showing('B').length)) === 0,
  );
  await w.waitForFrames('user:A');
  await w.set(LINK, 'disabled', null);
  await w.waitForFrames('user:B');
  assert.deepEqual(await w.events('rtc-left', from), []);
  assert.deepEqual(await a.events('rtc-error'), []);
});
