import { RtcEvent } from './rtc-event.js';

/** A control or command is about to write an attribute. Cancel it to prevent that. */
export class RtcRequestEvent extends RtcEvent<'rtc-request'> {}
/** Something failed; `reverted` names the attributes taken back. */
export class RtcErrorEvent extends RtcEvent<'rtc-error'> {}

/** The classes of what an element can fire before the core is there. */
export const idleEvents = { 'rtc-request': RtcRequestEvent, 'rtc-error': RtcErrorEvent };
