/** What an element needs once there is something to do: loaded then, not with the page. */
export { LocalCapture } from './local-capture.js';
export { RoomLink } from './room-link.js';
export { RoomSession } from './room-session.js';
