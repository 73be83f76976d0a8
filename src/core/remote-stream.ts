import type { StreamInfo, StreamType } from '../drivers/driver.js';
import type { RtcError } from './errors.js';

/**
 * A stream of another user. One object for as long as it is published; its fields follow the back
 * end, and only the core writes them.
 */
export class RemoteStream {
  /** Another one after a lost connection. */
  id: string;
  readonly userId: string;
  readonly type: StreamType;
  readonly roomId: string;
  hasAudio = false;
  hasVideo = false;
  audioMuted = false;
  videoMuted = false;
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

  constructor(info: StreamInfo, roomId: string) {
    this.id = info.id;
    this.userId = info.userId;
    this.type = info.type;
    this.roomId = roomId;
    this.update(info);
  }

  /** Takes what the back end says now; tells what of it is new. */
  update(info: StreamInfo): { audioMuted: boolean; videoMuted: boolean } {
    const changed = {
      audioMuted: info.audioMuted !== this.audioMuted,
      videoMuted: info.videoMuted !== this.videoMuted,
    };
    this.id = info.id;
    this.hasAudio = info.hasAudio;
    this.hasVideo = info.hasVideo;
    this.audioMuted = info.audioMuted;
    this.videoMuted = info.videoMuted;
    return changed;
  }
}
