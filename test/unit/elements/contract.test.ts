import { expect, oneEvent, waitUntil } from '@open-wc/testing';
import { ContextRequestEvent, roomContext } from '../../../src/context/room-context.js';
import { RtcError } from '../../../src/core/errors.js';
import type { RtcLocalStream } from '../../../src/elements/rtc-local-stream/rtc-local-stream.js';
import type { RtcRemoteStream } from '../../../src/elements/rtc-remote-stream/rtc-remote-stream.js';
import type { RtcRoom } from '../../../src/elements/rtc-room/rtc-room.js';
import { Backend, pictureTrack, roomWith as openRoom, stream, tasks, user } from './helpers.js';

let turn = 0;
let backend: Backend;

/** A joined room with this inside. */
const roomWith = (inner: string, attributes?: string): Promise<RtcRoom> =>
  openRoom(backend, `me${turn}`, inner, attributes);

const tileOf = (room: RtcRoom): RtcRemoteStream =>
  room.renderRoot.querySelector('rtc-remote-stream') as RtcRemoteStream;

const partOf = (element: RtcRoom | RtcRemoteStream, part: string): HTMLElement =>
  element.renderRoot.querySelector(`[part~=${part}]`) as HTMLElement;

describe('what the contract names', () => {
  beforeEach(() => {
    backend = new Backend(`contract-${++turn}`);
    backend.users = [user('a')];
    backend.streams = [stream('a')];
  });

  it('a page that goes leaves at once, and one that comes back joins again', async () => {
    const room = await roomWith('');
    const left = oneEvent(room, 'rtc-left');
    dispatchEvent(new PageTransitionEvent('pagehide'));
    expect(backend.joined).to.have.length(0);
    expect((await left).detail.reason).to.equal('leave');
    expect(room.joined).to.equal(true);
    dispatchEvent(new PageTransitionEvent('pageshow'));
    await oneEvent(room, 'rtc-joined');
    expect(backend.joined).to.have.length(1);
  });

  it('slots: toolbar, empty and error of a room', async () => {
    backend.users = backend.streams = [];
    const room = await roomWith(
      '<i slot="empty">Be patient</i><b slot="error">Oh no</b><button slot="toolbar">More</button>',
    );
    const seen = (name: string): boolean =>
      room.querySelector(`[slot=${name}]`)?.checkVisibility() ?? false;
    expect(['toolbar', 'empty', 'error'].map(seen)).to.eql([true, true, false]);
    backend.fail = new RtcError('forbidden', 'Not for you.');
    room.roomId = 'other';
    await oneEvent(room, 'rtc-error');
    await tasks();
    expect(['toolbar', 'empty', 'error'].map(seen)).to.eql([true, false, true]);
  });

  it('nobody to see is told, but not to an anchor whom an audience watches', async () => {
    backend.users = [{ ...user('a'), userRole: 'audience' }];
    backend.streams = [];
    const sentence = (room: RtcRoom): string => (partOf(room, 'message') ?? room).textContent;
    const watching = await roomWith('', 'mode="live" user-role="audience"');
    expect(sentence(watching)).to.contain('Nobody to see or hear');
    watching.remove();
    const watched = await roomWith('<rtc-local-stream audio></rtc-local-stream>', 'mode="live"');
    await waitUntil(() => watched.localStreams.length);
    await tasks();
    expect(sentence(watched)).to.equal('');
    backend.client.emit({ type: 'user-left', id: 'a', reason: 'leave' });
    await tasks();
    expect(sentence(watched)).to.contain('Nobody to see or hear');
  });

  it('slots: label and placeholder of a stream', async () => {
    const room = await roomWith(
      '<rtc-remote-stream user-id="a"><i slot="label">Ann</i><b slot="placeholder">No picture</b></rtc-remote-stream>',
    );
    for (const slotted of room.querySelectorAll('[slot]'))
      expect(slotted.checkVisibility(), slotted.slot).to.equal(true);
  });

  it('parts: those of a layout’s tiles are exported', async () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      'rtc-room::part(tile-label) { color: rgb(1, 2, 3) } rtc-room::part(tile) { outline: 3px solid }',
    );
    document.adoptedStyleSheets.push(sheet);
    const tile = tileOf(await roomWith(''));
    const found = [
      getComputedStyle(partOf(tile, 'label')).color,
      getComputedStyle(tile).outlineWidth,
    ];
    document.adoptedStyleSheets.pop();
    expect(found).to.eql(['rgb(1, 2, 3)', '3px']);
  });

  it('states: who speaks, and not while muted', async () => {
    const tile = tileOf(await roomWith(''));
    backend.client.emit({ type: 'active-speakers', userIds: ['a'] });
    await tasks();
    expect(tile.matches(':state(speaking)')).to.equal(true);
    backend.client.emit({ type: 'stream-updated', stream: stream('a', { audioMuted: true }) });
    await tasks();
    expect([tile.matches(':state(speaking)'), tile.matches(':state(muted)')]).to.eql([false, true]);
  });

  it('states: oneself speaks', async () => {
    const room = await roomWith('<rtc-local-stream></rtc-local-stream>');
    const local = room.querySelector('rtc-local-stream') as RtcLocalStream;
    backend.client.emit({ type: 'active-speakers', userIds: [`me${turn}`] });
    await tasks();
    expect(local.matches(':state(speaking)')).to.equal(true);
    backend.client.emit({ type: 'active-speakers', userIds: ['a'] });
    await tasks();
    expect(local.matches(':state(speaking)')).to.equal(false);
  });

  it('fit says how a picture fills its tile; a screen is never cut off by itself', async () => {
    backend.streams = [stream('a'), stream('a', { type: 'auxiliary' })];
    const room = await roomWith(
      '<rtc-remote-stream user-id="a"></rtc-remote-stream><rtc-remote-stream user-id="a" stream-type="auxiliary"></rtc-remote-stream>',
    );
    const fits = (): string[] =>
      [...room.querySelectorAll('rtc-remote-stream')].map(
        (one) => getComputedStyle(partOf(one, 'video')).objectFit,
      );
    expect(fits()).to.eql(['cover', 'contain']);
    room.querySelector('rtc-remote-stream')?.setAttribute('fit', 'contain');
    room.querySelector('[stream-type]')?.setAttribute('fit', 'cover');
    await tasks();
    expect(fits()).to.eql(['contain', 'cover']);
  });

  it('localStreams and its events name what is published, and whose it is', async () => {
    const room = await roomWith('<rtc-local-stream></rtc-local-stream>');
    const local = room.querySelector('rtc-local-stream') as RtcLocalStream;
    const track = pictureTrack();
    const published = oneEvent(local, 'rtc-stream-published');
    local.mediaStream = new MediaStream([track]);
    const { stream: told } = (await published).detail;
    expect(room.localStreams).to.eql([told]);
    expect(told).to.include({ type: 'main', userId: `me${turn}`, hasVideo: true, hasAudio: false });
    expect(local.hasAttribute('published')).to.equal(true);
    const unpublished = oneEvent(local, 'rtc-stream-unpublished');
    local.mediaStream = undefined;
    expect((await unpublished).detail.stream).to.equal(told);
    await waitUntil(() => !room.localStreams.length);
    expect(track.readyState).to.equal('live');
    track.stop();
  });

  it('any element finds its room by the context protocol', async () => {
    const room = await roomWith('<div><p></p></div>');
    const asking = room.querySelector('p') as HTMLElement;
    let found: unknown;
    const request = new ContextRequestEvent(roomContext, asking, (value) => (found = value));
    asking.dispatchEvent(request);
    expect(found).to.equal(room);
    let other: unknown;
    asking.dispatchEvent(new ContextRequestEvent('else', asking, (value) => (other = value)));
    expect(other).to.equal(undefined);
  });
});
