import {
  ConnectionQuality,
  RoomEvent,
  TrackPublication,
  type DisconnectReason,
  type Participant,
  type RemoteParticipant,
  type Room,
  type RoomEventCallbacks,
} from 'livekit-client';
import type { ClientEvent } from '../driver.js';
import { userIdOf, userIdOfIdentity } from './identity.js';
import { decode, TOPIC } from './messages.js';

/** What a Room says that is more than a translation. */
export interface RoomListener {
  emit(event: ClientEvent): void;
  /** Signalling is there, and who is in the room; media is not yet. */
  signalled(): void;
  /** Something about users, streams or their tracks is different. */
  changed(): void;
  left(participant: RemoteParticipant, reason?: DisconnectReason): void;
  /** What this user may do is different. */
  permitted(): void;
  /** LiveKit does not give this user that track. */
  refused(participant: RemoteParticipant): void;
  /** The signalling dropped; livekit-client tries to bring it back. */
  dropped(): void;
  restored(): void;
  disconnected(reason?: DisconnectReason): void;
}

/** TRTC's scale, 0 unknown, 1 excellent … 6 no connection, from LiveKit's. */
export const QUALITY: Readonly<Record<ConnectionQuality, number>> = {
  [ConnectionQuality.Unknown]: 0,
  [ConnectionQuality.Excellent]: 1,
  [ConnectionQuality.Good]: 2,
  [ConnectionQuality.Poor]: 4,
  [ConnectionQuality.Lost]: 6,
};

type Surface = Pick<Room, 'on' | 'off'>;

/** Translates a Room's events. @returns what ends it */
export function listen(room: Surface, listener: RoomListener): () => void {
  // LiveKit tells it again when only a level has changed.
  let speaking = '';
  const changed = (): void => listener.changed();
  const dropped = (): void => listener.dropped();
  const callbacks: Partial<RoomEventCallbacks> = {
    [RoomEvent.SignalConnected]: () => listener.signalled(),
    [RoomEvent.ParticipantConnected]: changed,
    [RoomEvent.ParticipantDisconnected]: (participant, reason) => {
      listener.left(participant, reason);
      changed();
    },
    [RoomEvent.ParticipantMetadataChanged]: changed,
    [RoomEvent.ParticipantAttributesChanged]: changed,
    [RoomEvent.ParticipantPermissionsChanged]: (_, participant) => {
      if (participant.isLocal) listener.permitted();
      else changed();
    },
    [RoomEvent.TrackPublished]: changed,
    [RoomEvent.TrackUnpublished]: changed,
    [RoomEvent.TrackSubscribed]: changed,
    [RoomEvent.TrackUnsubscribed]: changed,
    [RoomEvent.TrackMuted]: changed,
    [RoomEvent.TrackUnmuted]: changed,
    [RoomEvent.TrackSubscriptionPermissionChanged]: (_, status, participant) => {
      if (status === TrackPublication.PermissionStatus.NotAllowed) listener.refused(participant);
    },
    [RoomEvent.DataReceived]: (payload, participant, _kind, topic, _type, identity) => {
      const message = topic === TOPIC ? decode(payload) : null;
      // LiveKit stamps the identity; the participant may not have been announced yet.
      const from = participant ? userIdOf(participant) : identity && userIdOfIdentity(identity);
      if (message && from) listener.emit({ type: 'message', from, ...message });
    },
    [RoomEvent.ActiveSpeakersChanged]: (speakers: Participant[]) => {
      const userIds = [...new Set(speakers.map(userIdOf))];
      if (userIds.join(' ') === speaking) return;
      speaking = userIds.join(' ');
      listener.emit({ type: 'active-speakers', userIds });
    },
    [RoomEvent.ConnectionQualityChanged]: (quality, participant) => {
      if (!participant.isLocal) return;
      const grade = QUALITY[quality];
      listener.emit({ type: 'network-quality', uplink: grade, downlink: grade });
    },
    [RoomEvent.SignalReconnecting]: dropped,
    [RoomEvent.Reconnecting]: dropped,
    [RoomEvent.Reconnected]: () => listener.restored(),
    [RoomEvent.Disconnected]: (reason) => listener.disconnected(reason),
  };
  // `Object.entries` forgets that each name goes with its own callback.
  const all = Object.entries(callbacks) as [keyof RoomEventCallbacks, () => void][];
  for (const [name, callback] of all) room.on(name, callback);
  return () => {
    for (const [name, callback] of all) room.off(name, callback);
  };
}
