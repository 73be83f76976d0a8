import type { Participant } from 'livekit-client';
import type { UserRole } from '../driver.js';

/** What the token endpoint appends for a link: an equal identity would end the user's own stay. */
const LINK = /~link~[0-9a-z]{8}$/;
/** The attribute in which the token names the user; it settles ids that end as a link's do. */
const USER = 'rtc.user';

type Identified = Pick<Participant, 'identity' | 'attributes'>;

/**
 * Who a participant is. The attribute is believed only where the identity says the same: whoever
 * may change their metadata may change it too, and could pose as anybody.
 */
export function userIdOf({ identity, attributes }: Identified): string {
  return attributes[USER] === identity ? identity : userIdOfIdentity(identity);
}

/** The same of somebody who has not been announced yet. */
export function userIdOfIdentity(identity: string): string {
  return identity.replace(LINK, '');
}

/** LiveKit takes an empty text for no change: none is a blank. */
const NONE = ' ';

export function metadataOf(userData: string): string {
  return userData || NONE;
}

export function userDataOf({ metadata }: Pick<Participant, 'metadata'>): string {
  return !metadata || metadata === NONE ? '' : metadata;
}

/** The grant tells the role: who may publish is an anchor. */
export function roleOf({ permissions }: Pick<Participant, 'permissions'>): UserRole {
  return permissions?.canPublish ? 'anchor' : 'audience';
}
