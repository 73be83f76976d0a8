import type { UserRole } from '../drivers/driver.js';
import { RoomError } from './room-error.js';
import type { Room } from './room.js';
import { covers, receives, TYPES, wishFor, type Session } from './session.js';

export interface Limits {
  maxFanout: number;
  maxAnchors: { live: number; rtc: number };
}

/** A session that is about to join or to take a role, as capacity sees it. */
export type Newcomer = Pick<Session, 'user' | 'want' | 'role'> & { session?: Session };

const BEYOND = 'The LiveKit back end has no such limit.';

function tooManyViewers(maxFanout: number, user: string): RoomError {
  return new RoomError(
    'room-full',
    `The room is full: ${user} has ${maxFanout} viewers, the most that one browser can serve. ${BEYOND}`,
  );
}

/** @throws RoomError `room-full` when the room cannot carry the newcomer */
export function checkCapacity(room: Room, newcomer: Newcomer, limits: Limits): void {
  const { maxFanout, maxAnchors } = limits;
  const others = [...room.sessions.values()].filter((one) => one !== newcomer.session);
  const anchors = others.filter(({ role }) => role === 'anchor');
  const most = maxAnchors[room.mode ?? 'rtc'];
  if (newcomer.role === 'anchor' && anchors.length >= most) {
    throw new RoomError(
      'room-full',
      `The room is full: ${most} users publish in it already. ${BEYOND}`,
    );
  }
  for (const anchor of anchors) {
    if (!covers(newcomer.want, anchor.user)) continue;
    const viewers = others.filter((one) => receives(one, anchor)).length;
    if (viewers >= maxFanout) throw tooManyViewers(maxFanout, anchor.user);
  }
  // Nobody publishes yet: the viewers of whoever will.
  const watching = others.filter((one) => watches(one, newcomer)).length;
  if (newcomer.role === 'anchor' && watching > maxFanout) {
    throw tooManyViewers(maxFanout, newcomer.user);
  }
  const open = others.filter(({ want }) => (want.audio || want.video) && !want.only).length;
  const { audio, video, only } = newcomer.want;
  const joins = newcomer.role === 'audience' && (audio || video) && !only;
  if (!anchors.length && joins && open >= maxFanout)
    throw tooManyViewers(maxFanout, 'whoever publishes');
}

/** Also what was asked of somebody who was an audience until now. */
function watches(viewer: Session, { user, session }: Newcomer): boolean {
  if (!session) return covers(viewer.want, user);
  return TYPES.map((type) => wishFor(viewer, session, type)).some(
    ({ audio, video }) => audio || video,
  );
}

/** @throws RoomError `room-full` when `viewer` begins to receive from an anchor who has no place left */
export function checkFanout(
  room: Room,
  anchor: Session,
  viewer: Session,
  { maxFanout }: Limits,
): void {
  const viewers = room
    .others(anchor)
    .filter((one) => one !== viewer && receives(one, anchor)).length;
  if (viewers >= maxFanout) throw tooManyViewers(maxFanout, anchor.user);
}

export function highest(role: UserRole, limit: UserRole): boolean {
  return role === 'audience' || limit === 'anchor';
}
