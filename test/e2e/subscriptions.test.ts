/** Subscriptions: what is not shown is not received, and not sent. */
import { assert, call, caller, sleep, suite, waitFor, type Peer, type World } from './harness.js';

const e2e = suite();

/** A user who only watches: what arrives and leaves is then one direction each. */
const viewer = (world: World, more: string, inner = ''): Promise<Peer> =>
  world.open(
    'viewer',
    `<rtc-room room-id="8888" user-id="viewer" joined ${more}>${inner}</rtc-room>`,
  );

const decodes = (peer: Peer): Promise<number> => peer.sum('inbound-rtp', 'video', 'framesDecoded');

async function assertNoFrames(peer: Peer, selector: string): Promise<void> {
  const before = await peer.frames(selector);
  await sleep(1_000);
  assert.equal(
    await peer.frames(selector),
    before,
    `no frame of ${selector} in ${peer.name}'s page`,
  );
}

e2e('subscriptions: subscribe says what is received, and changes in place', async (world) => {
  const { bob } = await call(world, 'bob');
  await bob.waitForAttr('rtc-local-stream', 'published', '');
  const peer = await viewer(world, 'subscribe="audio"');
  await peer.waitForSound();
  await bob.waitForNoOutbound('video');
  assert.equal(await decodes(peer), 0);

  await peer.set('rtc-room', 'subscribe', 'all');
  await bob.waitForOutboundVideo();
  await peer.waitForFrames('user:bob');
  await peer.waitForSound();

  await peer.set('rtc-room', 'subscribe', 'video');
  await bob.waitForNoOutbound('audio');
  await peer.waitForFrames('user:bob');

  await peer.set('rtc-room', 'subscribe', 'none');
  await bob.waitForNoOutbound('video');
  await bob.waitForNoOutbound('audio');

  await peer.set('rtc-room', 'subscribe', 'all');
  await peer.waitForFrames('user:bob');
  await peer.waitForSound();
  assert.deepEqual(await peer.states(), ['connecting', 'connected'], 'in place');
});

e2e(
  'subscriptions: layout="none" shows and receives nothing that no element names',
  async (world) => {
    const { bob } = await call(world, 'bob');
    const peer = await viewer(world, 'layout="none"');
    await peer.waitForEvent('rtc-stream-added', { stream: { userId: 'bob' } });
    assert.equal(await peer.eval(() => window.e2e.showing('bob').length), 0);
    await bob.waitForNoOutbound('video');
    await bob.waitForNoOutbound('audio');
    await peer.set('rtc-room', 'layout', null);
    await peer.waitForFrames('user:bob');
  },
);

e2e(
  'subscriptions: a named element comes before an unnamed one, and that before the layout',
  async (world) => {
    await call(world, 'bob', 'carol');
    const peer = await viewer(
      world,
      '',
      '<rtc-remote-stream id="any"></rtc-remote-stream>\n<rtc-remote-stream id="bobs" user-id="bob"></rtc-remote-stream>',
    );
    const userOf = async (selector: string, type = 'rtc-stream-subscribed'): Promise<unknown> => {
      const mine = (await peer.events(type)).filter(({ target }) => `#${target}` === selector);
      return (mine.at(-1)?.detail['stream'] as { userId?: string } | undefined)?.userId;
    };
    await Promise.all([peer.waitForFrames('#any'), peer.waitForFrames('#bobs')]);
    assert.equal(await userOf('#bobs'), 'bob');
    assert.equal(await userOf('#any'), 'carol');

    // Removing an element hands its stream to the layout: the unnamed one keeps its own.
    await peer.eval(() => window.e2e.find('#bobs').remove());
    await peer.waitForFrames('user:bob');
    await peer.waitForFrames('#any');
    assert.equal(await userOf('#any'), 'carol');

    // An exact element takes the stream from the unnamed one, which takes the next.
    await peer.eval(() => {
      const element = document.createElement('rtc-remote-stream');
      element.id = 'carols';
      element.setAttribute('user-id', 'carol');
      window.e2e.find('rtc-room').append(element);
    });
    await peer.waitForFrames('#carols');
    await waitFor('the unnamed element takes bob', async () => (await userOf('#any')) === 'bob');
    await peer.waitForFrames('#any');
  },
);

e2e(
  'subscriptions: two elements for one stream share it, and only the first sounds',
  async (world) => {
    const { bob } = await call(world, 'bob');
    const peer = await viewer(
      world,
      'layout="none"',
      ['one', 'two']
        .map((id) => `<rtc-remote-stream id="${id}" user-id="bob"></rtc-remote-stream>`)
        .join('\n'),
    );
    await Promise.all([peer.waitForFrames('#one'), peer.waitForFrames('#two')]);
    const sounding = (): Promise<boolean[]> =>
      peer.eval(() =>
        ['#one', '#two']
          .filter((id) => window.e2e.all(id).length)
          .map((id) =>
            [
              ...(window.e2e
                .find(id)
                .shadowRoot?.querySelectorAll<HTMLMediaElement>('video, audio') ?? []),
            ].some(
              ({ muted, srcObject, paused }) =>
                !muted &&
                !paused &&
                srcObject instanceof MediaStream &&
                srcObject.getAudioTracks().length > 0,
            ),
          ),
      );
    await waitFor(
      'only the first sounds',
      async () => JSON.stringify(await sounding()) === '[true,false]',
      sounding,
    );
    assert.deepEqual([await peer.connections(), await bob.connections()], [1, 1]);
    await peer.eval(() => window.e2e.find('#one').remove());
    await waitFor(
      'the second sounds now',
      async () => JSON.stringify(await sounding()) === '[true]',
    );
    await peer.waitForFrames('#two');
  },
);

e2e(
  'subscriptions: a cancelled rtc-stream-added withholds the stream until it is given to an element',
  async (world) => {
    const { bob } = await call(world, 'bob');
    const peer = await world.open(
      'viewer',
      '<rtc-room room-id="8888" user-id="viewer" joined><rtc-remote-stream id="any"></rtc-remote-stream></rtc-room>',
      {
        init: () => {
          addEventListener('rtc-stream-added', (event) => {
            event.preventDefault();
            Object.assign(window, {
              withheld: (event as CustomEvent<{ stream: unknown }>).detail.stream,
            });
          });
        },
      },
    );
    await peer.waitForEvent('rtc-stream-added', { stream: { userId: 'bob' } });
    await bob.waitForNoOutbound('video');
    await bob.waitForNoOutbound('audio');
    await assertNoFrames(peer, '#any');
    assert.equal(await peer.attr('#any', 'playback-state'), 'waiting');
    await peer.eval(() => {
      Object.assign(window.e2e.find('#any'), {
        stream: (window as unknown as { withheld: unknown }).withheld,
      });
    });
    await peer.waitForFrames('#any');
    await peer.waitForAttr('#any', 'playback-state', 'playing');
  },
);

e2e('subscriptions: who scrolls a picture away receives none, and others go on', async (world) => {
  const { bob } = await call(world, 'bob');
  const open = (user: string): Promise<Peer> =>
    world.open(
      user,
      `<rtc-room room-id="8888" user-id="${user}" layout="none" joined>
  <rtc-remote-stream user-id="bob" when="visible"></rtc-remote-stream>
</rtc-room>
<div id="tall"></div><p id="end">The end</p>`,
      { head: '<style>#tall { height: 4000px }</style>' },
    );
  const [wanda, xaver] = await Promise.all([open('wanda'), open('xaver')]);
  const shown = 'rtc-remote-stream';
  await Promise.all([wanda, xaver].map((peer) => peer.waitForFrames(shown)));
  /** Which of bob's connections carry a picture, in a second. */
  const carrying = async (): Promise<boolean[]> => {
    const sent = (): Promise<number[]> =>
      bob.eval(() =>
        Promise.all(
          window.e2e.peers
            .filter(({ connectionState }) => connectionState === 'connected')
            .map(async (connection) => {
              let packets = 0;
              for (const { type, kind, packetsSent } of await window.e2e.stats(connection))
                if (type === 'outbound-rtp' && kind === 'video') packets += Number(packetsSent);
              return packets;
            }),
        ),
      );
    const before = await sent();
    await sleep(1_000);
    return (await sent()).map((packets, i) => packets - (before[i] ?? 0) > 2).sort();
  };
  const expect = async (wanted: boolean[]): Promise<void> => {
    let last: unknown;
    await waitFor(
      `bob sends his picture ${wanted.join()}`,
      async () => JSON.stringify((last = await carrying())) === JSON.stringify(wanted),
      () => last,
    );
  };
  await expect([true, true]);
  await wanda.eval(() => window.e2e.find('#end').scrollIntoView());
  await expect([false, true]);
  await Promise.all([xaver.waitForFrames(shown), wanda.waitForSound()]);
  await wanda.eval(() => scrollTo(0, 0));
  await expect([true, true]);
  await wanda.waitForFrames(shown);
});

e2e('subscriptions: muted media is not sent, and comes back', async (world) => {
  const { bob } = await call(world, 'bob');
  const peer = await viewer(world, '');
  await peer.waitForFrames('user:bob');
  await bob.set('rtc-local-stream', 'video-muted', '');
  await peer.waitForEvent('rtc-mute-changed', { userId: 'bob', kind: 'video', muted: true });
  await waitFor('the camera is released', async () => (await bob.live()).tracks === 1);
  await bob.waitForNoOutbound('video');
  assert.equal(await bob.attr('rtc-local-stream', 'published'), '', 'still published');
  await bob.set('rtc-local-stream', 'video-muted', 'false');
  await peer.waitForEvent('rtc-mute-changed', { userId: 'bob', kind: 'video', muted: false });
  await peer.waitForFrames('user:bob');

  await bob.set('rtc-local-stream', 'audio-muted', '');
  await peer.waitForEvent('rtc-mute-changed', { userId: 'bob', kind: 'audio', muted: true });
  assert.equal((await bob.live()).tracks, 2, 'the microphone is kept');
});

e2e(
  'subscriptions: m-lines stay as they are in 100 rounds of publishing and unpublishing',
  async (world) => {
    const people = await call(world, 'alice', 'bob');
    await Promise.all([
      people.alice.waitForFrames('user:bob'),
      people.bob.waitForFrames('user:alice'),
    ]);
    const layout = (peer: Peer): Promise<unknown> =>
      peer.eval(() =>
        window.e2e.peers
          .filter(({ connectionState }) => connectionState === 'connected')
          .map((pc) => ({
            lines: pc.localDescription?.sdp.match(/^m=\w+/gm)?.join(),
            transceivers: pc.getTransceivers().length,
          })),
      );
    const before = await Promise.all([layout(people.alice), layout(people.bob)]);
    assert.deepEqual(before[0], [{ lines: 'm=audio,m=video,m=video,m=audio', transceivers: 4 }]);
    await people.alice.eval(async () => {
      const stream = window.e2e.find('rtc-local-stream') as HTMLElement & {
        publish(): Promise<void>;
        unpublish(): Promise<void>;
      };
      for (let i = 0; i < 100; i += 1) {
        await stream.unpublish();
        await stream.publish();
      }
    });
    await people.bob.waitForFrames('user:alice');
    await people.alice.waitForFrames('user:bob');
    assert.deepEqual(await Promise.all([layout(people.alice), layout(people.bob)]), before);
    assert.equal((await people.alice.events('rtc-stream-unpublished')).length, 100);
  },
);

e2e('subscriptions: no-publish captures and does not publish', async (world) => {
  const alice = await world.open('alice', caller('alice'));
  const bob = await world.open(
    'bob',
    caller('bob').replace('<rtc-local-stream', '<rtc-local-stream no-publish'),
  );
  await bob.waitForFrames('user:alice');
  assert.deepEqual(await alice.events('rtc-stream-added'), []);
  await bob.set('rtc-local-stream', 'no-publish', null);
  await alice.waitForFrames('user:bob');
  await bob.waitForAttr('rtc-local-stream', 'published', '');
});

e2e(
  'subscriptions: a screen without a user gesture is taken back with gesture-required',
  async (world) => {
    const { bob } = await call(world, 'bob');
    await bob.waitForAttr('rtc-local-stream', 'published', '');
    await bob.set('rtc-local-stream', 'screen', '');
    const { detail } = await bob.waitForEvent('rtc-error', { error: { code: 'gesture-required' } });
    assert.deepEqual(detail['reverted'], ['screen']);
    await bob.waitForAttr('rtc-local-stream', 'screen', null);
    assert.equal(await bob.attr('rtc-local-stream', 'capture-state'), 'live', 'the camera goes on');
  },
);
