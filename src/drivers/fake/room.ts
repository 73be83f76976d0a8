import type {
  Publication,
  RoomMode,
  StreamInfo,
  StreamType,
  UserInfo,
  UserRole,
} from '../driver.js';
import type { FakeClient } from './client.js';

/** Somebody in a room: a client's stay, or a user whom a test has put there. */
export interface Member {
  /** Names the stay. */
  id: string;
  userId: string;
  userData: string;
  role: UserRole;
  link: boolean;
  streams: Map<StreamType, Publication>;
  /** Null for a user made by a test. */
  client: FakeClient | null;
}

export interface FakeRoom {
  id: string;
  mode: RoomMode;
  members: Map<string, Member>;
}

export function userInfo({ id, userId, userData, role }: Member): UserInfo {
  return { id, userId, userData, userRole: role };
}

export function streamId(member: Member, type: StreamType): string {
  return `${member.id}/${type}`;
}

export function streamInfo(member: Member, publication: Publication): StreamInfo {
  const { type, hasAudio, hasVideo, audioMuted, videoMuted } = publication;
  const id = streamId(member, type);
  return { id, userId: member.userId, type, hasAudio, hasVideo, audioMuted, videoMuted };
}

export function streamsOf(member: Member): StreamInfo[] {
  return [...member.streams.values()].map((publication) => streamInfo(member, publication));
}
