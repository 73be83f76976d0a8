import type { StreamInfo, StreamType } from '../drivers/driver.js';
import type { RtcError } from './errors.js';

/**
 * A stream of another user. One object for as long as it is published; its fields follow the back
 * end, and only the core writes them.
 */
export class RemoteStream {
  /** Another one after a lost connection. */
  declare id: string;
  declare readonly userId: string;
  declare readonly type: StreamType;
  declare hasAudio: boolean;
  declare hasVideo: boolean;
  declare audioMuted: boolean;
  declare videoMuted: boolean;
  /** The user's data, for labels. */
  userData = '';
  /** What is received; null while it is not. */
  audioTrack: MediaStreamTrack | null = null;
  videoTrack: MediaStreamTrack | null = null;
  /** The back end has confirmed that it is received. */
  subscribed = false;
  /** No media arrives although subscribed. */
  failure: RtcError | null = null;
  /** The user speaks (active speaker). */
  speaking = false;
  /** No longer published. */
  ended = false;

  constructor(
    info: StreamInfo,
    readonly roomId: string,
  ) {
    this.update(info);
  }

  /** Takes what the back end says now. */
  update(info: StreamInfo): void {
    Object.assign(this, info);
  }
}
