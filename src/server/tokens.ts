import { jwtVerify, SignJWT } from 'jose';
import type { UserRole } from '../drivers/driver.js';
import { RoomError } from './room-error.js';

/** By how much clocks may differ, in seconds. */
export const SKEW = 30;
/** How long a token may live at most, in seconds: a removal is remembered until none is left. */
export const MAX_TOKEN_LIFE = 86_400;

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
  expiresAt: number;
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
    const { room, user, link, userData, life = this.life } = request;
    const { role, moderator } = powers(request.role ?? 'anchor', request.moderator, link);
    if (!(life >= 1 && life <= this.#longest))
      throw new Error(`A token’s life must be 1 to ${this.#longest} seconds.`);
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

  get #longest(): number {
    return Math.max(MAX_TOKEN_LIFE, this.life);
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
        const { sub, iat = 0, exp = 0, room, role, moderator, link, userData } = payload;
        if (typeof room !== 'string' || !sub || (role !== 'anchor' && role !== 'audience')) break;
        if (iat > this.now() / 1000 + SKEW || exp - iat > this.#longest + SKEW) {
          throw new RoomError(
            'auth',
            `The token’s times are not valid here: iat must have come, and exp be at most ${this.#longest} s after it.`,
          );
        }
        return {
          room,
          user: sub,
          ...powers(role, moderator === true, link === true),
          link: link === true,
          ...(typeof userData === 'string' && { userData }),
          issuedAt: iat,
          expiresAt: exp,
        };
      } catch (error) {
        if (error instanceof RoomError) throw error;
        if ((error as { code?: string }).code === 'ERR_JWT_EXPIRED') {
          throw new RoomError('auth', 'The token has expired. Get a new one.');
        }
      }
    }
    throw new RoomError('auth', 'The token is not valid here. Check its secret and audience.');
  }
}

/** A link is an audience and moderates nothing, whatever its token says. */
function powers(
  role: UserRole,
  moderator = false,
  link = false,
): { role: UserRole; moderator: boolean } {
  return link ? { role: 'audience', moderator: false } : { role, moderator };
}
