import '../rtc-remote-stream/define.js';
import { define } from '../shared/define.js';
import { RtcCrossRoomLink } from './rtc-cross-room-link.js';

define('rtc-cross-room-link', RtcCrossRoomLink);

declare global {
  interface HTMLElementTagNameMap {
    'rtc-cross-room-link': RtcCrossRoomLink;
  }
}
