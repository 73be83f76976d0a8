import { backoff, sleep, throwIfAborted } from './async.js';
import { isTransient, toRtcError } from './errors.js';
import { tokenRequest } from './join-room.js';
import type { RoomSession } from './room-session.js';
import type { Stay } from './stay.js';
import { getToken, isRenewable } from './token-source.js';
import type { RoomWish, TokenAnswer } from './types.js';

/** When to ask for a new token, in milliseconds from now; NaN: never. */
function pauseOf({ expiresAt }: TokenAnswer): number {
  const at = typeof expiresAt === 'string' ? Date.parse(expiresAt) : (expiresAt ?? NaN);
  const left = (at < 1e11 ? at * 1000 : at) - Date.now();
  // A fifth of its life early, at most a minute; setTimeout counts 31 bits. One that has ended
  // already, by a clock that is fast, would be asked for again and again.
  const early = left <= 0 ? 60_000 : left - Math.min(left / 5, 60_000);
  return Math.min(Math.max(early, 1000), 2 ** 31 - 1);
}

/**
 * Asks for a new token before the present one expires, as long as the stay lasts.
 * Failures are reported; the stay goes on, and transient ones are tried again.
 * @throws RtcError `aborted` at the end of the stay
 */
export async function renewTokens(
  stay: Stay,
  session: Pick<RoomSession, 'parent' | 'wanted' | 'report'>,
): Promise<void> {
  const { gone, client, wish, joined } = stay;
  // A link's tokens are others, also when they are renewed.
  const reason = session.parent ? 'link' : 'renew';
  let pause = isRenewable(wish) ? pauseOf(joined.request.credentials) : NaN;
  for (let attempt = 0; pause;) {
    await sleep(pause, gone);
    try {
      // Not the role of the join: what is granted now is granted on.
      const request = tokenRequest({ ...wish, userRole: stay.role }, reason);
      // The page's ways to a token may have changed.
      const next = await getToken(session.wanted ?? wish, request, gone);
      throwIfAborted(gone);
      await client.updateToken?.(next);
      attempt = 0;
      pause = pauseOf(next);
    } catch (cause) {
      throwIfAborted(gone);
      const error = toRtcError(cause);
      session.report(error);
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
    const credentials = await getToken(wish, request, signal);
    throwIfAborted(signal);
    try {
      const asked = client.switchRole(userRole, credentials, gone);
      return await stay.answer(asked, 15_000, 'The role switch');
    } catch (error) {
      if (!again || toRtcError(error).code !== 'auth') throw error;
    }
  }
}
