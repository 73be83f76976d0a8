/** Live: anchors and audience, and the way between. */
import { assert, PATIENCE, suite, waitFor } from './harness.js';

const e2e = suite();

const member = (user: string, role: string): string =>
  `<rtc-room mode="live" room-id="live1" user-id="${user}" user-role="${role}" joined>
  <rtc-local-stream audio video profile="160x120@10"></rtc-local-stream>
</rtc-room>`;

e2e('live: switchRole() settles with the role that is true', async (world) => {
  const viewer = await world.open('victor', member('victor', 'audience'));
  await viewer.waitForJoined();
  const roles = await viewer.eval(async () => {
    const room = window.e2e.find('rtc-room') as HTMLElement & {
      switchRole(role: string): Promise<void>;
      currentRole: string | null;
    };
    const before = room.currentRole;
    await room.switchRole('anchor');
    return [before, room.currentRole, room.getAttribute('user-role')];
  });
  assert.deepEqual(roles, ['audience', 'anchor', 'anchor']);
});

e2e(
  'live: the thirteenth viewer of an anchor is refused with room-full, in words',
  async (world) => {
    const anchor = await world.open(
      'anna',
      `<rtc-room mode="live" room-id="full" user-id="anna" joined><rtc-local-stream audio></rtc-local-stream></rtc-room>`,
    );
    await anchor.waitForAttr('rtc-local-stream', 'published', '');
    const seats = (from: number): string =>
      Array.from(
        { length: 6 },
        (_, i) =>
          `<rtc-room id="v${from + i}" mode="live" room-id="full" user-id="v${from + i}" user-role="audience" joined></rtc-room>`,
      ).join('\n');
    const [first, second] = await Promise.all([
      world.open('first', seats(1)),
      world.open('second', seats(7)),
    ]);
    for (let i = 1; i <= 12; i += 1) await (i < 7 ? first : second).waitForJoined(`#v${i}`);
    await waitFor(
      'all twelve are told to the anchor',
      async () => (await anchor.events('rtc-user-joined')).length === 12,
    );
    const late = await world.open(
      'late',
      `<rtc-room mode="live" room-id="full" user-id="v13" user-role="audience" joined></rtc-room>`,
    );
    const { detail } = await late.waitForEvent(
      'rtc-error',
      { error: { code: 'room-full' } },
      0,
      PATIENCE,
    );
    const { message, fatal } = detail['error'] as { message: string; fatal: boolean };
    assert.match(message, /LiveKit/i);
    assert.equal(fatal, true);
    assert.deepEqual(detail['reverted'], ['joined']);
    await late.assertOut();
    assert.match(await late.text('rtc-room'), /full|LiveKit/i, 'shown on the page');
    await Promise.all([first.waitForSound(), second.waitForSound()]);
  },
);

e2e(
  'live: who is refused one anchor hears the other that was asked for beside him',
  { maxFanout: 1 },
  async (world) => {
    const anchor = (user: string): string =>
      `<rtc-room mode="live" room-id="two" user-id="${user}" subscribe="none" joined><rtc-local-stream audio></rtc-local-stream></rtc-room>`;
    const viewer = (user: string, ...named: string[]): string =>
      `<rtc-room mode="live" room-id="two" user-id="${user}" user-role="audience" subscribe="none" layout="none" joined>
${named.map((name) => `<rtc-remote-stream user-id="${name}" subscribe="all"></rtc-remote-stream>`).join('\n')}
</rtc-room>`;
    for (const user of ['anna', 'ben']) {
      const peer = await world.open(user, anchor(user));
      await peer.waitForAttr('rtc-local-stream', 'published', '');
    }
    const first = await world.open('first', viewer('first', 'anna'));
    await first.waitForSound();
    const second = await world.open('second', viewer('second'));
    await second.waitForJoined();
    for (const user of ['anna', 'ben'])
      await second.waitForEvent('rtc-stream-added', { stream: { userId: user } });
    await second.eval(() => {
      const streams = ['anna', 'ben'].map((user) =>
        Object.assign(document.createElement('rtc-remote-stream'), {
          userId: user,
          subscribe: 'all',
        }),
      );
      window.e2e.find('rtc-room')?.append(...streams);
    });
    await second.waitForEvent('rtc-error', { error: { code: 'room-full' } });
    await second.waitForSound();
    await first.waitForSound();
  },
);
