import {
  AudioPresets,
  ParticipantEvent,
  Track,
  type LocalParticipant,
  type TrackPublishOptions,
} from 'livekit-client';
import type { Publication, StreamType, TrackKind } from '../driver.js';
import { ownTrack, placeholder, replaceMedia, type OwnTrack } from './tracks.js';

const SOURCES: Readonly<Record<StreamType, Readonly<Record<TrackKind, Track.Source>>>> = {
  main: { audio: Track.Source.Microphone, video: Track.Source.Camera },
  auxiliary: { audio: Track.Source.ScreenShareAudio, video: Track.Source.ScreenShare },
};

interface Published {
  track: OwnTrack;
  options: TrackPublishOptions;
  /** What stands for a camera that is off. */
  stand?: MediaStreamTrack;
}

/** What this client publishes, on its way to what is wanted: one change at a time for each source. */
export class Outgoing {
  #published = new Map<Track.Source, Published>();
  #last = new Map<Track.Source, Promise<void>>();

  constructor(private readonly local: LocalParticipant) {
    local.on(ParticipantEvent.LocalSenderCreated, this.#onSender);
  }

  /** The id of the microphone's track, while it is heard. */
  get microphone(): string | undefined {
    const track = this.#published.get(Track.Source.Microphone)?.track;
    return track?.isMuted ? undefined : track?.mediaStreamTrack.id;
  }

  async publish(publication: Publication): Promise<void> {
    const { audio, video } = SOURCES[publication.type];
    await all([
      this.#queue(audio, () => this.#audio(audio, publication)),
      this.#queue(video, () => this.#video(video, publication)),
    ]);
  }

  async unpublish(type: StreamType): Promise<void> {
    await all(
      Object.values(SOURCES[type]).map((source) => this.#queue(source, () => this.#end(source))),
    );
  }

  /** Everything again, after the Room has connected anew. */
  async restore(): Promise<void> {
    await all(
      [...this.#published].map(([source]) => this.#queue(source, () => this.#restore(source))),
    );
  }

  /** LiveKit has taken all of it back. */
  forget(): void {
    for (const { stand } of this.#published.values()) stand?.stop();
    this.#published.clear();
  }

  close(): void {
    this.local.off(ParticipantEvent.LocalSenderCreated, this.#onSender);
    this.forget();
  }

  async #audio(source: Track.Source, publication: Publication): Promise<void> {
    const { hasAudio, audio, audioMuted, audioProfile } = publication;
    if (!hasAudio || !audio) return this.#end(source);
    const music = audioProfile === 'music';
    if (music && !audio.contentHint) audio.contentHint = 'music';
    const options: TrackPublishOptions = music
      ? {
          source,
          audioPreset: AudioPresets.musicHighQualityStereo,
          dtx: false,
          red: false,
          forceStereo: true,
        }
      : { source };
    await this.#put(source, audio, audioMuted, options);
  }

  async #video(source: Track.Source, publication: Publication): Promise<void> {
    const { hasVideo, video, videoMuted, width, height } = publication;
    const is = this.#published.get(source);
    if (!hasVideo) return this.#end(source);
    const screen = source === Track.Source.ScreenShare;
    if (video && !video.contentHint && screen) video.contentHint = 'detail';
    const options: TrackPublishOptions = { source, simulcast: true, videoCodec: 'vp8' };
    if (video) return this.#put(source, video, videoMuted, options);
    // Off, or on its way back from it.
    if (is) return mute(is.track);
    // Being opened: it comes with the track.
    if (!videoMuted) return;
    // LiveKit publishes nothing that has no track.
    const stand = placeholder(width, height);
    await this.#put(source, stand, true, options, stand);
  }

  async #put(
    source: Track.Source,
    media: MediaStreamTrack,
    muted: boolean,
    options: TrackPublishOptions,
    stand?: MediaStreamTrack,
  ): Promise<void> {
    let is = this.#published.get(source);
    if (is && JSON.stringify(is.options) !== JSON.stringify(options)) {
      await this.#end(source);
      is = undefined;
    }
    if (!is) {
      const track = await ownTrack(media);
      track.isMuted = muted;
      this.#published.set(source, { track, options, stand });
      await this.#restore(source);
      return;
    }
    if (is.track.mediaStreamTrack !== media) {
      await replaceMedia(is.track, media);
      is.stand?.stop();
      is.stand = stand;
    }
    await (muted ? mute(is.track) : unmute(is.track));
  }

  async #restore(source: Track.Source): Promise<void> {
    const is = this.#published.get(source);
    if (!is) return;
    const { track, options } = is;
    try {
      // livekit-client writes into the options that it is given.
      await this.local.publishTrack(track, { ...options });
      if (track.isMuted) await track.pauseUpstream();
    } catch (error) {
      if (this.#published.get(source) === is) this.#published.delete(source);
      is.stand?.stop();
      throw error;
    }
  }

  async #end(source: Track.Source): Promise<void> {
    const is = this.#published.get(source);
    if (!is) return;
    this.#published.delete(source);
    is.stand?.stop();
    await this.local.unpublishTrack(is.track, false);
  }

  #queue(source: Track.Source, act: () => Promise<void>): Promise<void> {
    const done = (this.#last.get(source) ?? Promise.resolve()).then(act);
    this.#last.set(
      source,
      done.catch(() => undefined),
    );
    return done;
  }

  /** A muted track is never sent, not even until it is published. */
  #onSender = (sender: RTCRtpSender, track: Track): void => {
    if (track.isMuted) void sender.replaceTrack(null).catch(() => undefined);
  };
}

async function mute(track: OwnTrack): Promise<void> {
  await track.mute();
  await track.pauseUpstream();
}

async function unmute(track: OwnTrack): Promise<void> {
  await track.resumeUpstream();
  await track.unmute();
}

/** Waits for all of them, and fails with the first that failed. */
async function all(steps: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(steps);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
