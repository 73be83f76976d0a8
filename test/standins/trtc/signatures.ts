/** Reads what TRTC's servers read of a UserSig and a PrivateMapKey. */
import { createHmac } from 'node:crypto';
import { inflateSync } from 'node:zlib';

/** As TRTC's account system numbers them. */
export const EXPIRED = 70_001;
export const BROKEN = 70_003;
export const OTHER_KEY = 70_009;
export const OTHER_USER = 70_013;
export const OTHER_APP = 70_014;

export interface Application {
  sdkAppId: number;
  secretKey: string;
}

export interface Rights {
  user: string;
  sdkAppId: number;
  room: string;
  /** Seconds since 1970. */
  expires: number;
  privileges: number;
}

interface Signed {
  'TLS.identifier': string;
  'TLS.sdkappid': number;
  'TLS.time': number;
  'TLS.expire': number;
  'TLS.userbuf'?: string;
  'TLS.sig': string;
}

/** @returns the account system's code, 0 for a good signature */
export function checkUserSig(
  { sdkAppId, secretKey }: Application,
  user: string,
  text: string,
): number {
  const signed = unpack(text);
  if (!signed) return BROKEN;
  const fields = ['identifier', 'sdkappid', 'time', 'expire', 'userbuf'] as const;
  const content = fields
    .map((field) => [`TLS.${field}`, signed[`TLS.${field}`]] as const)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}:${String(value)}\n`)
    .join('');
  const expected = createHmac('sha256', secretKey).update(content).digest('base64');
  if (signed['TLS.sdkappid'] !== sdkAppId) return OTHER_APP;
  if (signed['TLS.sig'] !== expected) return OTHER_KEY;
  if (signed['TLS.identifier'] !== user) return OTHER_USER;
  return signed['TLS.time'] + signed['TLS.expire'] < Date.now() / 1000 ? EXPIRED : 0;
}

/** What a PrivateMapKey allows; null when it is none of this application and user. */
export function readPrivateMapKey(
  application: Application,
  user: string,
  text: string,
): Rights | null {
  const buffer = unpack(text)?.['TLS.userbuf'];
  if (buffer === undefined || checkUserSig(application, user, text) !== 0) return null;
  const bytes = Buffer.from(buffer, 'base64');
  const named = bytes[0] === 1;
  const length = bytes.readUInt16BE(1);
  const words = Array.from({ length: 5 }, (_, i) => bytes.readUInt32BE(3 + length + 4 * i));
  const [sdkAppId = 0, room = 0, expires = 0, privileges = 0] = words;
  return {
    user: bytes.toString('latin1', 3, 3 + length),
    sdkAppId,
    room: named ? bytes.toString('latin1', 3 + length + 22) : String(room),
    expires,
    privileges,
  };
}

function unpack(text: string): Signed | null {
  try {
    const base64 = text.replace(/\*/g, '+').replace(/-/g, '/').replace(/_/g, '=');
    return JSON.parse(inflateSync(Buffer.from(base64, 'base64')).toString()) as Signed;
  } catch {
    return null;
  }
}
