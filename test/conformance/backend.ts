/** What the conformance suite needs of a back end, to run the same stories on each. */
import type { Site } from '../e2e/serve.js';

/** What a back end may not be able to do, or its test server cannot be made to do. */
export type Capability =
  | 'messages'
  | 'targeted-messages'
  /** Told when a user joins. */
  | 'user-data'
  | 'user-data-change'
  | 'remove'
  | 'ban'
  | 'dismiss'
  | 'moderator-kick'
  | 'same-user-kick'
  | 'drop'
  | 'restart'
  | 'late-audience'
  | 'refused'
  | 'dynacast'
  /** What a stay held is garbage after it. */
  | 'collectable'
  | 'statistics';

export interface Backend {
  readonly name: string;
  /** What it cannot do, and why, in a sentence: each skip is printed with it. */
  readonly lacks: Readonly<Partial<Record<Capability, string>>>;
  /** Its servers are the vendor's: pages may ask others than this machine. */
  readonly remote?: boolean;
  /** Its clients set user data when they are in: who hears of a user before is told right after. */
  readonly lateUserData?: boolean;
  /** Console errors of every page that are the SDK's own doing. */
  readonly noise?: RegExp;
  start(): Promise<RunningBackend>;
}

export interface RunningBackend {
  /** Where the pages stand, when they must be of the back end's own origin. */
  site?: Site;
  /** Attributes of `<rtc-room>` beyond room-id, user-id, user-role, mode and joined. */
  attributes(user: {
    roomId: string;
    userId: string;
    userRole: 'anchor' | 'audience';
    mode: 'rtc' | 'live';
  }): Promise<Record<string, string>>;
  /** More attributes of `<rtc-cross-room-link>`, where it needs a token of its own. */
  linkAttributes?(user: { roomId: string; userId: string }): Promise<Record<string, string>>;
  /** Instead of `attributes`: with a credential that the back end refuses. */
  refused?(user: { roomId: string; userId: string }): Promise<Record<string, string>>;
  /** Through the server's API. `ban`: seconds. */
  removeUser?(roomId: string, userId: string, ban?: number): Promise<void>;
  dismiss?(roomId: string): Promise<void>;
  /** Cuts this user's signalling connection; the client recovers by itself. */
  drop?(userId: string): Promise<void>;
  restart?(): Promise<void>;
  stop(): Promise<void>;
}
