import { settle, sleep } from './async.js';
import { RtcError, textOf } from './errors.js';
import type { TokenAnswer, TokenRequest, TokenSource } from './types.js';

const PATIENCE = 10_000;

export interface TokenWays {
  token?: string;
  tokenUrl?: string;
  tokenSource?: TokenSource;
}

/** Whether asking again can bring another token. */
export function isRenewable(ways: TokenWays): boolean {
  return !!(ways.tokenSource ?? ways.tokenUrl);
}

/**
 * Asks the first of `tokenSource`, `tokenUrl`, `token` that is there.
 * @param waiting Hears how many seconds the waiting room lasts until the next question.
 * @throws RtcError `network` or `timeout` (tried again by the caller), `auth`, `forbidden`, `aborted`
 */
export async function getToken(
  ways: TokenWays,
  request: TokenRequest,
  signal: AbortSignal,
  waiting?: (seconds: number) => void,
): Promise<TokenAnswer> {
  const { tokenSource, tokenUrl } = ways;
  if (tokenSource) {
    const asked = Promise.resolve().then(() => tokenSource(request));
    const answer = await settle(asked, { signal, ms: 30_000, what: 'tokenSource' }).catch(
      (cause: unknown) => {
        if (cause instanceof RtcError) throw cause;
        // With a TypeError fetch() says that there is no way to the server.
        const code = cause instanceof TypeError ? 'network' : 'auth';
        throw new RtcError(code, `tokenSource failed: ${textOf(cause)}`, { cause });
      },
    );
    return typeof answer === 'string' ? { token: answer } : (answer ?? {});
  }
  if (!tokenUrl) return { token: ways.token };
  for (;;) {
    const answer = await ask(tokenUrl, request, signal);
    if (typeof answer !== 'number') return answer;
    waiting?.(answer);
    await sleep(answer * 1000, signal);
  }
}

/** One question to the endpoint: its answer, or the seconds to wait before the next (202). */
async function ask(
  url: string,
  request: TokenRequest,
  signal: AbortSignal,
): Promise<TokenAnswer | number> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      credentials: 'same-origin',
      body: JSON.stringify(request),
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
    });
    if (response.status === 202) {
      const after = response.headers.get('retry-after') ?? '';
      const seconds = Number(after) || (Date.parse(after) - Date.now()) / 1000 || 5;
      return Math.min(Math.max(seconds, 1), 300);
    }
    if (response.ok) {
      const answer: unknown = await response.json();
      if (answer && typeof answer === 'object') return answer;
      throw new SyntaxError('not an object');
    }
  } catch (cause) {
    if (cause instanceof SyntaxError) {
      throw new RtcError('auth', `token-url ${url} must answer a JSON object {token}.`, { cause });
    }
    if (!URL.canParse(url, document.baseURI)) {
      throw new RtcError('argument', `token-url “${url}” is no address.`, { cause });
    }
    throw new RtcError('network', `token-url ${url} cannot be reached. It is tried again.`, {
      cause,
    });
  }
  const { status } = response;
  if (status >= 500 || status === 429 || status === 408) {
    throw new RtcError('network', `token-url ${url} answered ${status}. It is tried again.`);
  }
  throw new RtcError(
    status === 403 ? 'forbidden' : 'auth',
    `token-url ${url} answered ${status}: sign in, or correct the address.`,
  );
}
