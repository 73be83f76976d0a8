/** Call: users in room 8888, from attributes alone. */
import { assert, assertEverybodySees, call, caller, suite, waitFor, type Peer } from './harness.js';

const e2e = suite();

e2e(
  'call: join() and leave() settle when the back end has answered, and write the wish',
  async (world) => {
    const { alice, bob } = await call(world, 'alice', 'bob');
    await alice.waitForJoined();
    const out = await alice.eval(async () => {
      const room = window.e2e.find('rtc-room') as HTMLElement & {
        join(): Promise<void>;
        leave(): Promise<void>;
        inRoom: boolean;
      };
      await room.leave();
      const left = [room.inRoom, room.hasAttribute('joined')];
      await room.join();
      return [...left, room.inRoom, room.hasAttribute('joined')];
    });
    assert.deepEqual(out, [false, false, true, true]);
    await bob.waitForFrames('user:alice');
  },
);

e2e('call: the same page twice without user-id is two guests', async (world) => {
  const [one, two] = await Promise.all([
    world.open('one', caller(null)),
    world.open('two', caller(null)),
  ]);
  const first = String((await one.waitForEvent('rtc-joined')).detail['userId']);
  const second = String((await two.waitForEvent('rtc-joined')).detail['userId']);
  assert.ok(first && second && first !== second, `two guests: ${first}, ${second}`);
  await Promise.all([one.waitForFrames(`user:${second}`), two.waitForFrames(`user:${first}`)]);
});

/** The camera of each page is of a colour of its own. */
const colouredCamera = (): void => {
  const user = /e2e (\w+)\./.exec(navigator.userAgent)?.[1] ?? '';
  const colour = { alice: '#f00', bob: '#0f0', carol: '#00f' }[user] ?? '#fff';
  navigator.mediaDevices.getUserMedia = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 120 });
    const context = canvas.getContext('2d');
    setInterval(() => {
      if (!context) return;
      context.fillStyle = colour;
      context.fillRect(0, 0, 160, 120);
    }, 80);
    const stream = canvas.captureStream(10);
    window.e2e.tracks.push(...stream.getTracks());
    return Promise.resolve(stream);
  };
};

/** Whose colour the picture of this user is of; else its red, green and blue. */
const colourOf = (peer: Peer, userId: string): Promise<string> =>
  peer.eval((user) => {
    const video = window.e2e.video(user);
    const context = document.createElement('canvas').getContext('2d');
    if (!video?.videoWidth || !context) return 'no picture';
    context.drawImage(video, 0, 0, 9, 9);
    const rgb = [...context.getImageData(4, 4, 1, 1).data.slice(0, 3)];
    const bright = rgb.filter((one) => one > 150).length === 1;
    const pure = bright && rgb.filter((one) => one < 110).length === 2;
    const whose = ['alice', 'bob', 'carol'][rgb.findIndex((one) => one > 150)];
    return (pure && whose) || rgb.join();
  }, userId);

e2e('call: each tile shows the picture of the user that it names', async (world) => {
  const users = ['alice', 'bob', 'carol'];
  const peers = await Promise.all(
    users.map((user) =>
      world.open(user, caller(user).replace(' audio', ''), { init: colouredCamera }),
    ),
  );
  for (const peer of peers) {
    for (const user of users.filter((other) => other !== peer.name)) {
      await peer.waitForFrames(`user:${user}`);
      await waitFor(
        `${peer.name} sees ${user}`,
        async () => (await colourOf(peer, user)) === user,
        () => colourOf(peer, user),
      );
    }
  }
});

e2e('call: a picture begins small and is soon as large as its profile', async (world) => {
  const [alice, bob] = await Promise.all([
    world.open('alice', caller('alice').replace('160x120@10', '640x360@10')),
    world.open('bob', '<rtc-room room-id="8888" user-id="bob" joined></rtc-room>'),
  ]);
  const height = (): Promise<number> => bob.sum('inbound-rtp', 'video', 'frameHeight');
  await bob.waitForFrames('user:alice');
  await waitFor('the picture is whole', async () => (await height()) === 360, height);
  await alice.waitForOutboundVideo();
});

for (const [what, attributes] of [
  ['alone', 'video'],
  ['beside a microphone', 'audio video'],
]) {
  e2e(`call: a camera ${what} is muted and comes back, published all the time`, async (world) => {
    const markup = caller('alice').replace('audio video', String(attributes));
    const [alice, bob] = await Promise.all([
      world.open('alice', markup),
      world.open('bob', '<rtc-room room-id="8888" user-id="bob" joined></rtc-room>'),
    ]);
    await bob.waitForFrames('user:alice');
    const [from, heard] = [await alice.mark(), await bob.mark()];
    await alice.set('rtc-local-stream', 'video-muted', '');
    await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'video', muted: true });
    const lights = await alice.live();
    assert.equal(lights.tracks, attributes === 'video' ? 0 : 1, 'the camera is off');
    await alice.set('rtc-local-stream', 'video-muted', null);
    await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'video', muted: false });
    await bob.waitForFrames('user:alice');
    assert.deepEqual(await alice.events('rtc-stream-unpublished', from), []);
    assert.equal(await alice.attr('rtc-local-stream', 'published'), '');
    const told = (await bob.events(undefined, heard)).map(({ type }) => type);
    assert.deepEqual(
      told.filter((type) => /^rtc-(stream-(added|removed|updated)|mute)/.test(type)),
      ['rtc-mute-changed', 'rtc-mute-changed'],
    );
  });
}

e2e('call: closing the page leaves at once', async (world) => {
  const { alice, bob } = await call(world, 'alice', 'bob');
  await assertEverybodySees({ alice, bob });
  const from = await alice.mark();
  await world.close(bob);
  const gone = await alice.waitForEvent('rtc-user-left', { userId: 'bob' }, from, 5_000);
  assert.equal(gone.detail['reason'], 'leave');
});

e2e('call: the buttons of controls join, mute and leave, and ask the page first', async (world) => {
  const { bob } = await call(world, 'bob');
  const alice = await world.open(
    'alice',
    caller('alice', '8888', 'controls')
      .replace(' joined', '')
      .replace('<rtc-local-stream', '<rtc-local-stream controls'),
  );
  await alice.clickText('Join');
  await assertEverybodySees({ alice, bob });
  assert.deepEqual((await alice.waitForEvent('rtc-request')).detail, {
    name: 'joined',
    value: true,
  });
  await alice.click('[aria-label="Mute microphone"]');
  await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'audio', muted: true });
  await alice.click('[aria-label="Turn camera off"]');
  await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'video', muted: true });
  await alice.eval(() => {
    addEventListener('rtc-request', (event) => event.preventDefault(), { once: true });
  });
  await alice.click('[aria-label="Leave"]');
  assert.equal(await alice.attr('rtc-room', 'joined'), '', 'the page said no');
  await alice.click('[aria-label="Leave"]');
  await alice.assertOut();
});

e2e('call: commands do the same from any button', async (world) => {
  const { bob } = await call(world, 'bob');
  const alice = await world.open(
    'alice',
    `<p><button id="go" commandfor="room" command="--toggle-joined">Join or leave</button>
<button id="mute" commandfor="mine" command="--toggle-audio">Microphone</button></p>
${caller('alice').replace('<rtc-room', '<rtc-room id="room"').replace(' joined', '').replace('<rtc-local-stream', '<rtc-local-stream id="mine"')}`,
  );
  await alice.click('#go');
  await assertEverybodySees({ alice, bob });
  await alice.click('#mute');
  await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'audio', muted: true });
  assert.equal(await alice.attr('#mine', 'audio-muted'), '');
  await alice.click('#go');
  await alice.assertOut();
});
