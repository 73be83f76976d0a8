import { randomInt } from 'node:crypto';
import type { UserRole } from '../drivers/driver.js';

/** Set on a link's participant: whose link it is. */
export const USER_ATTRIBUTE = 'rtc.user';

const LINK = /^(.+)~link~[0-9a-z]{8}$/su;

/**
 * Of a link's client. An equal identity would disconnect the earlier one, and a link kicks nobody.
 */
export function linkIdentity(user: string): string {
  const suffix = Array.from({ length: 8 }, () => randomInt(36).toString(36)).join('');
  return `${user}~link~${suffix}`;
}

/** Who a participant is. By the identity alone: attributes are the participant's own to change. */
export function identify(identity: string): { user: string; link: boolean } {
  const user = LINK.exec(identity)?.[1];
  return { user: user ?? identity, link: user !== undefined };
}

/** Every permission by its name: an update replaces all, and what it leaves out is withdrawn. */
export interface Permission {
  canPublish: boolean;
  canSubscribe: boolean;
  canPublishData: boolean;
  /** User data is metadata, which its user may change. */
  canUpdateMetadata: boolean;
  canSubscribeMetrics: boolean;
  hidden: boolean;
  recorder: boolean;
  agent: boolean;
  canManageAgentSession: boolean;
}

export function permissionOf(role: UserRole, link = false): Permission {
  return {
    canPublish: role === 'anchor' && !link,
    canSubscribe: true,
    canPublishData: !link,
    canUpdateMetadata: !link,
    canSubscribeMetrics: false,
    hidden: false,
    recorder: false,
    agent: false,
    canManageAgentSession: false,
  };
}

/** The same as a token says it. */
export function grantOf(room: string, role: UserRole, link = false): Record<string, unknown> {
  const { canUpdateMetadata, ...permission } = permissionOf(role, link);
  return {
    room,
    roomJoin: true,
    roomCreate: false,
    roomList: false,
    roomRecord: false,
    roomAdmin: false,
    ingressAdmin: false,
    ...permission,
    canUpdateOwnMetadata: canUpdateMetadata,
  };
}
