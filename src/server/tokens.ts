import { jwtVerify, SignJWT } from 'jose';
import type { UserRole } from '../drivers/driver.js';
import { RoomError } from './room-error.js';

const SKEW = 30;

/** What a token says: who may be what in which room. */
export interface Claims {
  room: string;
  user: string;
  /** The highest role. */
  role: UserRole;
  moderator: boolean;
  /** Audience under an id that may be in the room already; see the link of `token-url`. */
  link: boolean;
  userData?: string;
  /** Seconds since 1970. */
  issuedAt: number;
}

export interface TokenRequest {
  room: string;
  user: string;
  role?: UserRole;
  moderator?: boolean;
  link?: boolean;
  userData?: string;
  /** Seconds; the server's `tokenLife` by default. */
  life?: number;
}

/** JWTs (HS256) of one audience: the first secret signs, all verify. */
export class Tokens {
  #keys: Uint8Array[];

  constructor(
    secrets: readonly string[],
    private readonly audience: string,
    private readonly life: number,
    private readonly now: () => number,
  ) {
    this.#keys = secrets.map((secret) => new TextEncoder().encode(secret));
  }

  async mint(request: TokenRequest): Promise<{ token: string; expiresAt: number }> {
    const { room, user, role = 'anchor', moderator, link, userData, life = this.life } = request;
    // NumericDate may have a fraction: a removal in the same second tells before from after by it.
    const issuedAt = this.now() / 1000;
    const expires = Math.floor(issuedAt) + life;
    const [key] = this.#keys;
    if (!key) throw new Error('no key');
    const claims = {
      room,
      role,
      ...(moderator && { moderator }),
      ...(link && { link }),
      ...(userData !== undefined && { userData }),
    };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(user)
      .setAudience(this.audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expires)
      .sign(key);
    return { token, expiresAt: expires * 1000 };
  }

  /** @throws RoomError `auth` */
  async verify(token: string): Promise<Claims> {
    for (const key of this.#keys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          audience: this.audience,
          clockTolerance: SKEW,
          requiredClaims: ['aud', 'exp', 'iat', 'sub', 'room', 'role'],
          currentDate: new Date(this.now()),
        });
        const { sub, iat, room, role, moderator, link, userData } = payload;
        if (typeof room !== 'string' || !sub || (role !== 'anchor' && role !== 'audience')) break;
        return {
          room,
          user: sub,
          role,
          moderator: moderator === true,
          link: link === true,
          ...(typeof userData === 'string' && { userData }),
          issuedAt: iat ?? 0,
        };
      } catch (error) {
        if ((error as { code?: string }).code === 'ERR_JWT_EXPIRED') {
          throw new RoomError('auth', 'The token has expired. Get a new one.');
        }
      }
    }
    throw new RoomError('auth', 'The token is not valid here. Check its secret and audience.');
  }
}
