/** The one-file bundle: everything of the package, the elements defined, the embedded driver inside. */
// All of these come anyway; in this order what is alike stands close together: gzip looks back 32 kB.
import './elements/shared/define.js';
import './drivers/registry.js';
import './elements/rtc-local-stream/rtc-local-stream.styles.js';
import './elements/shared/tile.styles.js';
import './elements/rtc-cross-room-link/rtc-cross-room-link.styles.js';
import './elements/shared/stage.styles.js';
import './elements/shared/base.styles.js';
import './elements/shared/rtc-element.js';
import './elements/shared/commands.js';
import './elements/rtc-cross-room-link/rtc-cross-room-link.js';
import './elements/rtc-room/rtc-room.js';
import './elements/rtc-remote-stream/rtc-remote-stream.js';
import './elements/rtc-local-stream/rtc-local-stream.js';
import './drivers/embedded/peer.js';
import './room-icons.js';
import './core/renewal.js';
import './drivers/embedded/meter.js';
import './drivers/embedded/signalling.js';
import './core/capture-request.js';
import './core/waiters.js';
import './elements/rtc-remote-stream/playback.js';
import './core/subscriptions.js';
import './drivers/embedded/index.js';
import './core/session-facts.js';
import './core/stream-view.js';
import './core/local-capture.js';
import './core/room-session.js';
import './define.js';

export * from './index.js';
