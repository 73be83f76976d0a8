import { define } from '../shared/define.js';
import { RtcRemoteStream } from './rtc-remote-stream.js';

define('rtc-remote-stream', RtcRemoteStream);

declare global {
  interface HTMLElementTagNameMap {
    'rtc-remote-stream': RtcRemoteStream;
  }
}
