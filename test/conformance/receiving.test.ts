/** What is received follows what is shown. */
import { assert, call, caller, stories, waitFor, type Peer, type Story } from './harness.js';

const story = stories();

/** A user who only watches: what arrives and leaves is then one direction each. */
const viewer = (world: Story, more: string, inner = ''): Promise<Peer> =>
  world.open(
    'viewer',
    `<rtc-room room-id="8888" user-id="viewer" joined ${more}>${inner}</rtc-room>`,
  );

const decoded = (peer: Peer): Promise<number> => peer.sum('inbound-rtp', 'video', 'framesDecoded');

/** How many streams of the kind arrive now. */
const flowing = (peer: Peer, kind: 'audio' | 'video'): Promise<number> =>
  peer.eval(async (wanted) => {
    const look = async (): Promise<Map<string, number>> => {
      const packets = new Map<string, number>();
      for (const [i, connection] of window.e2e.peers.entries()) {
        if (connection.connectionState === 'closed') continue;
        for (const stat of await window.e2e.stats(connection)) {
          if (stat['type'] === 'inbound-rtp' && stat['kind'] === wanted)
            packets.set(`${i} ${String(stat['id'])}`, Number(stat['packetsReceived']));
        }
      }
      return packets;
    };
    const before = await look();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return [...(await look())].filter(([id, count]) => count > (before.get(id) ?? 0)).length;
  }, kind);

async function waitForFlowing(peer: Peer, kind: 'audio' | 'video', count: number): Promise<void> {
  let now = -1;
  await waitFor(
    `${count} of ${kind} arrive in ${peer.name}'s page`,
    async () => (now = await flowing(peer, kind)) === count,
    () => now,
  );
}

story('subscribe says what is received, and changes in place', [], async (world) => {
  const { bob } = await call(world, 'bob');
  await bob.waitForAttr('rtc-local-stream', 'published', '');
  const peer = await viewer(world, 'subscribe="audio"');
  await peer.waitForSound();
  assert.equal(await decoded(peer), 0);
  await peer.set('rtc-room', 'subscribe', 'all');
  await peer.waitForFrames('user:bob');
  await peer.waitForSound();
  await peer.set('rtc-room', 'subscribe', 'video');
  await waitForFlowing(peer, 'audio', 0);
  await peer.waitForFrames('user:bob');
  await peer.set('rtc-room', 'subscribe', 'none');
  await waitForFlowing(peer, 'video', 0);
  await peer.set('rtc-room', 'subscribe', 'all');
  await peer.waitForFrames('user:bob');
  await peer.waitForSound();
  assert.deepEqual(await peer.states(), ['connecting', 'connected'], 'in place');
});

story('subscribe-to takes these users only', [], async (world) => {
  // Bob and Carol take nothing of each other.
  await Promise.all(
    ['bob', 'carol'].map((user) => world.open(user, caller(user, '8888', 'subscribe="none"'))),
  );
  const peer = await viewer(world, 'subscribe-to="bob"');
  for (const userId of ['bob', 'carol'])
    await peer.waitForEvent('rtc-stream-added', { stream: { userId } });
  for (const [wanted, other] of [
    ['bob', 'carol'],
    ['carol', 'bob'],
  ] as const) {
    await peer.set('rtc-room', 'subscribe-to', wanted);
    await peer.waitForFrames(`user:${wanted}`);
    assert.equal(await peer.eval((user) => window.e2e.showing(user).length, other), 0);
    await waitForFlowing(peer, 'video', 1);
    await waitForFlowing(peer, 'audio', 1);
  }
});

story('when="visible" receives the picture only while on screen', [], async (world) => {
  await world.open('bob', caller('bob'));
  const peer = await world.open(
    'viewer',
    `<rtc-room room-id="8888" user-id="viewer" layout="none" joined>
  <rtc-remote-stream user-id="bob" when="visible"></rtc-remote-stream>
</rtc-room>
<div id="tall"></div><p id="end">End</p>`,
    { head: '<style>#tall { height: 4000px }</style>' },
  );
  await peer.waitForFrames('rtc-remote-stream');
  await peer.eval(() => window.e2e.find('#end').scrollIntoView());
  await waitForFlowing(peer, 'video', 0);
  await peer.waitForSound();
  await peer.eval(() => window.scrollTo(0, 0));
  await peer.waitForFrames('rtc-remote-stream');
});

story('an element removed under layout="none" is no longer received', [], async (world) => {
  await world.open('bob', caller('bob'));
  const peer = await viewer(
    world,
    'layout="none"',
    '<rtc-remote-stream user-id="bob"></rtc-remote-stream>',
  );
  await peer.waitForFrames('rtc-remote-stream');
  await peer.eval(() => window.e2e.find('rtc-remote-stream').remove());
  await waitForFlowing(peer, 'video', 0);
  await waitForFlowing(peer, 'audio', 0);
  await peer.eval(() => {
    const element = document.createElement('rtc-remote-stream');
    element.setAttribute('user-id', 'bob');
    window.e2e.find('rtc-room').append(element);
  });
  await peer.waitForFrames('rtc-remote-stream');
});

story('what nobody receives any more is not sent', ['dynacast'], async (world) => {
  const { bob } = await call(world, 'bob');
  const peer = await viewer(
    world,
    'layout="none"',
    '<rtc-remote-stream user-id="bob"></rtc-remote-stream>',
  );
  await peer.waitForFrames('rtc-remote-stream');
  await peer.set('rtc-room', 'subscribe', 'audio');
  await bob.waitForNoOutbound('video');
  await peer.waitForSound();
  await peer.set('rtc-room', 'subscribe', null);
  await bob.waitForOutboundVideo();
  await peer.waitForFrames('rtc-remote-stream');
  await peer.eval(() => window.e2e.find('rtc-remote-stream').remove());
  await bob.waitForNoOutbound('video');
});
