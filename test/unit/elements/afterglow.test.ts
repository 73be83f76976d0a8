import { expect, fixture, html, oneEvent } from '@open-wc/testing';
import type { RtcRemoteStream } from '../../../src/elements/rtc-remote-stream/rtc-remote-stream.js';
import type { RtcRoom } from '../../../src/elements/rtc-room/rtc-room.js';
import { Backend, pictureTrack, stream, tasks, user } from './helpers.js';

let turn = 0;
let backend: Backend;
let track: MediaStreamTrack;

/** In a room that shows a picture of a. */
async function roomWithPicture(): Promise<RtcRoom> {
  const room = await fixture<RtcRoom>(
    html`<rtc-room provider=${backend.name} room-id="r" user-id="me" joined></rtc-room>`,
  );
  if (!room.inRoom) await oneEvent(room, 'rtc-joined');
  const playing = oneEvent(room, 'rtc-playback-state-changed');
  track = pictureTrack();
  backend.client.emit({ type: 'track', streamId: 'a:main', kind: 'video', track });
  await playing;
  return room;
}

const tilesOf = (room: RtcRoom): RtcRemoteStream[] => [
  ...room.renderRoot.querySelectorAll<RtcRemoteStream>('rtc-remote-stream'),
];

function shownBy(room: RtcRoom): MediaStreamTrack | undefined {
  const [tile] = tilesOf(room);
  const media = tile?.renderRoot.querySelector('video')?.srcObject as MediaStream | null;
  return media?.getVideoTracks()[0];
}

const lose = (): void =>
  backend.client.emit({ type: 'ended', reason: 'connection-lost', message: 'Lost.' });

async function gather(connection: RTCPeerConnection): Promise<RTCSessionDescription> {
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== 'complete')
    await oneEvent(connection, 'icegatheringstatechange');
  if (!connection.localDescription) throw new Error('The connection is closed.');
  return connection.localDescription;
}

/** As a new connection has it before anything arrived. */
function silentTrack(): { track: MediaStreamTrack; arrives(): Promise<void>; close(): void } {
  const [to, from] = [new RTCPeerConnection(), new RTCPeerConnection()];
  const { track } = to.addTransceiver('video').receiver;
  const picture = pictureTrack();
  return {
    track,
    async arrives() {
      const arrived = oneEvent(track, 'unmute');
      await from.setRemoteDescription(await gather(to));
      from.addTrack(picture);
      await to.setRemoteDescription(await gather(from));
      await arrived;
    },
    close() {
      to.close();
      from.close();
      picture.stop();
    },
  };
}

describe('a lost connection', () => {
  beforeEach(() => {
    backend = new Backend(`afterglow-${++turn}`);
    backend.users = [user('a')];
    backend.streams = [stream('a')];
  });

  afterEach(() => track.stop());

  it('plays on in the same tile until the next connection has a picture', async () => {
    const room = await roomWithPicture();
    const [tile] = tilesOf(room);
    const [before] = backend.clients;
    const joined = oneEvent(room, 'rtc-joined');
    backend.streams = [stream('a', { id: 'another' })];
    lose();
    expect(room.inRoom).to.be.false;
    expect(room.remoteStreams).to.be.empty;
    expect(shownBy(room)).to.equal(track);
    await joined;
    await tasks();
    expect(tilesOf(room)).to.deep.equal([tile]);
    expect(room.remoteStreams[0]?.id).to.equal('another');
    const next = silentTrack();
    backend.client.emit({ type: 'track', streamId: 'another', kind: 'video', track: next.track });
    await tasks();
    expect(shownBy(room)).to.equal(track);
    expect(before?.state).to.equal('joined');
    await next.arrives();
    await tasks();
    expect(shownBy(room)).to.equal(next.track);
    expect(before?.state).to.equal('left');
    next.close();
  });

  it('is forgotten when the page leaves', async () => {
    const room = await roomWithPicture();
    const [before] = backend.clients;
    lose();
    room.joined = false;
    await tasks();
    expect(tilesOf(room)).to.be.empty;
    expect(before?.state).to.equal('left');
  });

  it('is forgotten when the room refuses to take the user back', async () => {
    const room = await roomWithPicture();
    const [before] = backend.clients;
    backend.fail = Object.assign(new Error('No.'), { name: 'RtcError', code: 'forbidden' });
    lose();
    await oneEvent(room, 'rtc-error');
    await tasks();
    expect(tilesOf(room)).to.be.empty;
    expect(before?.state).to.equal('left');
  });

  it('plays on for who comes back later, too', async () => {
    const room = await roomWithPicture();
    const joined = oneEvent(room, 'rtc-joined');
    backend.streams = [];
    lose();
    await joined;
    await tasks();
    expect(shownBy(room)).to.equal(track);
    backend.client.emit({ type: 'stream-added', stream: stream('a', { id: 'late' }) });
    await tasks();
    expect(room.remoteStreams[0]?.videoTrack).to.equal(track);
  });
});
