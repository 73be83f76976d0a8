/**
 * The embedded back end's wire: JSON text frames over one WebSocket, shared by
 * drivers/embedded/ (types only) and server/. Validators stand in validators.ts (server only).
 *
 * Each frame is `{ n, a, m }` (a `Frame`): `n` numbers the sender's frames from 1, `a` is the last
 * `n` of the other side that was received, `m` the message. Before a session exists
 * (`join`, `resume` and their direct answers) `n` is 0 and nothing is kept for replay. Frames with
 * `n` > 0 are kept by their sender until acknowledged and sent again after a resume; a receiver
 * drops an `n` it has seen. A frame with an empty message (`m` absent) is an acknowledgement only.
 *
 * While its socket opens, a page may POST a `join` with an `offer` to the socket's address: the frame as
 * it sends it over the socket then, to the byte. The answer says nothing; the socket brings `joined`.
 */
import type { StreamType, UserRole, RoomMode } from '../drivers/driver.js';

export const PROTOCOL = 'rtc-elements.1';
/** Bounds of what is kept for replay, per direction; beyond, the session has expired. */
export const REPLAY_MESSAGES = 256;
export const REPLAY_BYTES = 256 * 1024;
export const MAX_PAYLOAD = 64 * 1024;
export const MAX_SDP = 32 * 1024;

export interface Frame<M> {
  n: number;
  a: number;
  m?: M;
}

/** Media ids (mids) of the fixed layout, by stream type and kind. */
export const MIDS = {
  main: { audio: '0', video: '1' },
  auxiliary: { audio: '3', video: '2' },
} as const;

export type TrackState = 'on' | 'muted';
/** What a session publishes: an absent key is not published. */
export interface PublishedStream {
  audio?: TrackState;
  video?: TrackState;
}
export type PublishedStreams = Partial<Record<StreamType, PublishedStream>>;

/** Somebody else in the room. `user` may occur twice: once as a link's audience. */
export interface Peer {
  session: string;
  user: string;
  data: string;
  role: UserRole;
  link?: true;
  streams: PublishedStreams;
}

/** What is wanted of one stream; `h` is the tile's height in device pixels. */
export interface StreamWish {
  session: string;
  type: StreamType;
  audio: boolean;
  video: boolean;
  h?: number;
}

/** How much to receive of whoever publishes, until told otherwise stream by stream. */
export interface DefaultWish {
  audio: boolean;
  video: boolean;
  only?: readonly string[];
}

export interface JoinMessage {
  t: 'join';
  room: string;
  mode: RoomMode;
  role: UserRole;
  /** Absent: the token names the user, or (--dev) the server gives a guest id. */
  user?: string;
  data?: string;
  token?: string;
  link?: true;
  /** A session of this page that ended with `connection-lost`; joined again by itself. */
  previous?: string;
  want: DefaultWish;
  streams: PublishedStreams;
  /** An offer that was made, not set; given to one member, or dropped. */
  offer?: string;
}

export interface ResumeMessage {
  t: 'resume';
  session: string;
  token: string;
}

/** Requests carry `id`, answered by one `reply` with the same `id`. */
export type ClientMessage =
  | JoinMessage
  | ResumeMessage
  | { t: 'leave' }
  | { t: 'role'; id: number; role: UserRole; token?: string }
  /** The whole of what this session publishes from now on. */
  | { t: 'publish'; id: number; streams: PublishedStreams }
  /** Changes to what this session receives; the streams not named stay as they are. */
  | { t: 'subscribe'; id: number; wishes: StreamWish[] }
  | { t: 'data'; id: number; data: string }
  | { t: 'message'; id: number; data: string; to?: string[] }
  | { t: 'kick'; id: number; user: string }
  /** ICE servers anew, before an ICE restart. */
  | { t: 'ice'; id: number }
  | { t: 'signal'; conn: string; signal: Signal }
  /** A connection on which nothing arrives, also after an ICE restart: another in its place. */
  | { t: 'renew'; conn: string };

/** Within one connection. `restart` is the answerer asking the offerer for an ICE restart. */
export type Signal =
  | { sdp: { type: 'offer' | 'answer'; sdp: string } }
  | {
      candidate: {
        candidate: string;
        sdpMid: string | null;
        sdpMLineIndex: number | null;
        usernameFragment: string | null;
      } | null;
    }
  | { restart: true };

export interface IceConfig {
  servers: { urls: string | string[]; username?: string; credential?: string }[];
  policy: 'all' | 'relay';
}

/**
 * A connection between this session and `peer`. The one with `offerer: true` sends an SDP offer in a
 * `signal`; `offer` is the peer's offer from its join message, to be answered at once.
 * `parked: true`: the offer of this session's own join message was given to that peer; set it now.
 */
export interface Connect {
  conn: string;
  peer: string;
  offerer: boolean;
  parked?: true;
  offer?: string;
  /** The connection in whose place it comes; that one is signalled over no more. */
  replaces?: string;
}

export type LeftReason = 'leave' | 'timeout' | 'kick' | 'banned';
export type EndedReason = 'kick' | 'banned' | 'room_disband' | 'token-expired';

export type ErrorCode =
  | 'argument'
  | 'state'
  | 'auth'
  | 'forbidden'
  | 'join-failed'
  | 'room-full'
  | 'unsupported'
  | 'stream-gone'
  | 'network';
export interface WireError {
  code: ErrorCode;
  message: string;
  /** Set when a rejoin is refused because the earlier session was ended for this reason. */
  ended?: EndedReason;
}

export interface JoinedMessage {
  t: 'joined';
  session: string;
  /** For the next `resume`; a new one comes with every `resumed`. */
  resume: string;
  user: string;
  data: string;
  role: UserRole;
  peers: Peer[];
  ice: IceConfig;
  /** Connections that start with this join, in both directions. */
  connections: Connect[];
  /** True when the token allows `kick`. */
  moderator?: true;
  /** The server is heard within so many milliseconds, if only by an acknowledgement; or the socket is dead. */
  alive?: number;
}

export type ServerMessage =
  | JoinedMessage
  /** n = 0: the answer to `join` or `resume` that failed; the socket is closed after it. */
  | { t: 'refused'; error: WireError }
  /** n = 0. Replay follows. `received` is the last frame number the server had of the client. */
  | { t: 'resumed'; resume: string; received: number; ice: IceConfig }
  | { t: 'reply'; id: number; error?: WireError; ice?: IceConfig }
  | { t: 'peer-joined'; peer: Peer }
  /** Also for streams: the whole of what the peer publishes now. */
  | { t: 'peer-updated'; peer: Peer }
  | { t: 'peer-left'; session: string; reason: LeftReason }
  | { t: 'connect'; connect: Connect }
  | { t: 'disconnect'; conn: string }
  /** What `session` (a viewer) wants of this publisher's streams now: exactly this, by type. */
  | { t: 'wanted'; session: string; wishes: Omit<StreamWish, 'session'>[] }
  | { t: 'signal'; conn: string; signal: Signal }
  | { t: 'message'; id: string; from: string; data: string; timestamp: number }
  /** The server changed this session's role itself. */
  | { t: 'role'; role: UserRole }
  /** The stay is over. The socket is closed after it. */
  | { t: 'ended'; reason: EndedReason; message: string };

/** WebSocket close codes of the server. 1000 and 1001 from a client are an immediate leave. */
export const CLOSE = {
  ended: 4000,
  refused: 4001,
  malformed: 4002,
  tooSlow: 4003,
  joinTimeout: 4004,
  shuttingDown: 1012,
} as const;
