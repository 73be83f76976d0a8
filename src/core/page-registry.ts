import { RtcError } from './errors.js';
import type { RoomWish } from './types.js';

/** Who on this page is which user in which room; a second one would kick the first. */
const claims = new Map<string, object>();

/** @throws RtcError `state` when another owner on this page is this user in this room */
export function claimRoom({ provider, url, appId, roomId, userId }: RoomWish, owner: object): void {
  releaseRoom(owner);
  if (!userId) return;
  const key = JSON.stringify([provider, url, appId, roomId, userId]);
  if (claims.has(key)) {
    throw new RtcError(
      'state',
      `Another rtc-room on this page is “${userId}” in room “${roomId ?? ''}” already. Remove one, or give it another user-id.`,
    );
  }
  claims.set(key, owner);
}

export function releaseRoom(owner: object): void {
  for (const [key, holder] of claims) if (holder === owner) claims.delete(key);
}
