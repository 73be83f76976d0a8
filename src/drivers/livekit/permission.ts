import type { LocalParticipant } from 'livekit-client';
import type { UserRole } from '../driver.js';
import { roleOf } from './identity.js';

/** Milliseconds until a grant that nobody asked for is told: the answer of who asks may be under way. */
const UNASKED = 1_000;
/** Milliseconds until a token endpoint is believed to renew the token only. */
const PATIENCE = 2_000;

/** What this user may do, as LiveKit says, and the role that the page knows of. */
export class Permission {
  role: UserRole = 'audience';
  #waiting = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param unasked LiveKit itself has changed the role. */
  constructor(
    private readonly local: Pick<LocalParticipant, 'permissions'>,
    private readonly unasked: (role: UserRole) => void,
  ) {}

  get granted(): UserRole {
    return roleOf(this.local);
  }

  /** LiveKit has told something. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.check(), UNASKED);
  }

  /** Tells a role that nobody here asked for. */
  check(): void {
    if (this.#waiting.size || this.granted === this.role) return;
    this.role = this.granted;
    this.unasked(this.role);
  }

  /** Resolves to whether the role is granted, at the latest after 2 s. */
  wait(role: UserRole, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.granted === role || signal.aborted) end();
      };
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        signal.removeEventListener('abort', end);
        resolve(this.granted === role);
      };
      const timer = setTimeout(end, PATIENCE);
      signal.addEventListener('abort', end);
      this.#waiting.add(look);
      look();
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

interface VideoGrant {
  canPublish?: boolean;
  roomAdmin?: boolean;
}

/** The role that a token grants by itself; undefined when it cannot be read. */
export function grantOf(token: string): UserRole | undefined {
  const video = videoGrant(token);
  // Who is not forbidden to publish may.
  return video && (video.canPublish === false ? 'audience' : 'anchor');
}

/** Whether a token lets its user remove others. */
export function administers(token: string): boolean {
  return videoGrant(token)?.roomAdmin === true;
}

function videoGrant(token: string): VideoGrant | undefined {
  try {
    const payload = token.split('.')[1] ?? '';
    const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const { video = {} } = JSON.parse(text) as { video?: VideoGrant };
    return video;
  } catch {
    return undefined;
  }
}
