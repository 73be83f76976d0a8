import { expect, fixture, html, oneEvent, waitUntil } from '@open-wc/testing';
import { RtcError } from '../../../src/core/errors.js';
import type { RtcCrossRoomLink } from '../../../src/elements/rtc-cross-room-link/rtc-cross-room-link.js';
import type { RtcRemoteStream } from '../../../src/elements/rtc-remote-stream/rtc-remote-stream.js';
import type { RtcRoom } from '../../../src/elements/rtc-room/rtc-room.js';
import { Backend, pictureTrack, roomWith as openRoom, stream, tasks, user } from './helpers.js';

let turn = 0;
let backend: Backend;

const roomWith = (inner: string, attributes?: string): Promise<RtcRoom> =>
  openRoom(backend, `v${turn}`, inner, attributes);

const placeholder = (tile: Element): HTMLElement | null | undefined =>
  tile.shadowRoot?.querySelector('[part=placeholder]');

describe('rtc-remote-stream', () => {
  beforeEach(() => {
    backend = new Backend(`remote-${++turn}`);
    backend.users = [user('a'), user('b')];
    backend.streams = [stream('a'), stream('b')];
  });

  it('takes its stream from the layout and hands it back when removed', async () => {
    const room = await roomWith('<rtc-remote-stream user-id="a"></rtc-remote-stream>');
    const tiles = (): number => room.renderRoot.querySelectorAll('rtc-remote-stream').length;
    expect(tiles()).to.equal(1);
    room.querySelector('rtc-remote-stream')?.remove();
    await tasks();
    await tasks();
    expect(tiles()).to.equal(2);
  });

  it('is not received any more once removed under layout="none"', async () => {
    const room = await roomWith(
      '<rtc-remote-stream user-id="a"></rtc-remote-stream>',
      'layout="none"',
    );
    // Its size, known with the first frame, is what the first question is about.
    await waitUntil(() => backend.client.subscribed.has('a:main'));
    room.querySelector('rtc-remote-stream')?.remove();
    await waitUntil(() => !backend.client.subscribed.size);
  });

  it('has tiles of the shape that the page wants, said as a number too', async () => {
    const room = await roomWith('', 'style="--rtc-tile-aspect: 1.5; width: 800px"');
    const tiles = room.renderRoot.querySelectorAll('rtc-remote-stream');
    await waitUntil(() => (tiles[1]?.offsetWidth ?? 0) > 200);
    for (const { offsetWidth, offsetHeight } of tiles)
      expect(offsetWidth / offsetHeight).to.be.closeTo(1.5, 0.02);
  });

  it('waits while nothing is to be received, also after it has played', async () => {
    const room = await roomWith(
      '<rtc-remote-stream user-id="a"></rtc-remote-stream><rtc-remote-stream user-id="b" subscribe="none"></rtc-remote-stream>',
    );
    const [tile, other] = room.querySelectorAll('rtc-remote-stream');
    expect(other?.playbackState).to.equal('waiting');
    const played = oneEvent(tile as RtcRemoteStream, 'rtc-playback-state-changed');
    const track = pictureTrack();
    backend.client.emit({ type: 'track', streamId: 'a:main', kind: 'video', track });
    await played;
    expect(tile?.playbackState).to.equal('playing');
    room.subscribe = 'none';
    await waitUntil(() => tile?.playbackState === 'waiting');
  });

  it('has the page’s own button for what is blocked before the picture', async () => {
    const room = await roomWith(
      '<rtc-remote-stream user-id="a"><button slot="blocked">Mine</button></rtc-remote-stream>',
    );
    const tile = room.querySelector('rtc-remote-stream') as RtcRemoteStream;
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = () =>
      Promise.reject(new DOMException('No gesture.', 'NotAllowedError'));
    try {
      const track = pictureTrack();
      backend.client.emit({ type: 'track', streamId: 'a:main', kind: 'video', track });
      await waitUntil(() => tile.playbackState === 'blocked');
      const button = tile.querySelector('button') as HTMLButtonElement;
      await waitUntil(() => button.getBoundingClientRect().width > 0);
      const { left, top, width, height } = button.getBoundingClientRect();
      const hit = document.elementFromPoint(left + width / 2, top + height / 2);
      expect(hit).to.equal(button);
      HTMLMediaElement.prototype.play = play;
      // Beside the button, and by a script: a browser that asks for a gesture would refuse.
      tile.click();
      await waitUntil(() => tile.playbackState === 'playing');
    } finally {
      HTMLMediaElement.prototype.play = play;
    }
  });

  it('plays only when a frame is there, in order of states', async () => {
    const room = await roomWith('<rtc-remote-stream user-id="a"></rtc-remote-stream>');
    const tile = room.querySelector('rtc-remote-stream') as RtcRemoteStream;
    expect(tile.getAttribute('playback-state')).to.equal('subscribing');
    const states: string[] = [];
    tile.addEventListener('rtc-playback-state-changed', ({ detail }) => states.push(detail.state));
    const track = pictureTrack();
    const playing = oneEvent(tile, 'rtc-playback-state-changed');
    backend.client.emit({ type: 'track', streamId: 'a:main', kind: 'video', track });
    await playing;
    expect(tile.playbackState).to.equal('playing');
    const video = tile.renderRoot.querySelector('video');
    expect(video?.videoWidth).to.be.above(0);
    backend.client.emit({ type: 'stream-removed', streamId: 'a:main' });
    await tasks();
    expect(states).to.eql(['playing', 'ended']);
    track.stop();
  });

  it('tells of its subscription, and of its end', async () => {
    const room = await roomWith('');
    const events: string[] = [];
    const tile = document.createElement('rtc-remote-stream');
    for (const type of ['rtc-stream-subscribed', 'rtc-stream-unsubscribed'] as const) {
      room.addEventListener(type, (event) => {
        // The layout's tiles tell too, as the room.
        if (event.target === tile) events.push(`${event.type} ${event.detail.stream.userId}`);
      });
    }
    tile.setAttribute('user-id', 'a');
    room.append(tile);
    await tasks(60);
    tile.userId = 'b';
    await tasks(60);
    expect(events).to.eql([
      'rtc-stream-subscribed a',
      'rtc-stream-unsubscribed a',
      'rtc-stream-subscribed b',
    ]);
  });

  it('shows the placeholder, not a frozen picture, while the camera is muted', async () => {
    const room = await roomWith('<rtc-remote-stream user-id="a"></rtc-remote-stream>');
    const tile = room.querySelector('rtc-remote-stream') as RtcRemoteStream;
    const playing = oneEvent(tile, 'rtc-playback-state-changed');
    backend.client.emit({
      type: 'track',
      streamId: 'a:main',
      kind: 'video',
      track: pictureTrack(),
    });
    await playing;
    await tile.updateComplete;
    expect(placeholder(tile)?.hidden).to.be.true;
    backend.client.emit({
      type: 'stream-updated',
      stream: stream('a', { videoMuted: true, audioMuted: true }),
    });
    await tasks();
    expect(placeholder(tile)?.hidden).to.be.false;
    expect(tile.renderRoot.querySelector('[part=badge]')?.getAttribute('aria-label')).to.equal(
      'Microphone is off',
    );
    expect(tile.matches(':state(muted)')).to.be.true;
  });

  it('says that it is tried again only where it is', async () => {
    const room = await roomWith('<rtc-remote-stream user-id="a"></rtc-remote-stream>');
    const tile = room.querySelector('rtc-remote-stream') as RtcRemoteStream;
    const said = async (error: RtcError): Promise<string | null | undefined> => {
      backend.client.emit({ type: 'stream-health', streamId: 'a:main', error });
      await tasks();
      return tile.renderRoot.querySelector('[part=message]')?.textContent;
    };
    const lost = await said(new RtcError('network', 'No route.'));
    expect(lost).to.equal('No connection to a. Trying again…');
    expect(await said(new RtcError('forbidden', 'Not for you.'))).to.equal('Not for you.');
    expect(tile.playbackState).to.equal('failed');
  });

  it('finds its room by for, in any order, and follows the id', async () => {
    const holder = await fixture(
      html`<div><rtc-remote-stream for="later${turn}" user-id="a"></rtc-remote-stream></div>`,
    );
    const tile = holder.querySelector('rtc-remote-stream') as RtcRemoteStream;
    const room = await roomWith('');
    expect(tile.playbackState).to.equal('waiting');
    room.id = `later${turn}`;
    await tasks();
    expect(tile.playbackState).to.equal('subscribing');
    room.id = '';
    await tasks();
    expect(tile.playbackState).to.equal('waiting');
  });

  it('finds its room by property and from inside shadow roots', async () => {
    const outside = await fixture<RtcRemoteStream>(
      html`<rtc-remote-stream user-id="a"></rtc-remote-stream>`,
    );
    const room = await roomWith('<div id="host"></div>');
    const inner = document.createElement('rtc-remote-stream');
    inner.userId = 'b';
    room.querySelector('#host')?.attachShadow({ mode: 'closed' }).append(inner);
    outside.room = room;
    await tasks();
    expect(outside.playbackState).to.equal('subscribing');
    expect(inner.playbackState).to.equal('subscribing');
  });

  it('keeps its picture when it is moved', async () => {
    const room = await roomWith('<div></div><rtc-remote-stream user-id="a"></rtc-remote-stream>');
    const tile = room.querySelector('rtc-remote-stream') as RtcRemoteStream;
    const playing = oneEvent(tile, 'rtc-playback-state-changed');
    backend.client.emit({
      type: 'track',
      streamId: 'a:main',
      kind: 'video',
      track: pictureTrack(),
    });
    await playing;
    const states: string[] = [];
    tile.addEventListener('rtc-playback-state-changed', ({ detail }) => states.push(detail.state));
    room.querySelector('div')?.append(tile);
    await tasks(60);
    expect(states).to.eql([]);
    expect(tile.renderRoot.querySelector('video')?.paused).to.be.false;
    expect([...backend.client.subscribed]).to.include('a:main');
  });

  it('is named, and passes axe', async () => {
    const room = await roomWith('<rtc-remote-stream user-id="a"></rtc-remote-stream>');
    await expect(room.querySelector('rtc-remote-stream')).to.be.accessible();
  });
});

describe('rtc-cross-room-link', () => {
  beforeEach(() => {
    backend = new Backend(`link-${++turn}`);
    backend.users = [user('a')];
    backend.streams = [stream('a')];
  });

  it('shows the other room on the stage of its own and gives it to what stands inside', async () => {
    const room = await roomWith(
      '<rtc-cross-room-link room-id="other"><rtc-remote-stream></rtc-remote-stream></rtc-cross-room-link>',
      'mode="live"',
    );
    const link = room.querySelector('rtc-cross-room-link') as RtcCrossRoomLink;
    await waitUntil(() => link.getAttribute('link-state') === 'linked');
    await tasks();
    expect(backend.clients.map(({ config }) => [config.roomId, config.link])).to.eql([
      ['r', false],
      ['other', true],
    ]);
    expect(link.querySelector('rtc-remote-stream')?.playbackState).to.equal('subscribing');
    expect(link.matches(':state(inline)')).to.be.true;
    link.remove();
    await tasks(60);
    expect(backend.joined).to.have.length(1);
  });

  it('has its tiles sized by the room, after a resize too', async () => {
    const room = await roomWith(
      '<rtc-cross-room-link room-id="other"></rtc-cross-room-link>',
      'mode="live"',
    );
    const link = room.querySelector('rtc-cross-room-link') as RtcCrossRoomLink;
    const widthIn = (stage: RtcRoom | RtcCrossRoomLink): number =>
      stage.renderRoot.querySelector('rtc-remote-stream')?.offsetWidth ?? 0;
    await waitUntil(() => widthIn(room) > 0 && widthIn(link) === widthIn(room));
    const before = widthIn(room);
    room.style.width = '400px';
    await waitUntil(() => widthIn(room) !== before);
    expect(widthIn(link)).to.equal(widthIn(room));
  });

  it('says on the page why it cannot link', async () => {
    const room = await roomWith('<rtc-cross-room-link room-id="other"></rtc-cross-room-link>');
    const link = room.querySelector('rtc-cross-room-link') as RtcCrossRoomLink;
    await waitUntil(() => link.linkState === 'failed');
    await link.updateComplete;
    expect(link.renderRoot.querySelector('[part=message]')?.textContent).to.contain('mode="live"');
  });
});
