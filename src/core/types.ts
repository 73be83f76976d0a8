import type {
  EndReason,
  Publication,
  RoomMode,
  StreamType,
  TrackKind,
  UserRole,
} from '../drivers/driver.js';
import type { RtcError } from './errors.js';
import type { RemoteStream } from './remote-stream.js';

export type ConnectionState =
  'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'reconnected';
export type CaptureState = 'idle' | 'starting' | 'live' | 'ended' | 'failed';
export type PlaybackState = 'waiting' | 'subscribing' | 'playing' | 'blocked' | 'failed' | 'ended';
export type LinkState = 'idle' | 'connecting' | 'waiting' | 'linked' | 'failed';
export type SubscribeMode = 'all' | 'audio' | 'video' | 'none';
export type LeaveReason = 'leave' | EndReason | 'kicked-by-user' | 'element-removed';

/** A user of the room other than this page's own. */
export interface RemoteUser {
  readonly userId: string;
  readonly userData: string;
  readonly userRole: UserRole;
  readonly streams: readonly RemoteStream[];
}

/** A stream of this page, as events and `localStreams` name it. */
export interface LocalStream {
  readonly type: StreamType;
  readonly userId: string | null;
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
  readonly mediaStream: MediaStream;
}

/** What a token is asked for, and what is sent to `token-url`. */
export interface TokenRequest {
  provider: string;
  appId?: string;
  roomId: string;
  userId?: string;
  userRole: UserRole;
  reason: 'join' | 'role' | 'link' | 'renew';
}

/** What `tokenSource` or `token-url` may answer; what is named wins over the attributes. */
export interface TokenAnswer {
  token?: string;
  userId?: string;
  userRole?: UserRole;
  userData?: string;
  provider?: string;
  url?: string;
  appId?: string;
  privateMapKey?: string;
  /** When to ask for a new one: milliseconds since 1970, seconds since 1970, or an ISO date. */
  expiresAt?: number | string;
}

export type TokenSource = (
  request: TokenRequest,
) => string | TokenAnswer | Promise<string | TokenAnswer>;

/** Everything a page says about its stay in a room; read once per microtask. */
export interface RoomWish {
  joined: boolean;
  provider: string;
  url?: string;
  sdkUrl?: string;
  sdkIntegrity?: string;
  appId?: string;
  /** JSON as written, or parsed. */
  driverOptions?: string | Record<string, unknown>;
  roomId?: string;
  userId?: string;
  userData: string;
  mode: RoomMode;
  userRole: UserRole;
  token?: string;
  tokenUrl?: string;
  tokenSource?: TokenSource;
  kickFrom: readonly string[];
  audioLevels: boolean;
}

/** What a view (a room's own, or a link's) takes of the streams of its room. */
export interface ViewWish {
  subscribe: SubscribeMode;
  /** Only of these users, for the layout and sinks without a user id. Empty: everybody. */
  users: readonly string[];
  /** Whether streams that nothing claims are shown. */
  layout: boolean;
}

/** Where `RoomSession`, views and links report: an element. */
export interface ViewHost {
  /** Fires the event; false when it was cancelled. */
  emit<K extends keyof RtcEventDetails>(type: K, detail: RtcEventDetails[K]): boolean;
  /** Something that rendering reads has changed. Called often; the host batches. */
  changed(): void;
}

export interface SessionHost extends ViewHost {
  /**
   * The wish could not be carried out: set it back, without it counting as a new wish.
   * `userRole` and `userData` come with what is true.
   */
  revert(wish: TakenBack): void;
}

export interface TakenBack {
  joined?: false;
  userRole?: UserRole;
  userData?: string;
}

/** Something that shows a remote stream: a remote-stream element. */
export interface Sink {
  /** For tree order. */
  readonly node: Node;
  readonly userId?: string;
  readonly streamType: StreamType;
  /** Absent: the view's. */
  readonly subscribe?: SubscribeMode;
  /** False: `when="visible"` and off screen; no picture is received. */
  readonly visible: boolean;
  /** Device pixels; 0 when unknown. */
  readonly width: number;
  readonly height: number;
  /** This very stream (property `stream`), whatever the ids say. */
  readonly stream?: RemoteStream | null;
  /** A tile of the layout: shows what the view gave it, claims nothing. */
  readonly tile?: boolean;
  /** The view has decided, or the stream it decided on has changed. `sounds`: play its audio. */
  assigned(stream: RemoteStream | null, sounds: boolean): void;
  /** A gesture was made: play what is blocked. */
  unblock(): Promise<void>;
}

/** A local-stream element's capture, as its session sees it. */
export interface Publisher {
  readonly main?: LocalStream | null;
  readonly auxiliary?: LocalStream | null;
  /** Everything to be published now; asked whenever the session reconciles. */
  publications(): readonly Publication[];
  /** The room joins, or is there, as an anchor: capture; or not any more: stop. */
  roomActive(active: boolean): void;
  /** What the back end has confirmed; null: not published (any more). */
  confirm(type: StreamType, publication: Publication | null): void;
  /** `fatal` when refused, for one when another element publishes that type already. */
  publishFailed(type: StreamType, error: RtcError): void;
}

export type TrackProcessor = (
  track: MediaStreamTrack,
  context: { kind: TrackKind; signal: AbortSignal },
) => MediaStreamTrack | Promise<MediaStreamTrack>;

/** Everything a page says about a local stream; read once per microtask. */
export interface CaptureWish {
  audio: boolean;
  video: boolean;
  screen: boolean;
  screenAudio: boolean;
  audioMuted: boolean;
  videoMuted: boolean;
  microphoneId?: string;
  cameraId?: string;
  facingMode?: string;
  /** `120p` … `1080p`, or `WIDTHxHEIGHT@FPS`. */
  profile: string;
  audioProfile: 'speech' | 'music';
  preview: boolean;
  noPublish: boolean;
  /** Instead of devices. Its tracks are never stopped: they are the page's. */
  mediaStream?: MediaStream | null;
  trackProcessor?: TrackProcessor | null;
}

/** Where a local capture reports: a local-stream element. */
export interface CaptureHost extends ViewHost {
  /** Takes back wishes that cannot be carried out: sets these attributes to absent. */
  revert(names: ('audio' | 'video' | 'screen' | 'preview')[]): void;
}

export interface UserDetail {
  roomId: string;
  userId: string;
  userData: string;
  userRole: UserRole;
}
export interface StreamDetail {
  roomId: string;
  stream: RemoteStream;
}
export interface LocalStreamDetail {
  stream: LocalStream;
}

/** Every event of the contract and its `detail`. */
export interface RtcEventDetails {
  'rtc-connection-state-changed': {
    state: ConnectionState;
    previousState: ConnectionState;
    reason?: LeaveReason;
    error?: RtcError;
  };
  'rtc-joined': { roomId: string; userId: string; userRole: UserRole };
  'rtc-left': { roomId: string; reason: LeaveReason; by?: string };
  'rtc-client-banned': { reason: 'kick' | 'banned' | 'room_disband'; message: string };
  'rtc-waiting': { retryAfter: number };
  'rtc-role-changed': { userRole: UserRole; previousRole: UserRole };
  'rtc-user-joined': UserDetail;
  'rtc-user-updated': UserDetail;
  'rtc-user-left': {
    roomId: string;
    userId: string;
    reason?: 'leave' | 'timeout' | 'kick' | 'banned';
  };
  'rtc-stream-added': StreamDetail;
  'rtc-stream-updated': StreamDetail;
  'rtc-stream-removed': StreamDetail;
  'rtc-stream-subscribed': { stream: RemoteStream };
  'rtc-stream-unsubscribed': { stream: RemoteStream };
  'rtc-playback-state-changed': {
    state: PlaybackState;
    previousState: PlaybackState;
    stream: RemoteStream | null;
  };
  'rtc-autoplay-blocked': { streams: RemoteStream[] };
  'rtc-mute-changed': { roomId: string; userId: string; kind: TrackKind; muted: boolean };
  'rtc-message-received': { id: string; from: string; data: string; timestamp: number };
  'rtc-capture-state-changed': LocalStreamDetail & {
    state: CaptureState;
    previousState: CaptureState;
  };
  'rtc-stream-published': LocalStreamDetail;
  'rtc-stream-unpublished': LocalStreamDetail;
  'rtc-device-changed': LocalStreamDetail & {
    kind: TrackKind;
    deviceId: string;
    label: string;
    reason: 'switched' | 'unplugged';
  };
  'rtc-screen-sharing-stopped': LocalStreamDetail;
  'rtc-link-state-changed': {
    state: LinkState;
    previousState: LinkState;
    roomId: string;
    userId: string | null;
    reason?: LeaveReason;
  };
  'rtc-active-speaker-changed': { userIds: string[] };
  'rtc-network-quality': { uplink: number; downlink: number };
  'rtc-audio-level': { levels: { userId: string; level: number }[] };
  'rtc-request': { name: string; value: string | boolean };
  'rtc-error': { error: RtcError; reverted: string[] };
}
