/**
 * What a back end is to the core: interfaces only. A driver translates; it holds no policy.
 *
 * What a back end cannot do is an absent optional member of its client, never a method that
 * throws. Every failure is an `RtcError` (core/errors.ts). Streams are handed over as
 * `MediaStreamTrack`s; playing them is the elements' work.
 */

export type UserRole = 'anchor' | 'audience';
export type RoomMode = 'rtc' | 'live';
export type StreamType = 'main' | 'auxiliary';
export type TrackKind = 'audio' | 'video';
/** Why a client is not in its room any more, as told by the back end. */
export type EndReason = 'kick' | 'banned' | 'room_disband' | 'connection-lost' | 'token-expired';

/** What the token endpoint, a token function or the attributes say about who the user is. */
export interface Credentials {
  token?: string;
  userId?: string;
  userRole?: UserRole;
  userData?: string;
  privateMapKey?: string;
}

export interface Driver {
  readonly name: string;
  /** The keys of `driver-options` that this back end knows; any other is an `argument` error. */
  readonly optionKeys: readonly string[];
  /**
   * A client for one stay in one room: created, joined once, left, destroyed. Creating one
   * acquires nothing; `listener` hears its events from then on until `destroy()`.
   */
  createClient(config: ClientConfig, listener: ClientListener): Client;
}

export interface ClientConfig {
  roomId: string;
  mode: RoomMode;
  /** True for a cross-room link: an audience that kicks nobody, under an id used elsewhere too. */
  link: boolean;
  userId?: string;
  url?: string;
  appId?: string;
  sdkUrl?: string;
  sdkIntegrity?: string;
  options: Readonly<Record<string, unknown>>;
}

export interface JoinRequest {
  credentials: Credentials;
  role: UserRole;
  userData: string;
  /** What is captured already; more follows through `publish`. Empty for an audience. */
  publications: readonly Publication[];
  /** What to receive of streams the core has not been told of yet. It corrects this after. */
  subscribe: DefaultSubscription;
  /**
   * Set when the core joins again by itself after `connection-lost`: the ended session, so that
   * the back end can refuse who was removed, or replaced elsewhere, meanwhile.
   */
  previousSession?: string;
}

export interface DefaultSubscription {
  audio: boolean;
  video: boolean;
  /** Only of these users; absent: of everybody. */
  only?: readonly string[];
}

export interface JoinResult {
  /** As the back end confirmed it. */
  userId: string;
  role: UserRole;
  userData: string;
  /** Names this stay; see `JoinRequest.previousSession`. */
  session?: string;
  users: UserInfo[];
  streams: StreamInfo[];
  /**
   * The types of `JoinRequest.publications` that the join has published already.
   */
  published: StreamType[];
}

/** A remote user. `id` is unique in the room; a user id may occur twice (a link). */
export interface UserInfo {
  id: string;
  userId: string;
  userData: string;
  userRole: UserRole;
}

/** A remote stream as announced, before anything of it is received. */
export interface StreamInfo {
  id: string;
  userId: string;
  type: StreamType;
  hasAudio: boolean;
  hasVideo: boolean;
  audioMuted: boolean;
  videoMuted: boolean;
}

/** What is published under one stream type. Publishing the same type again changes it in place. */
export interface Publication {
  type: StreamType;
  /** Whether the stream has sound or a picture at all; a muted camera has no track, but is there. */
  hasAudio: boolean;
  hasVideo: boolean;
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
  audioMuted: boolean;
  videoMuted: boolean;
  audioProfile: 'speech' | 'music';
  /** Wanted size in pixels, and frames per second. */
  width: number;
  height: number;
  frameRate: number;
}

/** What is wanted of one remote stream; `width` and `height` are the tile's size in device pixels. */
export interface Subscription {
  audio: boolean;
  video: boolean;
  width?: number;
  height?: number;
}

export interface Client {
  /** The back end's own object, to look at. */
  readonly native: unknown;
  /** Opens what can be opened before the credentials are there (a socket, an offer). */
  warm?(): void;
  /** Settles once. An aborted join is undone by the driver before it rejects. */
  join(request: JoinRequest, signal: AbortSignal): Promise<JoinResult>;
  /** Ends the stay; idempotent, never rejects for being out already. */
  leave(): Promise<void>;
  /** Releases everything at once, in any state; idempotent. No event after it. */
  destroy(): void;
  switchRole(role: UserRole, credentials: Credentials, signal: AbortSignal): Promise<void>;
  /** Makes what is published under `publication.type` exactly this. */
  publish(publication: Publication, signal: AbortSignal): Promise<void>;
  unpublish(type: StreamType, signal: AbortSignal): Promise<void>;
  /** Makes what is received of a stream exactly this. Calls of one task are one exchange. */
  subscribe(streamId: string, wanted: Subscription, signal: AbortSignal): Promise<void>;
  unsubscribe(streamId: string, signal: AbortSignal): Promise<void>;
  /** `to` absent: everybody but the sender. */
  sendMessage?(data: string, to?: readonly string[]): Promise<void>;
  /** Removes a user through the back end; `forbidden` when the token may not. */
  kick?(userId: string): Promise<void>;
  setUserData?(userData: string): Promise<void>;
  /** A renewed token while joined. */
  updateToken?(credentials: Credentials): Promise<void>;
  /** Whether `audio-levels` events are wanted. */
  setAudioLevels?(wanted: boolean): void;
  getStats?(): Promise<RTCStatsReport[]>;
  /** After `connection-lost`, where media plays on: makes what is sent exactly this. */
  follow?(publications: readonly Publication[]): void;
  /** The same: settles when those of whom nothing is received take nothing from here any more. */
  drained?(): Promise<unknown>;
}

export type ClientEvent =
  /** The connection dropped and the driver is bringing it back by itself, or it is back. */
  | { type: 'reconnecting' }
  | { type: 'reconnected' }
  | { type: 'user-joined'; user: UserInfo }
  | { type: 'user-updated'; user: UserInfo }
  | { type: 'user-left'; id: string; reason?: 'leave' | 'timeout' | 'kick' | 'banned' }
  | { type: 'stream-added'; stream: StreamInfo }
  /** Also for mute changes. */
  | { type: 'stream-updated'; stream: StreamInfo }
  | { type: 'stream-removed'; streamId: string }
  /** The media of a subscribed stream; null: none (any more). */
  | { type: 'track'; streamId: string; kind: TrackKind; track: MediaStreamTrack | null }
  /** No media arrives although subscribed, or it does again (`error` absent). */
  | { type: 'stream-health'; streamId: string; error?: Error }
  | { type: 'message'; id: string; from: string; data: string; timestamp: number }
  /** The back end itself took a role away, or gave one. */
  | { type: 'role'; role: UserRole }
  | { type: 'active-speakers'; userIds: string[] }
  | { type: 'network-quality'; uplink: number; downlink: number }
  | { type: 'audio-levels'; levels: { userId: string; level: number }[] }
  /** The stay is over; the core destroys the client and never leaves it. */
  | { type: 'ended'; reason: EndReason; message: string }
  /** Something failed that no call is waiting for; an `RtcError`. */
  | { type: 'error'; error: Error };

export type ClientListener = (event: ClientEvent) => void;
