/** What is measured of a call: how loud, how good, how much; and a camera that is changed in it. */
import { assert, caller, stories, waitFor, type Peer, type Story } from './harness.js';

const story = stories();
const own = stories({ chromiumOnly: 'Firefox’s statistics tell no level of what is sent' });
/** The second and third take pictures of formats that are not encoded. */
const cameras = stories({ args: ['--use-fake-device-for-media-stream=device-count=4'] });

type Levels = { userId: string; level: number }[];

declare global {
  interface Window {
    levels: Levels[];
  }
}

/** From here on the page keeps what it hears of levels. */
const listen = (peer: Peer): Promise<void> =>
  peer.eval(() => {
    window.levels = [];
    document.addEventListener('rtc-audio-level', (event) =>
      window.levels.push((event as CustomEvent<{ levels: Levels }>).detail.levels),
    );
  });

/** A level that is not told is none. */
const levelsOf = (peer: Peer, userId: string): Promise<number[]> =>
  peer.eval(
    (user) => window.levels.map((all) => all.find((one) => one.userId === user)?.level ?? 0),
    userId,
  );

async function waitForLoud(peer: Peer, userId: string): Promise<void> {
  await peer.eval(() => void (window.levels = []));
  await waitFor(`${userId} is loud in ${peer.name}'s page`, async () =>
    (await levelsOf(peer, userId)).some((level) => level > 0.02 && level <= 1),
  );
}

/** Longer than the microphone's beeps are apart. */
async function waitForQuiet(peer: Peer, userId: string): Promise<void> {
  await peer.eval(() => void (window.levels = []));
  const last = async (): Promise<number[]> => (await levelsOf(peer, userId)).slice(-10);
  await waitFor(
    `${userId} is quiet in ${peer.name}'s page`,
    async () => {
      const levels = await last();
      return levels.length === 10 && levels.every((level) => level === 0);
    },
    last,
  );
}

const member = (user: string): string =>
  `<rtc-room room-id="8888" user-id="${user}" audio-levels joined>
  <rtc-local-stream audio></rtc-local-stream>
</rtc-room>`;

/** Alice is heard in these pages until she mutes herself, and again when she speaks on. */
async function assertFollows(alice: Peer, bob: Peer, pages: Peer[]): Promise<void> {
  await Promise.all(pages.map(listen));
  await Promise.all(pages.map((peer) => waitForLoud(peer, 'alice')));
  await alice.set('rtc-local-stream', 'audio-muted', '');
  await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'audio', muted: true });
  await Promise.all(pages.map((peer) => waitForQuiet(peer, 'alice')));
  await alice.set('rtc-local-stream', 'audio-muted', null);
  await Promise.all(pages.map((peer) => waitForLoud(peer, 'alice')));
}

story('levels follow the sound, and are 0 while muted', [], async (world) => {
  const [alice, bob] = await Promise.all([
    world.open('alice', member('alice')),
    world.open('bob', member('bob')),
  ]);
  await assertFollows(alice, bob, [bob]);
  await listen(alice);
  await waitForLoud(alice, 'bob');
});

own('one’s own level is told, too', [], async (world) => {
  const [alice, bob] = await Promise.all([
    world.open('alice', member('alice')),
    world.open('bob', member('bob')),
  ]);
  await assertFollows(alice, bob, [alice]);
});

/** Two who see each other. */
async function call(world: Story): Promise<Peer> {
  const [alice, bob] = await Promise.all([
    world.open('alice', caller('alice')),
    world.open('bob', caller('bob')),
  ]);
  await Promise.all([alice.waitForFrames('user:bob'), bob.waitForFrames('user:alice')]);
  return alice;
}

story('both directions of the connection have a quality', [], async (world) => {
  const alice = await call(world);
  await waitFor('it is told', async () =>
    (await alice.events('rtc-network-quality')).some(({ detail: { uplink, downlink } }) =>
      [uplink, downlink].every((quality) => Number(quality) >= 1 && Number(quality) <= 6),
    ),
  );
});

story('the quality of the connection is told, and counted', ['statistics'], async (world) => {
  const alice = await call(world);
  const count = (type: string, field: string): Promise<number> =>
    alice.eval(
      async (wanted, name) => {
        const room = window.e2e.find('rtc-room') as HTMLElement & {
          getStats(): Promise<RTCStatsReport[]>;
        };
        const stats = (await room.getStats()).flatMap((report) => [
          ...(report.values() as Iterable<Record<string, unknown>>),
        ]);
        const found = stats.filter(({ type, kind }) => type === wanted && kind === 'video');
        return Math.max(0, ...found.map((stat) => Number(stat[name] ?? 0)));
      },
      type,
      field,
    );
  for (const [type, field] of [
    ['inbound-rtp', 'framesDecoded'],
    ['outbound-rtp', 'framesEncoded'],
  ] as const) {
    const before = await count(type, field);
    await waitFor(`${field} grows`, async () => (await count(type, field)) > before);
  }
});

cameras('another camera takes its place in the same stream', [], async (world) => {
  // Firefox has one of each.
  const [alice, bob] = await Promise.all([
    world.open('alice', caller('alice'), { browser: 'chromium' }),
    world.open('bob', caller('bob'), { browser: 'chromium' }),
  ]);
  await bob.waitForFrames('user:alice');
  const lastOf = (kind: string): Promise<string> =>
    alice.eval(async (wanted) => {
      const devices = await navigator.mediaDevices.enumerateDevices();
      return devices.filter((device) => device.kind === wanted).at(-1)?.deviceId ?? '';
    }, kind);
  const used = (): Promise<unknown[]> =>
    alice.eval(() =>
      window.e2e.tracks
        .filter(({ readyState }) => readyState === 'live')
        .map((track) => track.getSettings().deviceId),
    );
  const from = await bob.mark();
  for (const [attribute, id] of [
    ['camera-id', await lastOf('videoinput')],
    ['microphone-id', await lastOf('audioinput')],
  ] as const) {
    assert.ok(!(await used()).includes(id), 'it is another');
    await alice.set('rtc-local-stream', attribute, id);
    await alice.waitForEvent('rtc-device-changed', { deviceId: id });
    await waitFor('the one before is let go', async () => (await used()).length === 2);
    assert.ok((await used()).includes(id), 'it is in use');
    await Promise.all([bob.waitForFrames('user:alice'), bob.waitForSound()]);
  }
  assert.equal(await alice.attr('rtc-local-stream', 'published'), '');
  assert.deepEqual(await bob.events('rtc-stream-removed', from), []);
});
