/** What is received follows what is shown; and what the browser refuses to play. */
import { assert, caller, stories, waitFor, type Peer, type Story } from './harness.js';

const story = stories();
const strict = stories({
  autoplay: false,
  args: ['--autoplay-policy=document-user-activation-required'],
});

/** A user who only watches: what arrives and leaves is then one direction each. */
const viewer = (world: Story, more: string, inner = ''): Promise<Peer> =>
  world.open(
    'viewer',
    `<rtc-room room-id="8888" user-id="viewer" joined ${more}>${inner}</rtc-room>`,
  );

const decoded = (peer: Peer): Promise<number> => peer.sum('inbound-rtp', 'video', 'framesDecoded');

/** Nothing of the picture is decoded for a second. */
async function waitForNoPicture(peer: Peer): Promise<void> {
  await waitFor(`no picture is decoded in ${peer.name}'s page`, async () => {
    const before = await decoded(peer);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return (await decoded(peer)) === before;
  });
}

story('subscribe says what is received, and changes in place', [], async (world) => {
  const bob = await world.open('bob', caller('bob'));
  await bob.waitForAttr('rtc-local-stream', 'published', '');
  const peer = await viewer(world, 'subscribe="audio"');
  await peer.waitForSound();
  assert.equal(await decoded(peer), 0);
  await peer.set('rtc-room', 'subscribe', 'all');
  await peer.waitForFrames('user:bob');
  await peer.set('rtc-room', 'subscribe', 'audio');
  await waitForNoPicture(peer);
  await peer.waitForSound();
  assert.deepEqual(await peer.states(), ['connecting', 'connected'], 'in place');
});

story('subscribe-to takes these users only', [], async (world) => {
  await Promise.all(
    ['bob', 'carol'].map((user) => world.open(user, caller(user, 'subscribe="none"'))),
  );
  const peer = await viewer(world, 'subscribe-to="bob"');
  await peer.waitForFrames('user:bob');
  assert.equal(await peer.eval(() => window.e2e.showing('carol').length), 0);
  await peer.set('rtc-room', 'subscribe-to', 'carol');
  await peer.waitForFrames('user:carol');
  assert.equal(await peer.eval(() => window.e2e.showing('bob').length), 0);
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
  await waitForNoPicture(peer);
  await peer.waitForSound();
  await peer.eval(() => window.scrollTo(0, 0));
  await peer.waitForFrames('rtc-remote-stream');
});

story('an element removed under layout="none" is no longer received', [], async (world) => {
  const bob = await world.open('bob', caller('bob'));
  const peer = await viewer(
    world,
    'layout="none"',
    '<rtc-remote-stream user-id="bob"></rtc-remote-stream>',
  );
  await peer.waitForFrames('rtc-remote-stream');
  await peer.eval(() => window.e2e.find('rtc-remote-stream').remove());
  await waitForNoPicture(peer);
  await bob.waitForNoOutbound('video');
  await peer.eval(() => {
    const element = document.createElement('rtc-remote-stream');
    element.setAttribute('user-id', 'bob');
    window.e2e.find('rtc-room').append(element);
  });
  await peer.waitForFrames('rtc-remote-stream');
});

strict('one click plays every stream that the browser has refused', [], async (world) => {
  await Promise.all(['bob', 'carol'].map((user) => world.open(user, caller(user))));
  const peer = await viewer(
    world,
    '',
    `<rtc-remote-stream id="b" user-id="bob"></rtc-remote-stream>
  <rtc-remote-stream id="c" user-id="carol"></rtc-remote-stream>`,
  );
  for (const id of ['#b', '#c']) await peer.waitForAttr(id, 'playback-state', 'blocked');
  assert.equal(await peer.eval(() => navigator.userActivation.hasBeenActive), false);
  await peer.waitForEvent('rtc-autoplay-blocked');
  await Promise.all([peer.waitForFrames('#b'), peer.waitForFrames('#c')]);
  await peer.eval(() =>
    window.e2e.find('#b').shadowRoot?.querySelector('button')?.setAttribute('data-e2e', ''),
  );
  await peer.click('[data-e2e]');
  for (const id of ['#b', '#c']) await peer.waitForAttr(id, 'playback-state', 'playing');
  await peer.waitForSound();
});
