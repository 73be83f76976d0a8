import type { JoinMessage } from '../protocol/messages.js';
import { hasFixedLayout } from '../protocol/validators.js';
import { highest } from './capacity.js';
import { RoomError } from './room-error.js';
import type { Claims } from './tokens.js';

/**
 * What can be said of a join before its room is looked at.
 * @param claims Of the token; null without one (`dev`).
 * @throws RoomError
 */
export function checkJoin(message: JoinMessage, link: boolean, claims: Claims | null): void {
  const { mode, role, room, user, offer } = message;
  if (link && role !== 'audience')
    throw new RoomError('forbidden', 'A cross-room link joins as audience.');
  if (role === 'audience' && mode === 'rtc') {
    throw new RoomError('argument', 'A call has no audience; use mode="live".');
  }
  if (claims) {
    if (claims.room !== room)
      throw new RoomError('forbidden', `The token is for another room than “${room}”.`);
    if (user !== undefined && user !== claims.user)
      throw new RoomError('forbidden', `The token is for another user than “${user}”.`);
    if (!highest(role, claims.role))
      throw new RoomError('forbidden', 'The token does not allow the role anchor.');
  }
  if (offer !== undefined && !hasFixedLayout(offer)) {
    throw new RoomError(
      'argument',
      'The offer does not have the fixed layout of four media sections.',
    );
  }
}
