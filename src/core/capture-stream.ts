import type { Publication, StreamType } from '../drivers/driver.js';
import type { Slot } from './capture-slot.js';
import { SCREEN, sizeOf } from './devices.js';
import type { CaptureWish, LocalStream } from './types.js';

/** A stream of this page: one object, and one `mediaStream`, for as long as it lives. */
export class OwnStream implements LocalStream {
  hasAudio = false;
  hasVideo = false;
  readonly mediaStream = new MediaStream();

  constructor(
    readonly type: StreamType,
    private readonly room: () => { readonly userId: string | null } | null,
  ) {}

  get userId(): string | null {
    return this.room()?.userId ?? null;
  }

  /**
   * Becomes what the slots hold; a picture that is on its way back has never gone.
   * @param muted It has a picture, but for the moment no camera.
   */
  take(sound: Slot, picture: Slot, muted: boolean): void {
    const { mediaStream } = this;
    const tracks = [sound, picture].flatMap(({ held }) => held?.track ?? []);
    for (const track of mediaStream.getTracks()) {
      if (!tracks.includes(track)) mediaStream.removeTrack(track);
    }
    for (const track of tracks) mediaStream.addTrack(track);
    this.hasAudio = !!sound.held;
    this.hasVideo = muted || !!(picture.held ?? (this.hasVideo && picture.next));
  }
}

/** What there is to publish of a stream; null: nothing yet. */
export function publicationOf(
  { type, hasAudio, hasVideo }: LocalStream,
  sound: Slot,
  picture: Slot,
  wish: CaptureWish,
): Publication | null {
  // A muted camera alone is published too, but not before the microphone has answered.
  if (!(sound.held ?? picture.held) && (sound.next ?? !hasVideo)) return null;
  const main = type === 'main';
  const audioMuted = main && wish.audioMuted;
  return {
    type,
    hasAudio,
    hasVideo,
    audio: audioMuted && sound.held?.foreign ? null : (sound.held?.track ?? null),
    video: picture.held?.track ?? null,
    audioMuted,
    videoMuted: main && (wish.videoMuted || (hasVideo && !picture.held)),
    audioProfile: main ? wish.audioProfile : 'music',
    ...(main ? sizeOf(wish.profile) : SCREEN),
  };
}
