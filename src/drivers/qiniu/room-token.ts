import type { ClientConfig } from '../driver.js';
import { unauthorized } from './errors.js';

/** What a RoomToken says: `accessKey:signature:base64url(JSON)`, read here and not verified. */
export interface RoomTokenClaims {
  appId: string;
  roomName: string;
  userId: string;
  /** Seconds since 1970. */
  expireAt: number;
  /** `admin` may remove users. */
  permission: string;
}

/**
 * Reads a token, and refuses it where it is plainly another room's or user's: the SDK joins
 * whatever room the token names.
 * @throws RtcError `auth`
 */
export function readRoomToken(
  token: string | undefined,
  { roomId, userId, appId }: Pick<ClientConfig, 'roomId' | 'userId' | 'appId'>,
): RoomTokenClaims {
  if (!token) {
    throw unauthorized('Qiniu needs a RoomToken: set token, token-url or tokenSource.');
  }
  const claims = parse(token);
  if (!claims) throw unauthorized('The token is not a RoomToken of Qiniu’s.');
  const wanted = { roomName: roomId, userId: userId || undefined, appId: appId || undefined };
  for (const [name, value] of Object.entries(wanted)) {
    const said = claims[name as keyof typeof wanted];
    if (value !== undefined && value !== said) {
      throw unauthorized(`The RoomToken is for the ${name} “${said}”, not “${value}”.`);
    }
  }
  return claims;
}

function parse(token: string): RoomTokenClaims | null {
  const payload = token.split(':')[2];
  if (!payload) return null;
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
    const { roomName, userId } = (claims ?? {}) as Partial<RoomTokenClaims>;
    return roomName && userId ? (claims as RoomTokenClaims) : null;
  } catch {
    return null;
  }
}
