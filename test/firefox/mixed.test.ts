/** A call between each two of Chromium and Firefox: who joins second makes the offer. */
import { failIce } from '../e2e/faults.js';
import {
  assert,
  assertEverybodySees,
  caller,
  suite,
  waitFor,
  type Peer,
  type World,
} from '../e2e/harness.js';
import { PAIRS, pairName, type Pair } from './pairs.js';

declare global {
  interface Window {
    /** The ids of the streams that each m-line's track came on. */
    shared: Record<string, string[]>;
  }
}

const e2e = suite();

/** Notes which streams tracks come on; the driver itself goes by m-line. */
function noteStreams(): void {
  window.shared = {};
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(config?: RTCConfiguration) {
      super(config);
      this.addEventListener('track', ({ transceiver, streams }) => {
        window.shared[transceiver.mid ?? ''] = streams.map(({ id }) => id);
      });
    }
  };
}

async function pair(world: World, [first, second]: Pair): Promise<{ alice: Peer; bob: Peer }> {
  const alice = await world.open('alice', caller('alice'), { browser: first, init: noteStreams });
  await alice.waitForEvent('rtc-stream-published');
  const bob = await world.open('bob', caller('bob'), { browser: second, init: noteStreams });
  await assertEverybodySees({ alice, bob });
  return { alice, bob };
}

interface Routes {
  type: string | undefined;
  ufrag: string | undefined;
  /** The ports of the candidates that belong to the descriptions. */
  described: number[];
  /** The ports between which media can go. */
  pairs: [number, number][];
}

/** Of the connection that carries the call: one that is held ready for a next joiner is not. */
const routes = (peer: Peer): Promise<Routes> =>
  peer.eval(async () => {
    const it = window.e2e.peers.find(({ connectionState }) => connectionState === 'connected');
    const all = it ? [...(await window.e2e.stats(it))] : [];
    const port = (id: unknown): number => Number(all.find((one) => one['id'] === id)?.['port']);
    const local = it?.localDescription;
    const sdp = `${local?.sdp}${it?.remoteDescription?.sdp}`;
    return {
      type: local?.type,
      ufrag: /ice-ufrag:(\S+)/.exec(local?.sdp ?? '')?.[1],
      described: [...sdp.matchAll(/^a=candidate:(?:\S+ ){5}(\d+)/gm)].map(([, its]) => Number(its)),
      pairs: all
        .filter(({ type, state }) => type === 'candidate-pair' && state === 'succeeded')
        .map((one) => [port(one['localCandidateId']), port(one['remoteCandidateId'])]),
    };
  });

/**
 * Chromium may stay on an old route while that is as good; a new one is of new candidates on both
 * sides. Their ports are not compared with the old ones: the system may give one out again.
 */
const waitForRoute = (peer: Peer, old: Routes): Promise<void> =>
  waitFor(
    `${peer.name} has another route`,
    async () => {
      const { ufrag, described, pairs } = await routes(peer);
      const renewed = !!ufrag && ufrag !== old.ufrag;
      return renewed && pairs.some((pair) => pair.every((port) => described.includes(port)));
    },
    async () => ({ old, now: await routes(peer) }),
  );

for (const browsers of PAIRS) {
  const name = pairName(browsers);

  e2e(`mixed: ${name}: picture and sound both ways, in step`, async (world) => {
    const { alice, bob } = await pair(world, browsers);
    await Promise.all([alice.waitForSound(), bob.waitForSound()]);
    assert.equal((await routes(alice)).type, 'answer');
    assert.equal((await routes(bob)).type, 'offer');
    for (const peer of [alice, bob]) {
      const shared = await peer.eval(() => window.shared);
      const [microphone, camera, screen, sound] = ['0', '1', '2', '3'].map((mid) => shared[mid]);
      assert.equal(microphone?.length, 1, JSON.stringify(shared));
      assert.deepEqual(camera, microphone, 'camera and microphone share a stream');
      assert.deepEqual(sound, screen, 'screen and its sound share a stream');
      assert.notDeepEqual(screen, camera);
      assert.deepEqual(
        await peer.eval(() =>
          window.e2e.all('rtc-remote-stream').map((element) => {
            const media = element.shadowRoot?.querySelector('video')?.srcObject;
            return (
              media instanceof MediaStream &&
              media
                .getTracks()
                .map(({ kind }) => kind)
                .sort()
            );
          }),
        ),
        [['audio', 'video']],
        'and are played as one',
      );
    }
  });

  e2e(`mixed: ${name}: what is muted stops, and comes back`, async (world) => {
    const { alice, bob } = await pair(world, browsers);
    for (const [sender, receiver, user] of [
      [alice, bob, 'alice'],
      [bob, alice, 'bob'],
    ] as const) {
      const from = await receiver.mark();
      await sender.set('rtc-local-stream', 'video-muted', '');
      await receiver.waitForEvent('rtc-mute-changed', { userId: user, kind: 'video' }, from);
      await waitFor('no picture is shown', () =>
        receiver.eval(
          (whose) =>
            window.e2e.showing(whose).every((element) => {
              const media = element.shadowRoot?.querySelector('video')?.srcObject;
              return !(media instanceof MediaStream) || media.getVideoTracks().length === 0;
            }),
          user,
        ),
      );
      await receiver.waitForSound();
      await sender.set('rtc-local-stream', 'video-muted', null);
      await receiver.waitForFrames(`user:${user}`);
    }
  });

  e2e(`mixed: ${name}: ICE restarts asked for by each side and by both`, async (world) => {
    const { alice, bob } = await pair(world, browsers);
    for (const asking of [[alice], [bob], [alice, bob], [bob], [alice]]) {
      const old = { alice: await routes(alice), bob: await routes(bob) };
      await Promise.all(asking.map(failIce));
      await Promise.all([waitForRoute(alice, old.alice), waitForRoute(bob, old.bob)]);
      // Long enough that packets on a route of before the restart do not count.
      await Promise.all([
        alice.waitForFrames('user:bob', 15),
        bob.waitForFrames('user:alice', 15),
        alice.waitForSound(),
        bob.waitForSound(),
      ]);
    }
    for (const peer of [alice, bob]) {
      assert.equal(await peer.connections(), 1);
      assert.deepEqual(await peer.states(), ['connecting', 'connected']);
    }
  });
}

/** The tracks are taken away beneath the driver: everything says that it is connected. */
const silence = (peer: Peer): Promise<void> =>
  peer.eval(async () => {
    for (const connection of window.e2e.peers) {
      for (const sender of connection.getSenders()) {
        if (!sender.track) continue;
        Object.assign(sender, { taken: sender.track });
        await sender.replaceTrack(null);
        await activate(sender, false);
      }
    }
    // Firefox goes on sending a black picture else.
    async function activate(sender: RTCRtpSender, active: boolean): Promise<void> {
      const parameters = sender.getParameters();
      for (const encoding of parameters.encodings) encoding.active = active;
      await sender.setParameters(parameters);
    }
  });

const speak = (peer: Peer): Promise<void> =>
  peer.eval(async () => {
    for (const connection of window.e2e.peers) {
      // Another one has taken its place, and sends.
      if (connection.connectionState === 'closed') continue;
      for (const sender of connection.getSenders() as (RTCRtpSender & {
        taken?: MediaStreamTrack;
      })[]) {
        if (!sender.taken) continue;
        const parameters = sender.getParameters();
        for (const encoding of parameters.encodings) encoding.active = true;
        await sender.setParameters(parameters);
        await sender.replaceTrack(sender.taken);
      }
    }
  });

for (const browsers of PAIRS.filter((pair) => pair.includes('firefox'))) {
  e2e(`mixed: ${pairName(browsers)}: connected in name only is found out`, async (world) => {
    const { alice, bob } = await pair(world, browsers);
    for (const [silent, deaf] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const old = await routes(deaf);
      await silence(silent);
      await waitForRoute(deaf, old);
      await speak(silent);
      await Promise.all([deaf.waitForFrames(`user:${silent.name}`, 15), deaf.waitForSound()]);
      assert.deepEqual(await deaf.states(), ['connecting', 'connected']);
    }
  });
}

e2e('mixed: signalling is cut in Firefox: media goes on, the session is resumed', async (world) => {
  const { alice, bob } = await pair(world, ['chromium', 'firefox']);
  bob.expectNoise(/connection to ws:|WebSocket/i);
  world.drop(bob);
  await bob.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
  await assertEverybodySees({ alice, bob });
  assert.equal(await bob.attr('rtc-room', 'connection-state'), 'reconnecting');
  world.site.restore();
  await bob.waitForAttr('rtc-room', 'connection-state', 'reconnected');
  await assertEverybodySees({ alice, bob });
  assert.equal(await bob.connections(), 1);
});
