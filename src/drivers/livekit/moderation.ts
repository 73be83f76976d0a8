import { RtcError } from '../../core/errors.js';
import { notAllowed } from './errors.js';
import { administers } from './permission.js';

export interface Place {
  address: string;
  token: string;
  room: string;
}

/**
 * Removes participants through LiveKit's RoomService, which takes the user's own token where that
 * administers the room (`roomAdmin`: a moderator's).
 * @throws RtcError `forbidden`, `network`
 */
export async function removeParticipants(
  { address, token, room }: Place,
  identities: readonly string[],
): Promise<void> {
  if (!administers(token)) throw notAllowed('Only a moderator’s token may remove users.');
  const base = address.replace(/^ws/, 'http').replace(/\/*$/, '');
  const answers = await Promise.all(
    identities.map((identity) =>
      fetch(`${base}/twirp/livekit.RoomService/RemoveParticipant`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        credentials: 'omit',
        body: JSON.stringify({ room, identity }),
        signal: AbortSignal.timeout(10_000),
      }).catch((cause: unknown) => {
        throw new RtcError('network', 'LiveKit cannot be reached to remove a user.', { cause });
      }),
    ),
  );
  // 404: gone by themselves.
  const failed = answers.find(({ ok, status }) => !ok && status !== 404);
  if (!failed) return;
  const { status } = failed;
  throw status === 401 || status === 403
    ? notAllowed('LiveKit refuses to remove a user with this token.')
    : new RtcError('network', `LiveKit answered ${status} when asked to remove a user.`);
}
