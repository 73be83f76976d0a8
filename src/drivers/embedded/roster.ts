import type {
  DefaultWish,
  LeftReason,
  Peer as RemotePeer,
  PublishedStream,
} from '../../protocol/messages.js';
import type {
  ClientEvent,
  StreamInfo,
  StreamType,
  Subscription,
  TrackKind,
  UserInfo,
} from '../driver.js';
import { LAYOUT } from './outgoing.js';

const TYPES: readonly StreamType[] = ['main', 'auxiliary'];

/** One medium that could be received. */
export interface Slot {
  streamId: string;
  session: string;
  userId: string;
  kind: TrackKind;
  line: number;
  /** Published and not muted. */
  on: boolean;
}

/** Who else is in the room, what they publish, and what is wanted of it. */
export class Roster {
  readonly peers = new Map<string, RemotePeer>();
  #wishes = new Map<string, Subscription>();
  #tracks = new Map<string, MediaStreamTrack | null>();

  constructor(
    private readonly defaults: DefaultWish,
    private readonly emit: (event: ClientEvent) => void,
  ) {}

  get users(): UserInfo[] {
    return [...this.peers.values()].map(userOf);
  }

  get streams(): StreamInfo[] {
    return [...this.peers.values()].flatMap((peer) =>
      TYPES.flatMap((type) => infoOf(peer, type) ?? []),
    );
  }

  /** Everything that is published and wanted. */
  get received(): Slot[] {
    return [...this.peers.values()].flatMap((peer) =>
      LAYOUT.flatMap(([type, kind], line): Slot[] => {
        const state = peer.streams[type]?.[kind];
        if (!state || !this.#wish(peer, type)[kind]) return [];
        const { session, user: userId } = peer;
        return [
          { streamId: `${session}:${type}`, session, userId, kind, line, on: state === 'on' },
        ];
      }),
    );
  }

  /** Session and type of a stream that is published now. */
  find(streamId: string): { session: string; type: StreamType } | null {
    const [session, type] = streamId.split(':') as [string, StreamType?];
    return type && this.peers.get(session)?.streams[type] ? { session, type } : null;
  }

  explicit(streamId: string): Subscription | undefined {
    return this.#wishes.get(streamId);
  }

  /** `wish` absent: back to the join's default. */
  want(streamId: string, wish: Subscription | undefined): void {
    if (wish) this.#wishes.set(streamId, wish);
    else this.#wishes.delete(streamId);
  }

  set(peer: RemotePeer): void {
    const before = this.peers.get(peer.session);
    this.peers.set(peer.session, peer);
    if (!before) {
      this.emit({ type: 'user-joined', user: userOf(peer) });
    } else if (before.data !== peer.data || before.role !== peer.role) {
      this.emit({ type: 'user-updated', user: userOf(peer) });
    }
    for (const type of TYPES) this.#compare(before && infoOf(before, type), infoOf(peer, type));
  }

  remove(session: string, reason: LeftReason): void {
    const peer = this.peers.get(session);
    if (!peer) return;
    this.peers.delete(session);
    for (const type of TYPES) this.#compare(infoOf(peer, type), undefined);
    this.emit({ type: 'user-left', id: session, reason });
  }

  /** Tells which tracks are others than before. */
  tell(trackOf: (session: string, line: number) => MediaStreamTrack | null): void {
    const before = this.#tracks;
    this.#tracks = new Map();
    for (const { streamId, session, kind, line } of this.received) {
      this.#tracks.set(`${streamId}:${kind}`, trackOf(session, line));
    }
    for (const key of new Set([...before.keys(), ...this.#tracks.keys()])) {
      const track = this.#tracks.get(key) ?? null;
      const [session, type, kind] = key.split(':') as [string, StreamType, TrackKind];
      const streamId = `${session}:${type}`;
      // What was removed has ended already, with its tracks.
      if (track === (before.get(key) ?? null) || !this.find(streamId)) continue;
      this.emit({ type: 'track', streamId, kind, track });
    }
  }

  #wish(peer: RemotePeer, type: StreamType): Subscription {
    const { audio, video, only } = this.defaults;
    const given = !only || only.includes(peer.user);
    return (
      this.#wishes.get(`${peer.session}:${type}`) ?? {
        audio: given && audio,
        video: given && video,
      }
    );
  }

  #compare(before: StreamInfo | undefined, after: StreamInfo | undefined): void {
    if (after && !before) {
      this.emit({ type: 'stream-added', stream: after });
    } else if (after && JSON.stringify(after) !== JSON.stringify(before)) {
      this.emit({ type: 'stream-updated', stream: after });
    } else if (before && !after) {
      this.#wishes.delete(before.id);
      this.emit({ type: 'stream-removed', streamId: before.id });
    }
  }
}

function userOf({
  session: id,
  user: userId,
  data: userData,
  role: userRole,
}: RemotePeer): UserInfo {
  return { id, userId, userData, userRole };
}

function infoOf(
  { session, user: userId, streams }: RemotePeer,
  type: StreamType,
): StreamInfo | undefined {
  const stream: PublishedStream = streams[type] ?? {};
  const { audio, video } = stream;
  if (!audio && !video) return undefined;
  return {
    id: `${session}:${type}`,
    userId,
    type,
    hasAudio: !!audio,
    hasVideo: !!video,
    audioMuted: audio === 'muted',
    videoMuted: video === 'muted',
  };
}
