/** The public classes and types. Importing it defines nothing; `./define` does. */
export { RtcRoom } from './elements/rtc-room/rtc-room.js';
export { RtcLocalStream } from './elements/rtc-local-stream/rtc-local-stream.js';
export { RtcRemoteStream } from './elements/rtc-remote-stream/rtc-remote-stream.js';
export { RtcCrossRoomLink } from './elements/rtc-cross-room-link/rtc-cross-room-link.js';
export { RtcError, type RtcErrorCode } from './core/errors.js';
export type { RemoteStream } from './core/remote-stream.js';
export type {
  CaptureState,
  ConnectionState,
  LeaveReason,
  LinkState,
  LocalStream,
  PlaybackState,
  RemoteUser,
  RtcEventDetails,
  SubscribeMode,
  TokenAnswer,
  TokenRequest,
  TokenSource,
  TrackProcessor,
} from './core/types.js';
export type * from './drivers/driver.js';
export { setLogLevel, type LogLevel } from './core/logger.js';
export { registerDriver, type DriverLoader } from './drivers/registry.js';
export { ContextRequestEvent, roomContext, type RoomProvider } from './context/room-context.js';
export { RtcEvent, type RtcEventType } from './events/rtc-event.js';
export * from './events/events.js';
export { registerLocale, type TextKey, type Texts } from './texts.js';
