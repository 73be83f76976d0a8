import './drivers/embedded/loader.js';
import './elements/rtc-room/define.js';
import './elements/rtc-cross-room-link/define.js';
import './elements/rtc-local-stream/define.js';
import './elements/rtc-remote-stream/define.js';
