/** How a stream is played: the loudspeaker, picture-in-picture, fullscreen, and commands by click. */
import { assert, assertEverybodySees, call, caller, suite, waitFor, type Peer } from './harness.js';

const e2e = suite({ firefoxPrefs: { 'dom.element.commandfor.enabled': false } });

/** The loudspeaker of each picture that bob's page plays. */
const speakers = (peer: Peer): Promise<string[]> =>
  peer.eval(() =>
    window.e2e
      .all('rtc-remote-stream')
      .map((element) => element.shadowRoot?.querySelector('video')?.sinkId ?? 'none'),
  );

const shows = (peer: Peer, ids: string[]): Promise<void> =>
  waitFor(
    `the loudspeakers are ${ids.join()}`,
    async () => JSON.stringify(await speakers(peer)) === JSON.stringify(ids),
    () => speakers(peer),
  );

e2e(
  'playback: speaker-id chooses the loudspeaker of every stream, later ones too',
  async (world) => {
    const { alice, bob } = await call(world, 'alice', 'bob');
    await assertEverybodySees({ alice, bob });
    const [id] = await bob.eval(async () =>
      (await navigator.mediaDevices.enumerateDevices())
        .filter(({ kind, deviceId }) => kind === 'audiooutput' && deviceId !== 'default')
        .map(({ deviceId }) => deviceId),
    );
    // Firefox has no fake loudspeaker: what is left to see there is that a missing one does no harm.
    if (id) {
      await bob.set('rtc-room', 'speaker-id', id);
      await shows(bob, [id]);
      const carol = await world.open('carol', caller('carol'));
      await bob.waitForFrames('user:carol');
      await shows(bob, [id, id]);
      await world.close(carol);
      await shows(bob, [id]);
      await bob.waitForSound();
    }
    await bob.set('rtc-room', 'speaker-id', 'unplugged');
    await bob.waitForSound();
    await bob.waitForFrames('user:alice');
    await bob.waitForAttr('rtc-remote-stream', 'playback-state', 'playing');
    await bob.set('rtc-room', 'speaker-id', null);
    await shows(bob, ['']);
    await bob.waitForSound();
  },
);

const watcher = `<button id="pip" commandfor="alice" command="--picture-in-picture">Window</button>
<button id="full" commandfor="alice" command="--fullscreen">Whole screen</button>
<button id="mute" commandfor="alice" command="--toggle-muted">Sound</button>
${caller('bob', '8888', '', '<rtc-remote-stream id="alice" user-id="alice"></rtc-remote-stream>')}`;

e2e('playback: fullscreen by a command, and back', async (world) => {
  await call(world, 'alice');
  const bob = await world.open('bob', watcher);
  await bob.waitForFrames('#alice');
  const whole = (): Promise<string | null> =>
    bob.eval(() => document.fullscreenElement?.id ?? null);
  await bob.click('#full');
  await waitFor('the stream fills the screen', async () => (await whole()) === 'alice');
  await bob.waitForFrames('#alice');
  // The buttons are covered now: Escape is the browser's own way out.
  await bob.eval(() => document.exitFullscreen());
  await waitFor('it is back', async () => (await whole()) === null);
  await bob.waitForFrames('#alice');
});

e2e('playback: picture-in-picture by a command, and back', async (world) => {
  await call(world, 'alice');
  const bob = await world.open('bob', watcher);
  await bob.waitForFrames('#alice');
  const apart = (): Promise<boolean> => bob.eval(() => !!document.pictureInPictureElement);
  await bob.click('#pip');
  await waitFor('the picture has a window of its own', apart);
  assert.equal(await bob.eval(() => document.pictureInPictureElement?.id), 'alice');
  await bob.waitForSound();
  await bob.click('#pip');
  await waitFor('it is back', async () => !(await apart()));
  await bob.waitForFrames('#alice');
});

/** A browser that lacks the Invoker Commands API: its own event never comes. */
function withoutCommands(): void {
  const lacks = !('commandForElement' in HTMLButtonElement.prototype);
  Reflect.deleteProperty(HTMLButtonElement.prototype, 'commandForElement');
  if (lacks) return;
  addEventListener(
    'command',
    (event) => {
      if (event.isTrusted) event.stopImmediatePropagation();
    },
    { capture: true },
  );
}

e2e('playback: where a browser lacks commands, a click does the same, once', async (world) => {
  const alice = await world.open(
    'alice',
    `<p><button id="go" commandfor="room" command="--toggle-joined"><b id="word">Join</b></button>
<button id="off" commandfor="room" command="--toggle-joined" disabled>Join</button>
<button id="other" commandfor="nobody" command="--toggle-joined">Join</button>
<button id="mute" commandfor="mine" command="--toggle-audio">Microphone</button></p>
${caller('alice').replace('<rtc-room', '<rtc-room id="room"').replace(' joined', '').replace('<rtc-local-stream', '<rtc-local-stream id="mine"')}`,
    { init: withoutCommands },
  );
  const bob = await world.open('bob', watcher, { init: withoutCommands });
  assert.equal(await bob.eval(() => 'commandForElement' in HTMLButtonElement.prototype), false);
  await alice.click('#off');
  await alice.click('#other');
  assert.equal(await alice.attr('#room', 'joined'), null);
  // In the middle of what the button holds.
  await alice.click('#word');
  await bob.waitForFrames('#alice');
  assert.equal((await alice.events('rtc-request')).length, 1);
  await alice.click('#mute');
  await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'audio', muted: true });
  await bob.click('#mute');
  assert.equal(await bob.attr('#alice', 'muted'), '');
  await bob.click('#mute');
  assert.equal(await bob.attr('#alice', 'muted'), null);
  await alice.click('#go');
  await alice.assertOut();
});
