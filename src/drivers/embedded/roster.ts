import type { LeftReason, Peer as RemotePeer } from '../../protocol/messages.js';
import type {
  ClientEvent,
  DefaultSubscription,
  StreamInfo,
  StreamType,
  Subscription,
  TrackKind,
  UserInfo,
} from '../driver.js';
import { LAYOUT } from './outgoing.js';

/** One medium of a stream that is published. */
export interface Slot {
  streamId: string;
  session: string;
  userId: string;
  kind: TrackKind;
  line: number;
  wanted: boolean;
  /** Published and not muted. */
  on: boolean;
}

/** Who else is in the room, what they publish, and what is wanted of it. */
export class Roster {
  /** By stream id; undefined, or absent: the join's default. */
  readonly wishes = new Map<string, Subscription | undefined>();
  #peers = new Map<string, RemotePeer>();
  #defaults: DefaultSubscription = { audio: true, video: true };
  #tracks = new Map<string, MediaStreamTrack | null>();

  constructor(private readonly emit: (event: ClientEvent) => void) {}

  /** Everything that is published and wanted. */
  get received(): Slot[] {
    return this.#slots.filter(({ wanted }) => wanted);
  }

  /** Session and type of a stream that is published now. */
  find(streamId: string): { session: string; type: StreamType } | null {
    const [session, type] = streamId.split(':') as [string, StreamType?];
    return type && this.#peers.get(session)?.streams[type] ? { session, type } : null;
  }

  /** What a join has found. */
  begin(peers: readonly RemotePeer[], defaults: DefaultSubscription): void {
    this.#defaults = defaults;
    for (const peer of peers) this.#peers.set(peer.session, peer);
  }

  /** What is as before is told again; the core knows. */
  set(peer: RemotePeer): void {
    const before = this.#peers.get(peer.session);
    this.#peers.set(peer.session, peer);
    this.emit({ type: before ? 'user-updated' : 'user-joined', user: userOf(peer) });
    this.#compare(before, streamsOf(peer));
  }

  remove(session: string, reason: LeftReason): void {
    this.#compare(this.#peers.get(session), []);
    this.#peers.delete(session);
    this.emit({ type: 'user-left', id: session, reason });
  }

  /** Tells which tracks are others than before. What was removed has ended already, with its tracks. */
  tell(trackOf: (session: string, line: number) => MediaStreamTrack | null): void {
    const before = this.#tracks;
    this.#tracks = new Map();
    for (const { streamId, session, kind, line, wanted } of this.#slots) {
      const track = wanted ? trackOf(session, line) : null;
      const key = streamId + kind;
      this.#tracks.set(key, track);
      if (track !== (before.get(key) ?? null)) this.emit({ type: 'track', streamId, kind, track });
    }
  }

  get #slots(): Slot[] {
    return [...this.#peers.values()].flatMap((peer) =>
      LAYOUT.flatMap(([type, kind], line): Slot[] => {
        const stream = peer.streams[type];
        if (!stream) return [];
        const { session, user: userId } = peer;
        const streamId = idOf(peer, type);
        const { only = [userId], ...all } = this.#defaults;
        const wish = this.wishes.get(streamId) ?? (only.includes(userId) ? all : null);
        const wanted = !!stream[kind] && !!wish?.[kind];
        return [{ streamId, session, userId, kind, line, wanted, on: stream[kind] === 'on' }];
      }),
    );
  }

  #compare(before: RemotePeer | undefined, after: StreamInfo[]): void {
    const gone = new Set(before && streamsOf(before).map(({ id }) => id));
    for (const stream of after) {
      this.emit({ type: gone.delete(stream.id) ? 'stream-updated' : 'stream-added', stream });
    }
    for (const streamId of gone) {
      this.wishes.delete(streamId);
      this.emit({ type: 'stream-removed', streamId });
    }
  }
}

const idOf = ({ session }: RemotePeer, type: StreamType): string => `${session}:${type}`;

export function userOf({
  session: id,
  user: userId,
  data: userData,
  role: userRole,
}: RemotePeer): UserInfo {
  return { id, userId, userData, userRole };
}

export function streamsOf(peer: RemotePeer): StreamInfo[] {
  return (['main', 'auxiliary'] as const).flatMap((type) => {
    const { audio, video } = peer.streams[type] ?? {};
    return audio || video
      ? {
          id: idOf(peer, type),
          userId: peer.user,
          type,
          hasAudio: !!audio,
          hasVideo: !!video,
          audioMuted: audio === 'muted',
          videoMuted: video === 'muted',
        }
      : [];
  });
}
