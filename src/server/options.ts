import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import type { IceConfig } from '../protocol/messages.js';
import type { UserRole } from '../drivers/driver.js';
import { readLiveKit, type LiveKitOptions, type LiveKitSettings } from './livekit-options.js';
import { readIce, type IceSettings, type Relay, type TurnOptions } from './ice.js';
import type { TokenMinter } from './minters.js';
import { readProxies } from './addresses.js';

/** What `token-url` was asked; everything in it is the page's claim. */
export interface TokenAsk {
  provider: string;
  appId?: string;
  roomId: string;
  userId?: string;
  userRole: UserRole;
  reason: 'join' | 'role' | 'link' | 'renew';
}

/** Who the site says the user is. `waiting`: not let in yet, ask again after so many seconds. */
export type Authenticated =
  | {
      userId: string;
      /** The highest role; default `anchor`. */
      userRole?: UserRole;
      userData?: string;
      /** May remove users. */
      moderator?: boolean;
    }
  | { waiting: number }
  | null;

export interface Timers {
  /** A room closes this long after its last user has left, in ms; default 10,000. */
  emptyAfterLeave: number;
  /** A room made by the API closes when nobody came, in ms; default 30,000. */
  emptyAfterCreate: number;
  /** A user of whom nothing is heard has left after this, in ms; default 30,000. */
  silent: number;
  /** How long an ended session and its reason are remembered, in ms; default 600,000. */
  endedMemory: number;
  /** A socket that has not joined by then is closed, in ms; default 5,000. */
  join: number;
}

export interface RoomServerOptions {
  /**
   * Open, for a developer's own machine: no token needed, guest ids, loopback only. Default false.
   */
  dev?: boolean;
  /** Secrets of at least 32 bytes for tokens: the first signs, all verify (rotation). */
  secrets?: readonly string[];
  /** `aud` of the tokens; default `rtc-elements`. */
  audience?: string;
  /** How long minted tokens live, in seconds; default 3,600. */
  tokenLife?: number;
  /** Origins whose pages may connect; default: the server's own host only. */
  origins?: readonly string[];
  /** Bearer key of the HTTP API; without one (and without `dev`) the API is off. */
  adminKey?: string;
  timers?: Partial<Timers>;
  /** Viewers of one anchor at most; default 12, at most 20. */
  maxFanout?: number;
  /** Anchors in a room at most; default 4 in a live room, 8 in a call. */
  maxAnchors?: { live?: number; rtc?: number };
  /** Rooms, and users in a room, at most; default 1,000 and 200. */
  maxRooms?: number;
  maxUsers?: number;
  /** Joins of one room in a second, at most, after a burst of five times as many; default 20. */
  maxJoins?: number;
  /** Sockets of one address that have not joined yet, at most; default 100. */
  maxPending?: number;
  /**
   * Addresses or networks (`10.0.0.0/8`) of the proxies in front, whose X-Forwarded-For names the
   * client; default none: the header is not believed.
   */
  trustedProxies?: readonly string[];
  /**
   * A file that keeps removals and dismissals over a restart; default: they are forgotten then. One
   * server for one file.
   */
  stateFile?: string;
  /** Says who asks for a token at `POST /token`. Without it the endpoint is open in `dev` only. */
  authenticate?: (
    request: IncomingMessage,
    ask: TokenAsk,
  ) => Authenticated | Promise<Authenticated>;
  /** STUN and TURN servers handed to joined clients; default none. */
  iceServers?: IceConfig['servers'];
  /** Tokens and the HTTP API for `provider="livekit"` too; needs the package livekit-server-sdk. */
  livekit?: LiveKitOptions;
  /** UDP port of our own STUN Binding answer, so that two homes find each other; default none. */
  stunPort?: number;
  /** The host that clients reach the STUN answer by; default: the one they reach this server by. */
  publicHost?: string;
  /** A TURN server, for which each client gets credentials of its own; default none. */
  turn?: TurnOptions;
  /**
   * In which rooms media goes through TURN only, so that nobody there learns another's address:
   * `always`, `live` (the rooms with an audience) or `never`; default `never`.
   */
  relay?: Relay;
  /** Who signs the tokens of other back ends for `token-url`; default nobody. */
  minters?: readonly TokenMinter[];
  /** Hears what happens, without secrets; default silent. */
  log?: (event: string, detail: Record<string, unknown>) => void;
}

export interface Settings {
  dev: boolean;
  secrets: readonly string[];
  audience: string;
  tokenLife: number;
  origins: readonly string[] | undefined;
  adminKey: string | undefined;
  timers: Timers;
  maxFanout: number;
  maxAnchors: { live: number; rtc: number };
  maxRooms: number;
  maxUsers: number;
  maxJoins: number;
  maxPending: number;
  proxies: BlockList | undefined;
  stateFile: string | undefined;
  authenticate: RoomServerOptions['authenticate'];
  livekit: LiveKitSettings | undefined;
  stunPort: number | undefined;
  ice: IceSettings;
  /** By provider. */
  minters: ReadonlyMap<string, TokenMinter>;
  log: NonNullable<RoomServerOptions['log']>;
}

/** @throws Error that says which option is wrong and what it must be */
export function readOptions(options: RoomServerOptions, random: () => string): Settings {
  const { dev = false, maxFanout = 12 } = options;
  const secrets = options.secrets ?? (dev ? [random() + random()] : []);
  if (!secrets.length) {
    throw new Error(
      'The room server needs `secrets`: one of at least 32 bytes to sign tokens, or dev: true.',
    );
  }
  for (const secret of secrets) {
    if (Buffer.byteLength(secret) < 32) throw new Error('A token secret needs at least 32 bytes.');
  }
  if (!(maxFanout >= 1 && maxFanout <= 20)) throw new Error('maxFanout must be 1 to 20.');
  const { stunPort } = options;
  if (stunPort !== undefined && !(Number.isInteger(stunPort) && stunPort >= 0 && stunPort < 65_536))
    throw new Error('stunPort must be 0 to 65535.');
  for (const name of ['tokenLife', 'maxRooms', 'maxUsers', 'maxJoins', 'maxPending'] as const) {
    if (!((options[name] ?? 1) >= 1)) throw new Error(`${name} must be a number of 1 or more.`);
  }
  return {
    dev,
    secrets,
    audience: options.audience ?? 'rtc-elements',
    tokenLife: options.tokenLife ?? 3600,
    origins: options.origins,
    adminKey: options.adminKey ?? (dev ? random() : undefined),
    timers: {
      emptyAfterLeave: 10_000,
      emptyAfterCreate: 30_000,
      silent: 30_000,
      endedMemory: 600_000,
      join: 5_000,
      ...options.timers,
    },
    maxFanout,
    maxAnchors: { live: 4, rtc: 8, ...options.maxAnchors },
    maxRooms: options.maxRooms ?? 1_000,
    maxUsers: options.maxUsers ?? 200,
    maxJoins: options.maxJoins ?? 20,
    maxPending: options.maxPending ?? 100,
    proxies: readProxies(options.trustedProxies),
    stateFile: options.stateFile,
    authenticate: options.authenticate,
    livekit: options.livekit && readLiveKit(options.livekit),
    stunPort,
    ice: readIce(options),
    minters: new Map(options.minters?.map((minter) => [minter.provider, minter])),
    log: options.log ?? (() => undefined),
  };
}
