/** Joining again and again leaves nothing behind: Chromium counts what is really there. */
import type { CDPSession, Page } from 'playwright-core';
import { collectGarbage, countObjects, listenersOf } from '../e2e/heap.js';
import { assert, assertEverybodySees, caller, stories, waitFor, type Peer } from './harness.js';

const ROUNDS = 20;
/** After these, what is made once and kept is there. */
const FIRST = 2;

const story = stories();

/** What the page holds; the recorder lets go of what it has noted. */
async function held(peer: Peer, cdp: CDPSession): Promise<Record<string, number>> {
  const hasClass = await peer.eval(() => {
    window.e2e.peers.length = window.e2e.sockets.length = window.e2e.tracks.length = 0;
    return (window as unknown as { client: object }).client !== Object.prototype;
  });
  await collectGarbage(cdp);
  const counts: Record<string, number> = {
    // Of the SDK, as LiveKit's Room.
    clients: hasClass ? await countObjects(cdp, 'window.client') : 0,
    connections: await countObjects(cdp, 'RTCPeerConnection.prototype'),
    sockets: await countObjects(cdp, 'WebSocket.prototype'),
    tracks: await countObjects(cdp, 'MediaStreamTrack.prototype'),
    pictures: await countObjects(cdp, `customElements.get('rtc-remote-stream').prototype`),
  };
  // On what lives as long as the page does.
  for (const target of ['window', 'document', 'navigator.mediaDevices', 'navigator.connection']) {
    for (const [type, count] of Object.entries(await listenersOf(cdp, target)))
      counts[`${target}: ${type}`] = count;
  }
  const { jsEventListeners } = await cdp.send('Memory.getDOMCounters');
  return { ...counts, listeners: jsEventListeners };
}

story(`joining ${ROUNDS} times leaves nothing behind`, ['collectable'], async (world) => {
  const bob = await world.open('bob', caller('bob'));
  const alice = await world.open('alice', caller('alice'), { browser: 'chromium' });
  // Chromium's, as was asked for.
  const page = alice.page as Page;
  const cdp = await page.context().newCDPSession(page);
  let before: Record<string, number> = {};
  for (let round = 1; round <= ROUNDS; round += 1) {
    // Chromium itself keeps some of those that are closed before they connect.
    await assertEverybodySees({ alice, bob });
    await alice.eval(() => {
      const { client } = window.e2e.find('rtc-room') as HTMLElement & { client: object };
      Object.assign(window, { client: Object.getPrototypeOf(client) as unknown });
    });
    const from = await alice.mark();
    await alice.set('rtc-room', 'joined', null);
    await alice.waitForEvent('rtc-left', {}, from);
    await alice.waitForNothingLive();
    if (round === FIRST) before = await held(alice, cdp);
    if (round === ROUNDS) break;
    await alice.set('rtc-room', 'joined', '');
    await alice.waitForEvent('rtc-joined', {}, from);
  }
  assert.deepEqual([before['connections'], before['sockets']], [0, 0]);
  let more: [string, number][] = [];
  await waitFor(
    'no more is there than at first',
    async () => {
      const now = Object.entries(await held(alice, cdp));
      more = now.filter(([what, count]) => count > (before[what] ?? 0));
      return more.length === 0;
    },
    () => more,
  );
});
