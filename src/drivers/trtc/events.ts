import type { EndReason, TrackKind } from '../driver.js';
import type { NativeClient, RemoteStream } from './sdk.js';

/** Hears what the SDK's events mean. */
export interface EventHost {
  userJoined(userId: string): void;
  userLeft(userId: string): void;
  streamAdded(stream: RemoteStream): void;
  streamUpdated(stream: RemoteStream): void;
  streamRemoved(stream: RemoteStream): void;
  mute(userId: string, kind: TrackKind, muted: boolean): void;
  reconnecting(): void;
  connected(): void;
  ended(reason: EndReason, message: string): void;
  quality(uplink: number, downlink: number): void;
  failed(error: unknown): void;
}

const BANS: Readonly<Record<string, readonly [EndReason, string]>> = {
  kick: ['kick', 'The same user has joined this room elsewhere.'],
  banned: ['banned', 'This user was removed from the room.'],
  'room-disband': ['room_disband', 'The room was dismissed.'],
  // As the documents spell it.
  room_disband: ['room_disband', 'The room was dismissed.'],
};

/**
 * After these errors the SDK has given up: the connection (0x4006), the way back into the room
 * (0x4004), what is sent (0x4007), or what comes from somebody (0x4008). Joining anew is its own
 * advice for each.
 */
const LOST = [0x4004, 0x4006, 0x4007, 0x4008];

/** Connects all events of a client; before it joins, as they begin before that is answered. */
export function listen(client: NativeClient, host: EventHost): void {
  client.on('peer-join', ({ userId }) => host.userJoined(userId));
  client.on('peer-leave', ({ userId }) => host.userLeft(userId));
  client.on('stream-added', ({ stream }) => host.streamAdded(stream));
  client.on('stream-updated', ({ stream }) => host.streamUpdated(stream));
  client.on('stream-removed', ({ stream }) => host.streamRemoved(stream));
  client.on('mute-audio', ({ userId }) => host.mute(userId, 'audio', true));
  client.on('mute-video', ({ userId }) => host.mute(userId, 'video', true));
  client.on('unmute-audio', ({ userId }) => host.mute(userId, 'audio', false));
  client.on('unmute-video', ({ userId }) => host.mute(userId, 'video', false));
  client.on('connection-state-changed', ({ state }) => {
    // DISCONNECTED comes before each of these, and before a ban too.
    if (state === 'RECONNECTING' || state === 'CONNECTING') host.reconnecting();
    if (state === 'CONNECTED') host.connected();
  });
  client.on('client-banned', ({ reason }) => {
    host.ended(...(BANS[reason] ?? ['banned', 'This user was removed from the room.']));
  });
  client.on('network-quality', ({ uplinkNetworkQuality, downlinkNetworkQuality }) =>
    host.quality(uplinkNetworkQuality, downlinkNetworkQuality),
  );
  client.on('error', (error) => {
    const code: number = error.getCode();
    if (LOST.includes(code)) host.ended('connection-lost', 'The connection to TRTC was lost.');
    else host.failed(error);
  });
}
