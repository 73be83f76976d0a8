import type { RtcEventDetails } from '../core/types.js';

export type RtcEventType = keyof RtcEventDetails;

/** What every event of the elements is: bubbling, composed, its `detail` typed by its name. */
export class RtcEvent<K extends RtcEventType> extends CustomEvent<RtcEventDetails[K]> {
  declare readonly type: K;

  constructor(type: K, detail: RtcEventDetails[K]) {
    super(type, {
      detail,
      bubbles: true,
      composed: true,
      cancelable: type === 'rtc-request' || type === 'rtc-stream-added',
    });
  }
}
