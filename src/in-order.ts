/** Like beside like: in this order the modules of the bundle compress best. */
import 'lit';
import './elements/shared/base.styles.js';
import './elements/shared/tile.styles.js';
import './elements/shared/stage.styles.js';
import './elements/rtc-cross-room-link/rtc-cross-room-link.styles.js';
import './elements/rtc-local-stream/rtc-local-stream.styles.js';
import './icons.js';
import './room-icons.js';
import './texts.js';
import './room-texts.js';
