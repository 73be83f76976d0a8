/** Autoplay, with the browser's policy on; nothing in these pages is a gesture until the click. */
import { assert, caller, stories, waitFor, type Peer } from './harness.js';

const story = stories({
  autoplay: false,
  args: ['--autoplay-policy=document-user-activation-required'],
});

const silent = (peer: Peer): Promise<boolean[]> =>
  peer.eval(() =>
    ['alice', 'bob'].map((user) =>
      window.e2e.showing(user).every((element) => {
        const media = [
          ...(element.shadowRoot?.querySelectorAll<HTMLMediaElement>('video, audio') ?? []),
        ];
        return media.every(({ muted, paused }) => muted || paused);
      }),
    ),
  );

story(
  'a page without a gesture shows blocked, and one click plays every blocked stream',
  [],
  async (world) => {
    await Promise.all(['alice', 'bob'].map((user) => world.open(user, caller(user))));
    const viewer = await world.open(
      'viewer',
      `<rtc-room room-id="8888" user-id="viewer" joined>
  <rtc-remote-stream id="a" user-id="alice"></rtc-remote-stream>
  <rtc-remote-stream id="b" user-id="bob"></rtc-remote-stream>
</rtc-room>`,
    );
    await viewer.waitForAttr('#a', 'playback-state', 'blocked');
    await viewer.waitForAttr('#b', 'playback-state', 'blocked');
    assert.equal(await viewer.eval(() => navigator.userActivation.hasBeenActive), false);
    const { detail } = await viewer.waitForEvent('rtc-autoplay-blocked');
    assert.ok(
      Array.isArray(detail['streams']) && detail['streams'].length > 0,
      JSON.stringify(detail),
    );
    await Promise.all([viewer.waitForFrames('#a'), viewer.waitForFrames('#b')]);
    assert.deepEqual(await silent(viewer), [true, true], 'the picture plays on, muted');
    assert.equal(await viewer.eval(() => window.e2e.find('#a').matches(':state(blocked)')), true);
    assert.ok((await viewer.text('#a')).length > 0, 'a button says what to do');

    const from = await viewer.mark();
    await viewer.eval(() =>
      window.e2e.find('#a').shadowRoot?.querySelector('button')?.setAttribute('data-e2e', ''),
    );
    await viewer.click('[data-e2e]');
    await viewer.waitForAttr('#a', 'playback-state', 'playing');
    await viewer.waitForAttr('#b', 'playback-state', 'playing');
    await waitFor('both sound', async () => (await silent(viewer)).every((one) => !one));
    await Promise.all([
      viewer.waitForFrames('#a'),
      viewer.waitForFrames('#b'),
      viewer.waitForSound(),
    ]);
    assert.equal(
      (await viewer.events('rtc-autoplay-blocked')).length,
      1,
      'told once until resumed',
    );
    assert.deepEqual(await viewer.events('rtc-autoplay-blocked', from), []);
  },
);
