import { LocalAudioTrack, LocalVideoTrack, TrackEvent } from 'livekit-client';

/**
 * Capture is not livekit-client's: it must neither stop a track nor write its `enabled`, which the
 * page may use. A muted track is held back at the sender instead.
 */
export class OwnAudioTrack extends LocalAudioTrack {
  override stop(): void {
    this.stopMonitor();
  }

  override async checkForSilence(): Promise<boolean> {
    // It would open an AudioContext for each microphone.
    return Promise.resolve(false);
  }

  protected override setTrackMuted(muted: boolean): void {
    setMuted(this, muted);
  }
}

export class OwnVideoTrack extends LocalVideoTrack {
  override stop(): void {
    this.stopMonitor();
  }

  protected override setTrackMuted(muted: boolean): void {
    setMuted(this, muted);
  }
}

export type OwnTrack = OwnAudioTrack | OwnVideoTrack;

function setMuted(track: OwnTrack, muted: boolean): void {
  if (track.isMuted === muted) return;
  track.isMuted = muted;
  track.emit(muted ? TrackEvent.Muted : TrackEvent.Unmuted, track);
}

/** One for each media track: what livekit-client hangs on a media track it never takes off again. */
const known = new WeakMap<MediaStreamTrack, OwnTrack>();

export async function ownTrack(media: MediaStreamTrack): Promise<OwnTrack> {
  const found = known.get(media);
  if (found) return found;
  const { enabled } = media;
  const track = media.kind === 'audio' ? new OwnAudioTrack(media) : new OwnVideoTrack(media);
  known.set(media, track);
  // It begins after the constructor, behind a lock, and then writes `enabled`.
  for (let turn = 0; turn < 20 && !track.mediaStream; turn++) await Promise.resolve();
  media.enabled = enabled;
  return track;
}

/** The same publication with another media track. */
export async function replaceMedia(track: OwnTrack, media: MediaStreamTrack): Promise<void> {
  const { enabled } = media;
  known.delete(track.mediaStreamTrack);
  known.set(media, track);
  await track.replaceTrack(media, true);
  media.enabled = enabled;
  if (track.isMuted) await track.pauseUpstream();
}

/** What stands for a camera that is published while it is off. */
export function placeholder(width: number, height: number): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  canvas.getContext('2d')?.fillRect(0, 0, width, height);
  const [track] = canvas.captureStream(1).getVideoTracks();
  if (!track) throw new Error('A canvas gave no track.');
  return track;
}
