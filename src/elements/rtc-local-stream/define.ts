import { define } from '../shared/define.js';
import { RtcLocalStream } from './rtc-local-stream.js';

define('rtc-local-stream', RtcLocalStream);

declare global {
  interface HTMLElementTagNameMap {
    'rtc-local-stream': RtcLocalStream;
  }
}
