/** What an element needs once there is something to do: loaded then, not with the page. */
export { aborted, RtcError } from '../core/errors.js';
export { LocalCapture } from '../core/local-capture.js';
export { checkWish } from '../core/plan.js';
export { RoomSession } from '../core/room-session.js';
export { StreamView } from '../core/stream-view.js';
export { Playback } from './rtc-remote-stream/playback.js';
export { eventClasses } from '../events/events.js';
export { roomIcons } from '../room-icons.js';
export { roomTexts } from '../room-texts.js';
