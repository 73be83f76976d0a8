import { expect } from '@open-wc/testing';
import { ConnectionQuality, DisconnectReason, RoomEvent, TrackPublication } from 'livekit-client';
import type { ClientEvent } from '../../../src/drivers/driver.js';
import { listen, QUALITY, type RoomListener } from '../../../src/drivers/livekit/events.js';
import { encode, TOPIC } from '../../../src/drivers/livekit/messages.js';
import { FakeRoom, participant } from './fake-room.js';

function setUp(): { room: FakeRoom; calls: string[]; events: ClientEvent[]; end: () => void } {
  const room = new FakeRoom();
  const calls: string[] = [];
  const events: ClientEvent[] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): void => {
      const words = args.map((one) =>
        one && typeof one === 'object' && 'identity' in one ? String(one.identity) : String(one),
      );
      calls.push([name, ...words].join(' '));
    };
  const listener: RoomListener = {
    emit: (event) => events.push(event),
    signalled: note('signalled'),
    changed: note('changed'),
    left: note('left'),
    permitted: note('permitted'),
    refused: note('refused'),
    dropped: note('dropped'),
    restored: note('restored'),
    disconnected: note('disconnected'),
  };
  return { room, calls, events, end: listen(room.surface, listener) };
}

const bob = participant('bob');
const me = participant('me', [], { isLocal: true });
const link = participant('bob~link~0a1b2c3d');

const plain: [event: RoomEvent, args: unknown[], calls: string[]][] = [
  [RoomEvent.SignalConnected, [], ['signalled']],
  [RoomEvent.ParticipantConnected, [bob], ['changed']],
  [
    RoomEvent.ParticipantDisconnected,
    [bob, DisconnectReason.DUPLICATE_IDENTITY],
    [`left bob ${DisconnectReason.DUPLICATE_IDENTITY}`, 'changed'],
  ],
  [RoomEvent.ParticipantMetadataChanged, [undefined, bob], ['changed']],
  [RoomEvent.ParticipantAttributesChanged, [{}, bob], ['changed']],
  [RoomEvent.ParticipantPermissionsChanged, [undefined, bob], ['changed']],
  [RoomEvent.ParticipantPermissionsChanged, [undefined, me], ['permitted']],
  [RoomEvent.TrackPublished, [], ['changed']],
  [RoomEvent.TrackUnpublished, [], ['changed']],
  [RoomEvent.TrackSubscribed, [], ['changed']],
  [RoomEvent.TrackUnsubscribed, [], ['changed']],
  [RoomEvent.TrackMuted, [], ['changed']],
  [RoomEvent.TrackUnmuted, [], ['changed']],
  [
    RoomEvent.TrackSubscriptionPermissionChanged,
    [{}, TrackPublication.PermissionStatus.NotAllowed, bob],
    ['refused bob'],
  ],
  [
    RoomEvent.TrackSubscriptionPermissionChanged,
    [{}, TrackPublication.PermissionStatus.Allowed, bob],
    [],
  ],
  [RoomEvent.SignalReconnecting, [], ['dropped']],
  [RoomEvent.Reconnecting, [], ['dropped']],
  [RoomEvent.Reconnected, [], ['restored']],
  [
    RoomEvent.Disconnected,
    [DisconnectReason.ROOM_DELETED],
    [`disconnected ${DisconnectReason.ROOM_DELETED}`],
  ],
];

describe('livekit: the Room’s events', () => {
  for (const [event, args, expected] of plain) {
    it(`${event} is ${expected.join(', ') || 'nothing'}`, () => {
      const { room, calls, events } = setUp();
      room.fire(event, ...args);
      expect(calls).to.deep.equal(expected);
      expect(events).to.deep.equal([]);
    });
  }

  it('hears nothing any more when ended', () => {
    const { room, end } = setUp();
    expect(room.heard).to.be.greaterThan(0);
    end();
    expect(room.heard).to.equal(0);
  });

  it('hands on a message with who sent it, by user id', () => {
    const { room, events } = setUp();
    room.fire(RoomEvent.DataReceived, encode('hi'), link, 0, TOPIC, 0, link.identity);
    expect(events).to.have.lengthOf(1);
    expect(events[0]).to.include({ type: 'message', from: 'bob', data: 'hi' });
  });

  it('knows the sender who has not been announced yet', () => {
    const { room, events } = setUp();
    room.fire(RoomEvent.DataReceived, encode('hi'), undefined, 0, TOPIC, 0, 'eve');
    expect(events[0]).to.include({ type: 'message', from: 'eve' });
  });

  it('takes no message of another topic, form or without a sender', () => {
    const { room, events } = setUp();
    room.fire(RoomEvent.DataReceived, encode('hi'), bob, 0, 'chat', 0, 'bob');
    room.fire(RoomEvent.DataReceived, new Uint8Array([1]), bob, 0, TOPIC, 0, 'bob');
    room.fire(RoomEvent.DataReceived, encode('hi'), undefined, 0, TOPIC, 0, '');
    expect(events).to.deep.equal([]);
  });

  it('tells speakers by user id, each once, and only when others speak', () => {
    const { room, events } = setUp();
    room.fire(RoomEvent.ActiveSpeakersChanged, [bob, link, me]);
    room.fire(RoomEvent.ActiveSpeakersChanged, [bob, me]);
    room.fire(RoomEvent.ActiveSpeakersChanged, []);
    expect(events).to.deep.equal([
      { type: 'active-speakers', userIds: ['bob', 'me'] },
      { type: 'active-speakers', userIds: [] },
    ]);
  });

  it('tells the own quality on the scale of 0 to 6, and not that of others', () => {
    const { room, events } = setUp();
    room.fire(RoomEvent.ConnectionQualityChanged, ConnectionQuality.Poor, bob);
    for (const quality of Object.values(ConnectionQuality)) {
      room.fire(RoomEvent.ConnectionQualityChanged, quality, me);
    }
    expect(events.map((event) => event.type === 'network-quality' && event.uplink)).to.have.members(
      Object.values(QUALITY),
    );
    expect(QUALITY).to.deep.equal({ unknown: 0, excellent: 1, good: 2, poor: 4, lost: 6 });
  });
});
