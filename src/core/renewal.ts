import { backoff, settle, throwIfAborted } from './async.js';
import { isTransient, toRtcError, type RtcError } from './errors.js';
import { tokenRequest } from './join-room.js';
import type { Stay } from './stay.js';
import { expiry, getToken, isRenewable } from './token-source.js';
import type { RoomWish, TokenAnswer, TokenRequest } from './types.js';

/** Asks for a new token before the present one expires, as long as the stay lasts. */
export class Renewal {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #controller: AbortController | undefined;

  /**
   * @param wish The page's wish at that time: its ways to a token may change.
   * @param report Hears failures; the stay goes on, and transient ones are tried again.
   * @param reason A link's tokens are others, also when they are renewed.
   */
  constructor(
    private readonly wish: () => RoomWish | null,
    private readonly report: (error: RtcError) => void,
    private readonly reason: TokenRequest['reason'],
  ) {}

  start(stay: Stay, answer: TokenAnswer): void {
    this.stop();
    this.#controller = new AbortController();
    this.#schedule(stay, answer, this.#controller.signal);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#controller?.abort();
  }

  #schedule(stay: Stay, answer: TokenAnswer, signal: AbortSignal): void {
    const at = expiry(answer);
    if (at === undefined || !isRenewable(stay.wish)) return;
    const left = at - Date.now();
    // A fifth of its life early, at most a minute; setTimeout counts 31 bits. One that has ended
    // already, by a clock that is fast, would be asked for again and again.
    const early = left > 0 ? left - Math.min(left / 5, 60_000) : 60_000;
    this.#in(Math.min(early, 2 ** 31 - 1), stay, signal);
  }

  #in(ms: number, stay: Stay, signal: AbortSignal, attempt = 0): void {
    const renew = async (): Promise<void> => {
      try {
        const answer = await getToken(
          this.wish() ?? stay.wish,
          // Not the role of the join: what is granted now is granted on.
          tokenRequest({ ...stay.wish, userRole: stay.role }, this.reason),
          signal,
          () => undefined,
        );
        if (signal.aborted) return;
        await stay.client.updateToken?.(answer);
        if (!signal.aborted) this.#schedule(stay, answer, signal);
      } catch (cause) {
        if (signal.aborted) return;
        const error = toRtcError(cause);
        this.report(error);
        if (isTransient(error)) this.#in(backoff(attempt), stay, signal, attempt + 1);
      }
    };
    this.#timer = setTimeout(() => void renew(), Math.max(ms, 1000));
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
