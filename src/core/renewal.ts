import { backoff, settle, sleep, throwIfAborted } from './async.js';
import { isTransient, toRtcError, type RtcError } from './errors.js';
import { tokenRequest } from './join-room.js';
import type { Stay } from './stay.js';
import { expiry, getToken, isRenewable } from './token-source.js';
import type { RoomWish, TokenAnswer, TokenRequest } from './types.js';

/** When to ask for a new token, in milliseconds from now; undefined: never. */
function pauseOf(answer: TokenAnswer): number | undefined {
  const at = expiry(answer);
  if (at === undefined) return undefined;
  const left = at - Date.now();
  // A fifth of its life early, at most a minute; setTimeout counts 31 bits. One that has ended
  // already, by a clock that is fast, would be asked for again and again.
  const early = left > 0 ? left - Math.min(left / 5, 60_000) : 60_000;
  return Math.min(Math.max(early, 1000), 2 ** 31 - 1);
}

/**
 * Asks for a new token before the present one expires, as long as the stay lasts.
 * @param reason A link's tokens are others, also when they are renewed.
 * @param ways The page's wish at that time: its ways to a token may change.
 * @param report Hears failures; the stay goes on, and transient ones are tried again.
 * @throws RtcError `aborted` at the end of the stay
 */
export async function renewTokens(
  stay: Stay,
  answer: TokenAnswer,
  reason: TokenRequest['reason'],
  ways: () => RoomWish | null,
  report: (error: RtcError) => void,
): Promise<void> {
  const { gone, client, wish } = stay;
  let pause = isRenewable(wish) ? pauseOf(answer) : undefined;
  for (let attempt = 0; pause !== undefined;) {
    await sleep(pause, gone);
    try {
      // Not the role of the join: what is granted now is granted on.
      const request = tokenRequest({ ...wish, userRole: stay.role }, reason);
      const next = await getToken(ways() ?? wish, request, gone, () => undefined);
      throwIfAborted(gone);
      await client.updateToken?.(next);
      attempt = 0;
      pause = pauseOf(next);
    } catch (cause) {
      throwIfAborted(gone);
      const error = toRtcError(cause);
      report(error);
      if (!isTransient(error)) return;
      pause = backoff(attempt++, 2000);
    }
  }
}

/**
 * Asks the back end for another role, with credentials asked anew where they can be; once more after
 * `auth`. A later wish aborts the question for a token only: what the back end answers says what to
 * switch from then.
 */
export async function askRole(stay: Stay, wish: RoomWish, signal: AbortSignal): Promise<void> {
  const { client, gone } = stay;
  const { userRole } = wish;
  const request = tokenRequest({ ...stay.wish, userRole }, 'role');
  for (let again = isRenewable(wish); ; again = false) {
    const credentials = await getToken(wish, request, signal, () => undefined);
    throwIfAborted(signal);
    try {
      const asked = client.switchRole(userRole, credentials, gone);
      return await settle(asked, { signal: gone, ms: 15_000, what: 'The role switch' });
    } catch (error) {
      if (!again || toRtcError(error).code !== 'auth') throw error;
    }
  }
}
