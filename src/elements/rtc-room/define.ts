import '../rtc-remote-stream/define.js';
import { define } from '../shared/define.js';
import { RtcRoom } from './rtc-room.js';

define('rtc-room', RtcRoom);

declare global {
  interface HTMLElementTagNameMap {
    'rtc-room': RtcRoom;
  }
}
