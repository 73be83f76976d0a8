import { createHmac } from 'node:crypto';
import type { TokenAnswer, TokenMinter } from './minters.js';
import { RoomError } from './room-error.js';
import type { TokenRequest } from './tokens.js';

/** A real-time application of Qiniu's, and the keys of its owner, from Qiniu's portal. */
export interface QiniuOptions {
  appId: string;
  accessKey: string;
  /** Stays on the server. */
  secretKey: string;
  /** How long tokens live, in seconds; default 3,600. */
  tokenLife?: number;
}

/**
 * Qiniu's RoomTokens. They name a user and a room, and whether he may remove others (`admin`); they
 * know no roles: in a live room an audience's token would let it publish too.
 */
export class QiniuMinter implements TokenMinter {
  readonly provider = 'qiniu';
  readonly #options: QiniuOptions;

  /** @throws Error that says which option is wrong */
  constructor(
    options: QiniuOptions,
    private readonly now = (): number => Date.now(),
  ) {
    const { tokenLife = 1 } = options;
    for (const name of ['appId', 'accessKey', 'secretKey'] as const) {
      if (!options[name]) throw new Error(`Qiniu: ${name} is missing.`);
    }
    if (!(tokenLife >= 1)) throw new Error('Qiniu: tokenLife must be a number of seconds.');
    this.#options = { ...options };
  }

  /** Not `async`: a bad id rejects like everything else. */
  mint(request: TokenRequest): Promise<TokenAnswer> {
    return new Promise((resolve) => resolve(this.#mint(request)));
  }

  #mint({ room, user, moderator, link, life }: TokenRequest): TokenAnswer {
    const { appId, tokenLife = 3600 } = this.#options;
    check('room', room, 64);
    check('user', user, 50);
    const expireAt = Math.floor(this.now() / 1000) + Math.floor(life ?? tokenLife);
    return {
      token: this.#sign({
        appId,
        expireAt,
        permission: moderator && !link ? 'admin' : 'user',
        roomName: room,
        userId: user,
      }),
      appId,
      expiresAt: expireAt * 1000,
    };
  }

  /** `accessKey:signature:payload`, the names in the order in which Qiniu's own library has them. */
  #sign(access: Record<string, string | number>): string {
    const { accessKey, secretKey } = this.#options;
    const payload = urlSafe(Buffer.from(JSON.stringify(access)));
    const signature = urlSafe(createHmac('sha1', secretKey).update(payload).digest());
    return `${accessKey}:${signature}:${payload}`;
  }
}

/**
 * What QINIU_ACCESS_KEY, QINIU_SECRET_KEY and QINIU_APP_ID say; undefined when none is set.
 * @throws Error that names those that are missing
 */
export function qiniuFromEnvironment(env: NodeJS.ProcessEnv): QiniuMinter | undefined {
  const { QINIU_ACCESS_KEY, QINIU_SECRET_KEY, QINIU_APP_ID } = env;
  const all = { QINIU_ACCESS_KEY, QINIU_SECRET_KEY, QINIU_APP_ID };
  const missing = Object.entries(all).flatMap(([name, value]) => (value ? [] : [name]));
  if (missing.length === 3) return undefined;
  if (!QINIU_ACCESS_KEY || !QINIU_SECRET_KEY || !QINIU_APP_ID)
    throw new Error(`For Qiniu set ${missing.join(' and ')} too.`);
  return new QiniuMinter({
    accessKey: QINIU_ACCESS_KEY,
    secretKey: QINIU_SECRET_KEY,
    appId: QINIU_APP_ID,
  });
}

/** Base64 with the two letters that a URL takes, and with its padding. */
function urlSafe(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function check(what: string, id: string, most: number): void {
  if (/^[\w-]+$/.test(id) && id.length <= most) return;
  throw new RoomError(
    'argument',
    `A Qiniu ${what} id is at most ${most} letters, digits, underscores and hyphens.`,
  );
}
