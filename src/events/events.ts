import type { RtcEventDetails } from '../core/types.js';
import { RtcErrorEvent, RtcRequestEvent } from './idle-events.js';
import { RtcEvent, type RtcEventType } from './rtc-event.js';

export { RtcErrorEvent, RtcRequestEvent };

/** The connection of a room has another state. */
export class RtcConnectionStateChangedEvent extends RtcEvent<'rtc-connection-state-changed'> {}
/** The user is in the room. */
export class RtcJoinedEvent extends RtcEvent<'rtc-joined'> {}
/** The user is not in the room any more; `reason` says why. */
export class RtcLeftEvent extends RtcEvent<'rtc-left'> {}
/** The back end has ended the stay. */
export class RtcClientBannedEvent extends RtcEvent<'rtc-client-banned'> {}
/** The token endpoint has not let the user in yet; it is asked again after `retryAfter` seconds. */
export class RtcWaitingEvent extends RtcEvent<'rtc-waiting'> {}
/** The user has another role, confirmed by the back end. */
export class RtcRoleChangedEvent extends RtcEvent<'rtc-role-changed'> {}
/** Somebody is in the room. */
export class RtcUserJoinedEvent extends RtcEvent<'rtc-user-joined'> {}
/** Somebody's data or role is another. */
export class RtcUserUpdatedEvent extends RtcEvent<'rtc-user-updated'> {}
/** Somebody is not in the room any more. */
export class RtcUserLeftEvent extends RtcEvent<'rtc-user-left'> {}
/** A stream is there to be received. Cancel it to keep it from the layout and from elements without `user-id`. */
export class RtcStreamAddedEvent extends RtcEvent<'rtc-stream-added'> {}
/** A stream has gained or lost sound or picture. */
export class RtcStreamUpdatedEvent extends RtcEvent<'rtc-stream-updated'> {}
/** A stream is not published any more. */
export class RtcStreamRemovedEvent extends RtcEvent<'rtc-stream-removed'> {}
/** A stream is received. */
export class RtcStreamSubscribedEvent extends RtcEvent<'rtc-stream-subscribed'> {}
/** A stream is not received any more. */
export class RtcStreamUnsubscribedEvent extends RtcEvent<'rtc-stream-unsubscribed'> {}
/** A remote stream plays, waits, is blocked or has failed. */
export class RtcPlaybackStateChangedEvent extends RtcEvent<'rtc-playback-state-changed'> {}
/** The browser refuses to play without a gesture; fired once until resumed. */
export class RtcAutoplayBlockedEvent extends RtcEvent<'rtc-autoplay-blocked'> {}
/** Somebody has muted or unmuted sound or picture. */
export class RtcMuteChangedEvent extends RtcEvent<'rtc-mute-changed'> {}
/** A message of somebody in the room. */
export class RtcMessageReceivedEvent extends RtcEvent<'rtc-message-received'> {}
/** Local capture has another state. */
export class RtcCaptureStateChangedEvent extends RtcEvent<'rtc-capture-state-changed'> {}
/** A local stream is published. */
export class RtcStreamPublishedEvent extends RtcEvent<'rtc-stream-published'> {}
/** A local stream is not published any more. */
export class RtcStreamUnpublishedEvent extends RtcEvent<'rtc-stream-unpublished'> {}
/** Another device captures, or the one that did was unplugged. */
export class RtcDeviceChangedEvent extends RtcEvent<'rtc-device-changed'> {}
/** Screen sharing was stopped in the browser. */
export class RtcScreenSharingStoppedEvent extends RtcEvent<'rtc-screen-sharing-stopped'> {}
/** A cross-room link has another state. */
export class RtcLinkStateChangedEvent extends RtcEvent<'rtc-link-state-changed'> {}
/** Who speaks has changed. */
export class RtcActiveSpeakerChangedEvent extends RtcEvent<'rtc-active-speaker-changed'> {}
/** The line's quality: 0 unknown, 1 best to 6 worst. */
export class RtcNetworkQualityEvent extends RtcEvent<'rtc-network-quality'> {}
/** How loud everybody is, 0–1; only with `audio-levels`. */
export class RtcAudioLevelEvent extends RtcEvent<'rtc-audio-level'> {}

/** The class of each event, by its type. */
export const eventClasses: {
  readonly [K in RtcEventType]: new (type: K, detail: RtcEventDetails[K]) => RtcEvent<K>;
} = {
  'rtc-connection-state-changed': RtcConnectionStateChangedEvent,
  'rtc-joined': RtcJoinedEvent,
  'rtc-left': RtcLeftEvent,
  'rtc-client-banned': RtcClientBannedEvent,
  'rtc-waiting': RtcWaitingEvent,
  'rtc-role-changed': RtcRoleChangedEvent,
  'rtc-user-joined': RtcUserJoinedEvent,
  'rtc-user-updated': RtcUserUpdatedEvent,
  'rtc-user-left': RtcUserLeftEvent,
  'rtc-stream-added': RtcStreamAddedEvent,
  'rtc-stream-updated': RtcStreamUpdatedEvent,
  'rtc-stream-removed': RtcStreamRemovedEvent,
  'rtc-stream-subscribed': RtcStreamSubscribedEvent,
  'rtc-stream-unsubscribed': RtcStreamUnsubscribedEvent,
  'rtc-playback-state-changed': RtcPlaybackStateChangedEvent,
  'rtc-autoplay-blocked': RtcAutoplayBlockedEvent,
  'rtc-mute-changed': RtcMuteChangedEvent,
  'rtc-message-received': RtcMessageReceivedEvent,
  'rtc-capture-state-changed': RtcCaptureStateChangedEvent,
  'rtc-stream-published': RtcStreamPublishedEvent,
  'rtc-stream-unpublished': RtcStreamUnpublishedEvent,
  'rtc-device-changed': RtcDeviceChangedEvent,
  'rtc-screen-sharing-stopped': RtcScreenSharingStoppedEvent,
  'rtc-link-state-changed': RtcLinkStateChangedEvent,
  'rtc-active-speaker-changed': RtcActiveSpeakerChangedEvent,
  'rtc-network-quality': RtcNetworkQualityEvent,
  'rtc-audio-level': RtcAudioLevelEvent,
  'rtc-request': RtcRequestEvent,
  'rtc-error': RtcErrorEvent,
};

export type RtcEventMap = { [K in RtcEventType]: RtcEvent<K> };

declare global {
  interface HTMLElementEventMap extends RtcEventMap {}
}
