/** Cross-room: anchors in two rooms, each with a link to the other. */
import { assert, sleep, suite, waitFor, type Peer } from './harness.js';

const e2e = suite();

const anchor = (user: string, room: string, otherUser: string, otherRoom: string): string =>
  `<rtc-room mode="live" room-id="${room}" user-id="${user}" joined>
  <rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>
  <rtc-cross-room-link room-id="${otherRoom}" user-id="${otherUser}"></rtc-cross-room-link>
</rtc-room>`;
const A = anchor('A', '1000', 'B', '2000');
const B = anchor('B', '2000', 'A', '1000');
const audience = (user: string, room: string, inner = ''): string =>
  `<rtc-room mode="live" room-id="${room}" user-id="${user}" user-role="audience" joined>${inner}</rtc-room>`;

const link = 'rtc-cross-room-link';

const idsOf = (peer: Peer): Promise<string[]> =>
  peer.eval(() =>
    (
      window.e2e.find('rtc-room') as HTMLElement & { remoteStreams: { userId: string }[] }
    ).remoteStreams.map(({ userId }) => userId),
  );

e2e(
  'cross-room: both anchors see each other, and each audience its own anchor only',
  async (world) => {
    const [a, b] = await Promise.all([world.open('A', A), world.open('B', B)]);
    await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
    await Promise.all([a.waitForSound(), b.waitForSound()]);
    await Promise.all([
      a.waitForAttr(link, 'link-state', 'linked'),
      b.waitForAttr(link, 'link-state', 'linked'),
    ]);
    const added = await a.waitForEvent('rtc-stream-added', { stream: { userId: 'B' } });
    assert.equal(added.detail['roomId'], '2000');

    const u = await world.open('U', audience('U', '1000'));
    await u.waitForFrames('user:A');
    const visitor = await u.waitForEvent('rtc-user-joined', { userId: 'B' });
    assert.deepEqual([visitor.detail['userRole'], visitor.detail['roomId']], ['audience', '1000']);
    assert.deepEqual(await idsOf(u), ['A']);
    await sleep(1_000);
    assert.deepEqual(
      await u.eval(() => window.e2e.showing('B').length),
      0,
      'B is not shown to the audience of 1000',
    );
    assert.deepEqual(
      (await u.events('rtc-stream-added')).map(
        ({ detail }) => (detail['stream'] as { userId: string }).userId,
      ),
      ['A'],
    );
  },
);

e2e(
  'cross-room: the audience of the second room is told of the first room’s anchor as audience',
  async (world) => {
    const [a, b] = await Promise.all([world.open('A', A), world.open('B', B)]);
    await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
    const x = await world.open('X', audience('X', '2000'));
    await x.waitForFrames('user:B');
    const visitor = await x.waitForEvent('rtc-user-joined', { userId: 'A' });
    assert.equal(visitor.detail['userRole'], 'audience');
    assert.deepEqual(await idsOf(x), ['B']);
  },
);

e2e(
  'cross-room: an audience page with a link of its own sees the other anchor too',
  async (world) => {
    const [a, b] = await Promise.all([world.open('A', A), world.open('B', B)]);
    const w = await world.open(
      'W',
      audience('W', '1000', `<${link} room-id="2000" user-id="B"></${link}>`),
    );
    await Promise.all([w.waitForFrames('user:A'), w.waitForFrames('user:B')]);
    await w.waitForAttr(link, 'link-state', 'linked');
    assert.equal(await w.eval(() => window.e2e.asked), 0, 'no device was asked for');
    await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
  },
);

e2e('cross-room: a link ends when its room is left', async (world) => {
  const [a, b] = await Promise.all([world.open('A', A), world.open('B', B)]);
  await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
  const [fromA, fromB] = [await a.mark(), await b.mark()];
  await a.set('rtc-room', 'joined', null);
  await a.waitForEvent('rtc-link-state-changed', { state: 'idle', roomId: '2000' }, fromA);
  await a.assertOut();
  await b.waitForEvent('rtc-user-left', { roomId: '2000', userId: 'A' }, fromB);
  await b.waitForEvent(
    'rtc-link-state-changed',
    { state: 'waiting', previousState: 'linked' },
    fromB,
  );
  assert.equal(await b.attr('rtc-room', 'connection-state'), 'connected');
});

e2e(
  'cross-room: a link waits for the other anchor, and recovers when he comes back',
  async (world) => {
    const a = await world.open('A', A);
    await a.waitForAttr(link, 'link-state', 'waiting');
    const b = await world.open('B', B);
    await a.waitForAttr(link, 'link-state', 'linked');
    await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
    await b.set('rtc-room', 'joined', null);
    await a.waitForAttr(link, 'link-state', 'waiting');
    await b.assertOut('rtc-room', 300);
    await b.set('rtc-room', 'joined', '');
    await a.waitForAttr(link, 'link-state', 'linked');
    await Promise.all([a.waitForFrames('user:B'), b.waitForFrames('user:A')]);
    assert.deepEqual(
      (await a.events('rtc-link-state-changed')).map(({ detail }) => detail['state']),
      ['connecting', 'waiting', 'linked', 'waiting', 'linked'],
    );
  },
);

e2e('cross-room: disabled ends a link, and its absence brings it back', async (world) => {
  const [a] = await Promise.all([world.open('A', A), world.open('B', B)]);
  await a.waitForFrames('user:B');
  await a.set(link, 'disabled', '');
  await a.waitForAttr(link, 'link-state', 'idle');
  await waitFor(
    'B is not shown',
    async () => (await a.eval(() => window.e2e.showing('B').length)) === 0,
  );
  await a.set(link, 'disabled', null);
  await a.waitForFrames('user:B');
});

e2e('cross-room: four rooms’ worth of elements on one page', async (world) => {
  const page = await world.open(
    'all',
    [
      A.replace('<rtc-room', '<rtc-room id="A"'),
      B.replace('<rtc-room', '<rtc-room id="B"'),
      audience('U', '1000').replace('<rtc-room', '<rtc-room id="U"'),
      audience('X', '2000', '').replace('<rtc-room', '<rtc-room id="X"'),
    ].join('\n'),
  );
  for (const id of ['A', 'B', 'U', 'X']) await page.waitForJoined(`#${id}`);
  // A is shown in B's link and in U's room; B in A's link and in X's room.
  const shownIn = (id: string): Promise<Record<string, number>> =>
    page.eval((room) => {
      const sums: Record<string, number> = {};
      for (const user of ['A', 'B']) {
        const inside = window.e2e.showing(user).filter((element) => {
          let node: Node | null = element;
          while (node && (node as HTMLElement).id !== room) {
            node = node instanceof ShadowRoot ? node.host : node.parentNode;
          }
          return !!node;
        });
        inside.forEach((element, i) => element.setAttribute('data-e2e', `${room}-${user}-${i}`));
        sums[user] = inside.length;
      }
      return sums;
    }, id);
  const expected: Record<string, Record<string, number>> = {
    A: { A: 0, B: 1 },
    B: { A: 1, B: 0 },
    U: { A: 1, B: 0 },
    X: { A: 0, B: 1 },
  };
  for (const [id, sums] of Object.entries(expected)) {
    let last: unknown;
    await waitFor(
      `room ${id} shows ${JSON.stringify(sums)}`,
      async () => JSON.stringify((last = await shownIn(id))) === JSON.stringify(sums),
      () => last,
    );
  }
  for (const tile of ['A-B-0', 'B-A-0', 'U-A-0', 'X-B-0'])
    await page.waitForFrames(`[data-e2e="${tile}"]`);
});
