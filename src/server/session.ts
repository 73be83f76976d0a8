import type { StreamType, UserRole } from '../drivers/driver.js';
import type {
  DefaultWish,
  Peer,
  PublishedStreams,
  ServerMessage,
  StreamWish,
} from '../protocol/messages.js';
import type { Room } from './room.js';

/** Where a session's messages go: a socket, or what is kept for its next one. */
export interface Outbox {
  send(message: ServerMessage): void;
  /** The session is over; what was sent is still delivered. */
  end(): void;
}

/** One client's stay in a room. A user may have several: a link's beside an anchor's own. */
export interface Session {
  readonly id: string;
  readonly room: Room;
  readonly user: string;
  readonly link: boolean;
  moderator: boolean;
  /** The highest role that its latest token allows. */
  limit: UserRole;
  /** Grows with every join: who has been here longer. */
  readonly order: number;
  outbox: Outbox;
  readonly want: DefaultWish;
  /** Explicit wishes, by stream id; they beat the default. */
  wishes?: Map<string, StreamWish>;
  /** The last `wanted` sent to this publisher, by viewer. */
  readonly told: Map<string, number | string>;
  data: string;
  role: UserRole;
  streams: PublishedStreams;
  resumeToken: string;
  /** When its token ends, in seconds since 1970; it outlives that until the next check. */
  tokenExpires: number;
  lastHeard: number;
  cancelTimer?: () => void;
}

export const TYPES: readonly StreamType[] = ['main', 'auxiliary'];

export function streamId(session: string, type: StreamType): string {
  return `${session}:${type}`;
}

export function toPeer({ id, user, data, role, link, streams }: Session): Peer {
  return { session: id, user, data, role, ...(link && { link }), streams };
}

/** What `viewer` wants of one stream of `publisher`, published or not. */
export function wishFor(
  viewer: Session,
  publisher: Session,
  type: StreamType,
): Omit<StreamWish, 'session'> {
  const explicit = viewer.wishes?.get(streamId(publisher.id, type));
  if (explicit) {
    const { audio, video, h } = explicit;
    return { type, audio, video, ...(h !== undefined && { h }) };
  }
  const covered = covers(viewer.want, publisher.user);
  return { type, audio: covered && viewer.want.audio, video: covered && viewer.want.video };
}

export function covers({ audio, video, only }: DefaultWish, user: string): boolean {
  return (audio || video) && (!only || only.includes(user));
}

/** Whether media can flow from `publisher` to `viewer`. */
export function receives(viewer: Session, publisher: Session): boolean {
  if (publisher.role !== 'anchor' || viewer === publisher) return false;
  if (!viewer.wishes) return covers(viewer.want, publisher.user);
  return TYPES.some((type) => {
    const { audio, video } = wishFor(viewer, publisher, type);
    return audio || video;
  });
}
