import type { Driver, StreamType, Subscription } from '../drivers/driver.js';
import { RtcError } from './errors.js';
import type { RoomWish, SubscribeMode } from './types.js';

/** 1–128 characters without white space, control or bidirectional-control characters. */
const ID = /^[^\s\p{Cc}\p{Bidi_Control}]{1,128}$/u;

/** @throws RtcError `argument` when an id cannot be one */
export function checkId(name: string, value: unknown): void {
  if (typeof value !== 'string' || !ID.test(value)) {
    throw new RtcError(
      'argument',
      `${name} must be 1–128 characters without spaces, control or bidirectional-control characters.`,
    );
  }
}

/** What a stay in a room is bound to: when it changes, the room is left and joined anew. */
export function identityOf(wish: RoomWish): string {
  return JSON.stringify([wish.provider, wish.url, wish.appId, wish.roomId, wish.userId, wish.mode]);
}

/** @throws RtcError `argument`, incomplete where a later attribute mends it */
export function checkWish(wish: RoomWish): void {
  if (!wish.roomId) {
    throw new RtcError('argument', 'room-id is missing. The room is joined as soon as it is set.', {
      incomplete: true,
    });
  }
  checkId('room-id', wish.roomId);
  // A token or the server may name the user later.
  if (wish.userId !== undefined) checkId('user-id', wish.userId);
  if (wish.mode !== 'rtc' && wish.mode !== 'live') {
    throw new RtcError('argument', `mode must be “rtc” or “live”, not “${wish.mode as string}”.`);
  }
  checkRole(wish);
}

/** @throws RtcError `argument` */
export function checkRole({ userRole, mode }: RoomWish): void {
  if (userRole !== 'anchor' && userRole !== 'audience') {
    throw new RtcError(
      'argument',
      `user-role must be “anchor” or “audience”, not “${userRole as string}”.`,
    );
  }
  if (userRole === 'audience' && mode === 'rtc') {
    throw new RtcError('argument', 'user-role="audience" needs mode="live".');
  }
}

/** @throws RtcError `argument` for JSON that is none and for keys the driver does not know */
export function driverOptions(wish: RoomWish, driver: Driver): Record<string, unknown> {
  let options: unknown = wish.driverOptions ?? {};
  let cause: unknown;
  try {
    if (typeof options === 'string') options = JSON.parse(options);
  } catch (error) {
    cause = error;
  }
  if (!options || typeof options !== 'object' || Array.isArray(options)) {
    throw new RtcError('argument', 'driver-options must be a JSON object.', { cause });
  }
  const known = driver.optionKeys;
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length) {
    throw new RtcError(
      'argument',
      `driver-options: “${unknown.join('”, “')}” means nothing to ${driver.name}. It knows: ${known.join(', ') || 'none'}.`,
    );
  }
  return options as Record<string, unknown>;
}

export const STREAM_TYPES: readonly StreamType[] = ['main', 'auxiliary'];

export function wants(mode: SubscribeMode, kind: 'audio' | 'video'): boolean {
  return mode === 'all' || mode === kind;
}

/** Makes `sum` want what `one` wants, too; of two sizes the larger. */
export function widen(sum: Subscription, { audio, video, width, height = 0 }: Subscription): void {
  sum.audio ||= audio;
  sum.video ||= video;
  if (height > (sum.height ?? 0)) Object.assign(sum, { width, height });
}
