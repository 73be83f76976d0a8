/** Cross-room: two rooms, their links and their audiences on one page. */
import { suite, waitFor } from './harness.js';

const e2e = suite();

const anchor = (user: string, room: string, otherUser: string, otherRoom: string): string =>
  `<rtc-room mode="live" room-id="${room}" user-id="${user}" joined>
  <rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>
  <rtc-cross-room-link room-id="${otherRoom}" user-id="${otherUser}"></rtc-cross-room-link>
</rtc-room>`;
const A = anchor('A', '1000', 'B', '2000');
const B = anchor('B', '2000', 'A', '1000');
const audience = (user: string, room: string): string =>
  `<rtc-room mode="live" room-id="${room}" user-id="${user}" user-role="audience" joined></rtc-room>`;

e2e('cross-room: four rooms’ worth of elements on one page', async (world) => {
  const page = await world.open(
    'all',
    [
      A.replace('<rtc-room', '<rtc-room id="A"'),
      B.replace('<rtc-room', '<rtc-room id="B"'),
      audience('U', '1000').replace('<rtc-room', '<rtc-room id="U"'),
      audience('X', '2000').replace('<rtc-room', '<rtc-room id="X"'),
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
