import { createHmac } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { UserRole } from '../drivers/driver.js';
import type { TokenAnswer, TokenMinter } from './minters.js';
import { RoomError } from './room-error.js';
import type { TokenRequest } from './tokens.js';

const DAY = 86_400;
/** The last number that is a numeric room. */
const LAST_ROOM = 4_294_967_294;

/**
 * The bits of a PrivateMapKey. An audience may create the room too, or nobody could wait in it
 * for its anchor.
 */
const CREATE_ROOM = 1;
const JOIN_ROOM = 2;
const RECEIVE = 8 | 32 | 128;
const SEND = 4 | 16 | 64;
const PRIVILEGES: Record<UserRole, number> = {
  anchor: CREATE_ROOM | JOIN_ROOM | RECEIVE | SEND,
  audience: CREATE_ROOM | JOIN_ROOM | RECEIVE,
};

/** A TRTC application, from its page in Tencent Cloud's console. */
export interface TrtcOptions {
  sdkAppId: number;
  /** Its secret key; stays on the server. */
  secretKey: string;
  /** How long tokens live, in seconds; default 3,600. */
  tokenLife?: number;
  /** The pages join string rooms only: `useStringRoomId` in their `driver-options`. Default false. */
  useStringRoomId?: boolean;
}

/** TRTC's UserSigs, with a PrivateMapKey that binds them to a room and a role. */
export class TrtcMinter implements TokenMinter {
  readonly provider = 'trtc';
  readonly #options: TrtcOptions;

  /** @throws Error that says which option is wrong */
  constructor(
    options: TrtcOptions,
    private readonly now = (): number => Date.now(),
  ) {
    const { sdkAppId, secretKey, tokenLife = 1 } = options;
    if (!Number.isInteger(sdkAppId) || sdkAppId < 1 || sdkAppId > 0xffff_ffff)
      throw new Error('TRTC: sdkAppId must be the number of the application, such as 1400000000.');
    if (!secretKey) throw new Error('TRTC: secretKey is missing.');
    if (!(tokenLife >= 1)) throw new Error('TRTC: tokenLife must be a number of seconds.');
    this.#options = { ...options };
  }

  /** Not `async`: a bad id rejects like everything else. */
  mint(request: TokenRequest): Promise<TokenAnswer> {
    return new Promise((resolve) => resolve(this.#mint(request)));
  }

  #mint({ room, user, role = 'anchor', life }: TokenRequest): TokenAnswer {
    const { sdkAppId, tokenLife = 3600, useStringRoomId = false } = this.#options;
    if (!/^[\w-]{1,32}$/.test(user)) {
      throw new RoomError(
        'argument',
        'A TRTC user id is at most 32 letters, digits, underscores and hyphens.',
      );
    }
    const numeric = !useStringRoomId && isNumericRoom(room);
    if (!numeric && !/^[A-Za-z\d\s!#$%&()+\-:;<=.>?@[\]^_{}|~,]{1,64}$/.test(room)) {
      throw new RoomError(
        'argument',
        'A TRTC room id is a number from 1 to 4294967294, or at most 64 letters, digits and punctuation characters.',
      );
    }
    const issued = Math.floor(this.now() / 1000);
    const lasts = Math.min(Math.floor(life ?? tokenLife), 180 * DAY);
    const key = privateMap({
      user,
      sdkAppId,
      room: numeric ? Number(room) : room,
      expires: issued + lasts,
      privileges: PRIVILEGES[role],
    });
    return {
      token: this.#sign(user, issued, lasts),
      privateMapKey: this.#sign(user, issued, lasts, key),
      appId: String(sdkAppId),
      expiresAt: (issued + lasts) * 1000,
    };
  }

  /** TLS signature, version 2. */
  #sign(user: string, issued: number, lasts: number, userBuffer?: Buffer): string {
    const { sdkAppId, secretKey } = this.#options;
    const buffer = userBuffer?.toString('base64');
    const fields: Record<string, string | number> = {
      'TLS.identifier': user,
      'TLS.sdkappid': sdkAppId,
      'TLS.time': issued,
      'TLS.expire': lasts,
      ...(buffer !== undefined && { 'TLS.userbuf': buffer }),
    };
    const text = Object.entries(fields)
      .map(([name, value]) => `${name}:${value}\n`)
      .join('');
    const signature = createHmac('sha256', secretKey).update(text).digest('base64');
    const document = { 'TLS.ver': '2.0', ...fields, 'TLS.sig': signature };
    return deflateSync(JSON.stringify(document))
      .toString('base64')
      .replace(/\+/g, '*')
      .replace(/\//g, '-')
      .replace(/=/g, '_');
  }
}

/** What TRTC_SDK_APP_ID and TRTC_SECRET_KEY say; undefined when neither is set. */
export function trtcFromEnvironment(env: NodeJS.ProcessEnv): TrtcMinter | undefined {
  const { TRTC_SDK_APP_ID: id, TRTC_SECRET_KEY: secretKey } = env;
  if (!id && !secretKey) return undefined;
  if (!id || !secretKey) throw new Error('Set both of TRTC_SDK_APP_ID and TRTC_SECRET_KEY.');
  return new TrtcMinter({ sdkAppId: Number(id), secretKey });
}

/** Whether TRTC takes a room id for a numeric room. */
function isNumericRoom(room: string): boolean {
  return /^[1-9]\d{0,9}$/.test(room) && Number(room) <= LAST_ROOM;
}

interface PrivateMap {
  user: string;
  sdkAppId: number;
  /** A numeric room, or a string room. */
  room: number | string;
  /** Seconds since 1970. */
  expires: number;
  privileges: number;
}

/** The signed part of a PrivateMapKey: big-endian fields one after the other. */
function privateMap({ user, sdkAppId, room, expires, privileges }: PrivateMap): Buffer {
  const named = typeof room === 'string';
  const accountType = 0;
  return Buffer.concat([
    Buffer.of(named ? 1 : 0),
    sized(user),
    ...[sdkAppId, named ? 0 : room, expires, privileges, accountType].map(word),
    ...(named ? [sized(room)] : []),
  ]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** All that TRTC allows in ids is ASCII. */
function sized(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, Buffer.from(text, 'latin1')]);
}
