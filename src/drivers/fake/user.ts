import type { Publication, RoomMode, StreamType, UserRole } from '../driver.js';
import type { FakeBackend } from './backend.js';
import { streamId, type Member } from './room.js';

export interface FakeUserOptions {
  /** The room's, when this opens it. Default `rtc`. */
  mode?: RoomMode;
  role?: UserRole;
  userData?: string;
  /** As a cross-room link: may share its user id with somebody else. */
  link?: boolean;
}

/** A user whom a test has put into a room, and whom it plays. */
export class FakeUser {
  constructor(
    private readonly backend: FakeBackend,
    private readonly member: Member,
  ) {}

  /** The id of its stream, as clients are told it. */
  streamId(type: StreamType = 'main'): string {
    return streamId(this.member, type);
  }

  /** Publishes sound and picture, or what `change` says of them; again: changes that. */
  publish(change: Partial<Publication> = {}): void {
    const type = change.type ?? 'main';
    const before: Publication = this.member.streams.get(type) ?? {
      type,
      hasAudio: true,
      hasVideo: true,
      audio: null,
      video: null,
      audioMuted: false,
      videoMuted: false,
      audioProfile: 'speech',
      width: 640,
      height: 360,
      frameRate: 15,
    };
    this.backend.publish(this.member, { ...before, ...change });
  }

  unpublish(type: StreamType = 'main'): void {
    this.backend.unpublish(this.member, type);
  }

  switchRole(role: UserRole): void {
    this.backend.changeRole(this.member, role);
  }

  setUserData(userData: string): void {
    this.backend.describe(this.member, userData);
  }

  /** `to` absent: everybody. */
  send(data: string, ...to: string[]): void {
    this.backend.send(this.member, data, to.length ? to : undefined);
  }

  leave(reason: 'leave' | 'timeout' | 'kick' | 'banned' = 'leave'): void {
    this.backend.removeMember(this.member, reason);
  }
}
