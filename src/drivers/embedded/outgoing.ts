import type { PublishedStream, PublishedStreams, StreamWish } from '../../protocol/messages.js';
import type { Publication, StreamType, TrackKind } from '../driver.js';
import { audioBitrate, first, shareVideo, type VideoEncoding, type VideoWish } from './quality.js';

/** The fixed layout: which media each m-line carries, in their order. */
export const LAYOUT: readonly (readonly [StreamType, TrackKind])[] = [
  ['main', 'audio'],
  ['main', 'video'],
  ['auxiliary', 'video'],
  ['auxiliary', 'audio'],
];

export type Wanted = Omit<StreamWish, 'session'>;

/** What one m-line of one viewer's connection sends. */
export interface Sending {
  track: MediaStreamTrack;
  encoding: Partial<VideoEncoding> & { priority?: RTCPriorityType };
  screen?: boolean;
  /** It is to grow. */
  small?: boolean;
}

export function publishedStreams(publications: Iterable<Publication>): PublishedStreams {
  const streams: PublishedStreams = {};
  for (const { type, hasAudio, hasVideo, audioMuted, videoMuted } of publications) {
    const stream: PublishedStream = {};
    if (hasAudio) stream.audio = audioMuted ? 'muted' : 'on';
    if (hasVideo) stream.video = videoMuted ? 'muted' : 'on';
    if (hasAudio || hasVideo) streams[type] = stream;
  }
  return streams;
}

/** Tells the encoders what they are given; a page's own choice stands. */
export function hint({ type, audio, video, audioProfile }: Publication): void {
  if (video && type === 'auxiliary') video.contentHint ||= 'detail';
  if (audio && audioProfile === 'music') audio.contentHint ||= 'music';
}

/** What is published, who wants what of it, and so what each connection sends. */
export class Outgoing {
  readonly publications = new Map<StreamType, Publication>();
  /** By session. */
  readonly wanted = new Map<string, readonly Wanted[]>();
  #pictures = new Map<string, VideoEncoding>();

  constructor(private readonly uplink: number) {}

  get streams(): PublishedStreams {
    return publishedStreams(this.publications.values());
  }

  /** After any change: shares the uplink anew among those who receive a picture. */
  plan(): void {
    let budget = this.uplink;
    const wishes = new Map<string, VideoWish>();
    for (const [session, wanted] of this.wanted) {
      for (const { type, h } of wanted) {
        const publication = this.publications.get(type);
        if (!publication) continue;
        if (this.#track(session, type, 'audio')) budget -= audioBitrate(publication.audioProfile);
        const settings = this.#track(session, type, 'video')?.getSettings();
        if (!settings) continue;
        const { frameRate } = publication;
        const { width, height } = { ...publication, ...settings };
        wishes.set(session + type, { width, height, frameRate, screen: type === 'auxiliary', h });
      }
    }
    this.#pictures = shareVideo(wishes, Math.max(0, budget));
  }

  /**
   * What goes to a session on an m-line now; null: nothing.
   * @param begins No picture went there yet.
   */
  to(session: string, line: number, begins = false): Sending | null {
    const [type, kind] = LAYOUT[line] ?? [];
    const publication = type && this.publications.get(type);
    const track = type && kind && this.#track(session, type, kind);
    if (!track || !publication) return null;
    if (kind === 'audio') {
      const maxBitrate = audioBitrate(publication.audioProfile);
      return { track, encoding: { maxBitrate, priority: 'high' } };
    }
    const screen = type === 'auxiliary';
    const planned = this.#pictures.get(session + type);
    const encoding = begins && planned && !screen ? first(planned, track) : { ...planned };
    const small = encoding.scaleResolutionDownBy !== planned?.scaleResolutionDownBy;
    return { track, screen, encoding, small };
  }

  #track(session: string, type: StreamType, kind: TrackKind): MediaStreamTrack | null {
    const wish = this.wanted.get(session)?.find((one) => one.type === type);
    const track = wish?.[kind] ? this.publications.get(type)?.[kind] : null;
    return track?.readyState === 'live' ? track : null;
  }
}
