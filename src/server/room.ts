import type { RoomMode, UserRole } from '../drivers/driver.js';
import type { PublishedStreams, ServerMessage } from '../protocol/messages.js';
import { Bucket } from './limits.js';
import type { Session } from './session.js';

export interface RoomInfo {
  room: string;
  /** Absent: this server itself. */
  provider?: 'livekit';
  mode: RoomMode | null;
  users: { user: string; data: string; role: UserRole; link: boolean; streams: PublishedStreams }[];
}

export interface Link {
  readonly id: string;
  readonly a: Session;
  readonly b: Session;
  /** The one of the two that sends offers. */
  readonly offerer: Session;
  /** When it was made, in milliseconds. */
  readonly at: number;
}

/** An open room: who is in it, and who is connected with whom. */
export class Room {
  readonly sessions = new Map<string, Session>();
  readonly connections = new Map<string, Link>();
  /** Set by the first join, or by the API. */
  mode: RoomMode | undefined;
  cancelClose: (() => void) | undefined;
  readonly joins = new Bucket();

  constructor(readonly id: string) {}

  others(session: Session): Session[] {
    return [...this.sessions.values()].filter((other) => other !== session);
  }

  /** The user's stay as an anchor: there is one at most. */
  anchorOf(user: string): Session | undefined {
    for (const session of this.sessions.values())
      if (session.user === user && session.role === 'anchor') return session;
    return undefined;
  }

  ofUser(user: string): Session[] {
    return [...this.sessions.values()].filter((session) => session.user === user);
  }

  tell(but: Session | null, message: ServerMessage): void {
    for (const session of this.sessions.values()) {
      if (session !== but) session.outbox.send(message);
    }
  }

  connectionOf(a: Session, b: Session): Link | undefined {
    return [...this.connections.values()].find(
      (link) => (link.a === a && link.b === b) || (link.a === b && link.b === a),
    );
  }
}

export function inspect(room: Room): RoomInfo {
  const users = [...room.sessions.values()].map(({ user, data, role, link, streams }) => ({
    user,
    data,
    role,
    link,
    streams,
  }));
  return { room: room.id, mode: room.mode ?? null, users };
}
