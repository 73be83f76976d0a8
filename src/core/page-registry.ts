import { sleep } from './async.js';
import { RtcError } from './errors.js';
import { identityOf } from './plan.js';
import type { RoomWish } from './types.js';

export interface Owner {
  /** It is on its way out of its room. */
  readonly ending: boolean;
}

/** Who on this page is which user in which room; a second one would kick the first. */
const claims = new Map<string, Owner>();

/**
 * Waits for one that is ending: the element that this one has taken the place of, which may hear of
 * that a task later.
 * @param token Names the user where `wish` does not.
 * @throws RtcError `state` when another owner on this page is this user in this room, `aborted`
 */
export async function claimRoom(
  wish: RoomWish,
  token: string | undefined,
  owner: Owner,
  signal: AbortSignal,
): Promise<void> {
  releaseRoom(owner);
  const userId = wish.userId ?? token;
  if (!userId) return;
  // In either mode.
  const key = identityOf({ ...wish, userId, mode: 'rtc' });
  for (let pause = 0; claims.has(key); pause = 20) {
    if (pause && !claims.get(key)?.ending) {
      throw new RtcError(
        'state',
        'Another rtc-room of this page is this user in this room. Remove one, or change its user-id.',
      );
    }
    await sleep(pause, signal);
  }
  claims.set(key, owner);
}

export function releaseRoom(owner: Owner): void {
  for (const [key, holder] of claims) if (holder === owner) claims.delete(key);
}
