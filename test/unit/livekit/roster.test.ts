import { expect } from '@open-wc/testing';
import { Track, type RemoteParticipant } from 'livekit-client';
import type { ClientEvent, DefaultSubscription } from '../../../src/drivers/driver.js';
import { receive } from '../../../src/drivers/livekit/incoming.js';
import { Roster } from '../../../src/drivers/livekit/roster.js';
import { participant, permissions, type FakeParticipant } from './fake-room.js';

const { Camera, Microphone, ScreenShare, ScreenShareAudio } = Track.Source;
const ALL: DefaultSubscription = { audio: true, video: true };
const nothing = (): void => undefined;

function setUp(defaults: DefaultSubscription = ALL): {
  room: Map<string, FakeParticipant & RemoteParticipant>;
  roster: Roster;
  told: () => string[];
  enter: (...all: (FakeParticipant & RemoteParticipant)[]) => void;
} {
  const events: ClientEvent[] = [];
  const room = new Map<string, FakeParticipant & RemoteParticipant>();
  const roster = new Roster(room, defaults, (event) => events.push(event));
  return {
    room,
    roster,
    enter: (...all) => all.forEach((one) => room.set(one.identity, one)),
    told: () => events.splice(0).map(inWords),
  };
}

function inWords(event: ClientEvent): string {
  switch (event.type) {
    case 'user-joined':
    case 'user-updated':
      return `${event.type} ${event.user.id} ${event.user.userId} ${event.user.userRole} ${event.user.userData}`.trim();
    case 'user-left':
      return `user-left ${event.id} ${event.reason ?? ''}`.trim();
    case 'stream-added':
    case 'stream-updated': {
      const { id, hasAudio, hasVideo, audioMuted, videoMuted } = event.stream;
      const audio = hasAudio ? ` audio${audioMuted ? ' muted' : ''}` : '';
      const video = hasVideo ? ` video${videoMuted ? ' muted' : ''}` : '';
      return `${event.type} ${id}${audio}${video}`;
    }
    case 'stream-removed':
      return `stream-removed ${event.streamId}`;
    case 'track':
      return `track ${event.streamId} ${event.kind} ${event.track ? 'there' : 'gone'}`;
    default:
      return event.type;
  }
}

describe('livekit: roster', () => {
  it('hands over who and what is there, and tells it no second time', () => {
    const { roster, enter, told } = setUp();
    enter(participant('bob', [Camera, Microphone, ScreenShare], { metadata: 'Bob B.' }));
    const { users, streams } = roster.begin();
    roster.sync();
    expect(users).to.deep.equal([
      { id: 'bob', userId: 'bob', userData: 'Bob B.', userRole: 'anchor' },
    ]);
    expect(
      streams.map(({ id, userId, type, hasAudio, hasVideo }) => ({
        id,
        userId,
        type,
        hasAudio,
        hasVideo,
      })),
    ).to.deep.equal([
      { id: 'bob/main', userId: 'bob', type: 'main', hasAudio: true, hasVideo: true },
      { id: 'bob/auxiliary', userId: 'bob', type: 'auxiliary', hasAudio: false, hasVideo: true },
    ]);
    expect(told()).to.deep.equal([]);
  });

  it('tells a user before the stream, and the stream before its tracks', () => {
    const { roster, enter, told } = setUp();
    const bob = participant('bob', [Camera]);
    enter(bob);
    receive(roster.streams[0]!, ALL, nothing); // There is one: it was published above.
    bob.trackPublications.get(Camera)?.arrive();
    roster.sync();
    expect(told()).to.deep.equal([
      'user-joined bob bob anchor',
      'stream-added bob/main video',
      'track bob/main video there',
    ]);
  });

  it('maps a link to its user, as an audience', () => {
    const { roster, enter, told } = setUp();
    enter(participant('bob~link~0a1b2c3d', [], { permissions: permissions(false) }));
    roster.sync();
    expect(told()).to.deep.equal(['user-joined bob~link~0a1b2c3d bob audience']);
  });

  it('tells changed data and roles, and nothing when nothing changed', () => {
    const { roster, enter, told } = setUp();
    const bob = participant('bob');
    enter(bob);
    roster.begin();
    bob.metadata = 'B.';
    roster.sync();
    bob.permissions = permissions(false);
    roster.sync();
    roster.sync();
    expect(told()).to.deep.equal([
      'user-updated bob bob anchor B.',
      'user-updated bob bob audience B.',
    ]);
  });

  it('tells mutes, and what else a stream is made of', () => {
    const { roster, enter, told } = setUp();
    const bob = participant('bob', [Camera]);
    enter(bob);
    roster.begin();
    const camera = bob.trackPublications.get(Camera);
    if (camera) camera.isMuted = true;
    roster.sync();
    bob.trackPublications.set(
      'x',
      participant('', [Microphone]).trackPublications.get(Microphone)!,
    ); // Just made.
    roster.sync();
    bob.trackPublications.delete(Camera);
    roster.sync();
    bob.trackPublications.clear();
    roster.sync();
    expect(told()).to.deep.equal([
      'stream-updated bob/main video muted',
      'stream-updated bob/main audio video muted',
      'stream-updated bob/main audio',
      'stream-removed bob/main',
    ]);
  });

  it('tells another track after the media came anew, and none when it is not wanted', () => {
    const { roster, enter, told } = setUp();
    const bob = participant('bob', [Camera]);
    enter(bob);
    const camera = bob.trackPublications.get(Camera);
    camera?.setSubscribed(true);
    camera?.arrive();
    roster.begin();
    roster.sync();
    camera?.arrive();
    roster.sync();
    roster.want('bob/main', { audio: true, video: false });
    roster.sync();
    expect(told()).to.deep.equal([
      'track bob/main video there',
      'track bob/main video there',
      'track bob/main video gone',
    ]);
  });

  it('tells the end of a stream before that of its user, and why', () => {
    const { room, roster, enter, told } = setUp();
    enter(participant('bob', [Camera]));
    roster.begin();
    roster.reasons.set('bob', 'kick');
    room.clear();
    roster.sync();
    expect(told()).to.deep.equal(['stream-removed bob/main', 'user-left bob kick']);
  });

  it('keeps who may come back, and then hears nothing of the absence', () => {
    const { room, roster, enter, told } = setUp();
    const bob = participant('bob', [Camera]);
    enter(bob);
    roster.begin();
    room.clear();
    roster.sync(false);
    enter(bob);
    roster.sync(false);
    roster.sync();
    expect(told()).to.deep.equal([]);
  });

  it('shows no recorder', () => {
    const { roster, enter, told } = setUp();
    enter(participant('egress', [], { permissions: permissions(false, true) }));
    roster.sync();
    expect(told()).to.deep.equal([]);
  });

  it('wants by default only of those who are named', () => {
    const { roster, enter } = setUp({ audio: true, video: false, only: ['bob'] });
    enter(participant('bob', [Camera, Microphone]), participant('eve', [Camera]));
    const [bob, eve] = roster.streams;
    expect(bob && roster.wanted(bob)).to.deep.equal({ audio: true, video: false });
    expect(eve && roster.wanted(eve)).to.deep.equal({ audio: false, video: false });
  });

  it('expects what is wanted, not muted and not held back', () => {
    const { roster, enter } = setUp();
    const bob = participant('bob', [Camera, Microphone]);
    const eve = participant('eve', [ScreenShare, ScreenShareAudio]);
    enter(bob, eve);
    const camera = bob.trackPublications.get(Camera);
    const microphone = bob.trackPublications.get(Microphone);
    camera?.arrive();
    if (camera?.track) camera.track.streamState = 'paused';
    roster.want('eve/auxiliary', { audio: false, video: false });
    const expected = (): string[] =>
      roster.expected.map(({ id, publications }) => `${id} ${Object.keys(publications).join()}`);
    expect(expected()).to.deep.equal(['bob/main audio']);
    if (microphone) microphone.isMuted = true;
    expect(expected()).to.deep.equal([]);
  });
});

describe('livekit: receiving', () => {
  const stream = (): {
    one: Parameters<typeof receive>[0];
    told: () => string[];
    bob: FakeParticipant;
  } => {
    const { roster, enter } = setUp();
    const bob = participant('bob', [Camera, Microphone]);
    enter(bob);
    const told = (): string[] =>
      [...bob.trackPublications].flatMap(([source, { told }]) =>
        told.splice(0).map((word) => `${source} ${word}`),
      );
    return { one: roster.streams[0]!, told, bob }; // There is one: it was published above.
  };

  it('subscribes to what is wanted, once', () => {
    const { one, told } = stream();
    receive(one, { audio: true, video: false }, nothing);
    receive(one, { audio: true, video: false }, nothing);
    expect(told()).to.deep.equal(['microphone subscribe']);
  });

  it('tells the size when the picture flows, and again when it came anew', () => {
    const { one, told, bob } = stream();
    const wanted = { audio: false, video: true, width: 320.4, height: 180 };
    const again = (): void => receive(one, wanted, again);
    again();
    expect(told()).to.deep.equal(['camera subscribe']);
    const first = bob.trackPublications.get(Camera)!.arrive(true); // Just published.
    again();
    expect(told(), 'begins with the smallest').to.deep.equal([]);
    first.muted = false;
    first.dispatchEvent(new Event('unmute'));
    expect(told()).to.deep.equal(['camera 320x180']);
    first.muted = true;
    receive(one, { ...wanted, width: 640, height: 360 }, again);
    expect(told()).to.deep.equal(['camera 640x360']);
    bob.trackPublications.get(Camera)?.arrive();
    again();
    expect(told()).to.deep.equal(['camera 320x180', 'camera again']);
  });

  it('does not go on receiving what is published anew', () => {
    const { roster, enter } = setUp();
    const bob = participant('bob', [Camera]);
    enter(bob);
    const before = bob.trackPublications.get(Camera);
    before?.setSubscribed(true);
    const after = participant('', [Camera]).trackPublications.get(Camera)!; // Just made.
    bob.trackPublications.set('later', after);
    for (const one of roster.streams) receive(one, ALL, nothing);
    expect([before?.told, after.told]).to.deep.equal([['subscribe', 'unsubscribe'], ['subscribe']]);
  });

  it('pauses a picture out of sight, and shows it again', () => {
    const { one, told, bob } = stream();
    receive(one, ALL, nothing);
    bob.trackPublications.get(Camera)?.arrive();
    told();
    receive(one, { audio: true, video: false }, nothing);
    receive(one, { audio: true, video: false }, nothing);
    expect(told()).to.deep.equal(['camera disable']);
    receive(one, ALL, nothing);
    expect(told()).to.deep.equal(['camera enable']);
  });

  it('unsubscribes what nobody watches', () => {
    const { one, told, bob } = stream();
    receive(one, ALL, nothing);
    bob.trackPublications.get(Camera)?.arrive();
    told();
    receive(one, { audio: false, video: false }, nothing);
    expect(told()).to.deep.equal(['camera unsubscribe', 'microphone unsubscribe']);
  });
});
