import { Track, type RemoteParticipant, type RemoteTrackPublication } from 'livekit-client';
import type {
  ClientEvent,
  DefaultSubscription,
  StreamInfo,
  StreamType,
  Subscription,
  TrackKind,
  UserInfo,
} from '../driver.js';
import { roleOf, userDataOf, userIdOf } from './identity.js';

const KINDS: readonly TrackKind[] = ['audio', 'video'];
const TYPES: readonly StreamType[] = ['main', 'auxiliary'];

type LeftReason = Extract<ClientEvent, { type: 'user-left' }>['reason'];

export interface RemoteStream extends StreamInfo {
  publications: Partial<Record<TrackKind, RemoteTrackPublication>>;
  /** Those which a later one of the same kind has taken the place of. */
  outdated?: RemoteTrackPublication[];
}

/**
 * Who and what is in the Room against what was told: told is the difference, whatever brought it.
 * Ids are made of identities, which outlive a reconnect and a change of node; sids do not.
 */
export class Roster {
  /** Of who left lately, why. */
  readonly reasons = new Map<string, LeftReason>();
  #users = new Map<string, UserInfo>();
  #streams = new Map<string, StreamInfo>();
  #tracks = new Map<string, MediaStreamTrack>();
  #wanted = new Map<string, Subscription>();

  constructor(
    private readonly participants: ReadonlyMap<string, RemoteParticipant>,
    private readonly defaults: DefaultSubscription,
    private readonly emit: (event: ClientEvent) => void,
  ) {}

  get users(): UserInfo[] {
    return [...this.participants.values()].filter(isUser).map((participant) => ({
      id: participant.identity,
      userId: userIdOf(participant),
      userData: userDataOf(participant),
      userRole: roleOf(participant),
    }));
  }

  get streams(): RemoteStream[] {
    return [...this.participants.values()].filter(isUser).flatMap(streamsOf);
  }

  /** What should arrive now: wanted, published and not muted. */
  get expected(): RemoteStream[] {
    return this.streams.flatMap((stream) => {
      const wanted = this.wanted(stream);
      const { audio, video } = stream.publications;
      const publications: RemoteStream['publications'] = {};
      if (audio && wanted.audio && flows(audio)) publications.audio = audio;
      if (video && wanted.video && flows(video)) publications.video = video;
      return Object.keys(publications).length ? { ...stream, publications } : [];
    });
  }

  /** What is there; counted as told. */
  begin(): { users: UserInfo[]; streams: StreamInfo[] } {
    const { users } = this;
    const streams = this.streams.map(infoOf);
    this.#users = new Map(users.map((user) => [user.id, user]));
    this.#streams = new Map(streams.map((stream) => [stream.id, stream]));
    return { users, streams };
  }

  has(streamId: string): boolean {
    return this.#streams.has(streamId);
  }

  want(streamId: string, wanted: Subscription): void {
    this.#wanted.set(streamId, wanted);
  }

  wanted({ id, userId }: StreamInfo): Subscription {
    const { audio, video, only } = this.defaults;
    const given = !only || only.includes(userId);
    return this.#wanted.get(id) ?? { audio: audio && given, video: video && given };
  }

  /** Tells what differs from what was told; without `removals`, who is missing may come back. */
  sync(removals = true): void {
    const users = new Map(this.users.map((user) => [user.id, user]));
    const streams = this.streams;
    const here = new Set(streams.map(({ id }) => id));
    for (const [id, user] of users) {
      const known = this.#users.get(id);
      if (known && same(known, user)) continue;
      this.#users.set(id, user);
      this.emit({ type: known ? 'user-updated' : 'user-joined', user });
    }
    for (const id of this.#streams.keys()) if (removals && !here.has(id)) this.#remove(id);
    for (const stream of streams) this.#sync(stream);
    for (const id of this.#users.keys()) {
      if (!removals || users.has(id)) continue;
      this.#users.delete(id);
      this.emit({ type: 'user-left', id, reason: this.reasons.get(id) });
    }
    if (removals) this.reasons.clear();
  }

  #sync(stream: RemoteStream): void {
    const info = infoOf(stream);
    const known = this.#streams.get(info.id);
    if (!known || !same(known, info)) {
      this.#streams.set(info.id, info);
      this.emit({ type: known ? 'stream-updated' : 'stream-added', stream: info });
    }
    const wanted = this.wanted(stream);
    for (const kind of KINDS) {
      const publication = stream.publications[kind];
      const media = wanted[kind] && publication?.isSubscribed && publication.track;
      const track = media ? media.mediaStreamTrack : null;
      const key = `${kind} ${info.id}`;
      if ((this.#tracks.get(key) ?? null) === track) continue;
      if (track) this.#tracks.set(key, track);
      else this.#tracks.delete(key);
      this.emit({ type: 'track', streamId: info.id, kind, track });
    }
  }

  #remove(streamId: string): void {
    this.#streams.delete(streamId);
    this.#wanted.delete(streamId);
    for (const kind of KINDS) this.#tracks.delete(`${kind} ${streamId}`);
    this.emit({ type: 'stream-removed', streamId });
  }
}

/** Recorders and the like are in the room, and nobody's to see. */
function isUser({ permissions }: RemoteParticipant): boolean {
  return !permissions?.hidden;
}

function streamsOf(participant: RemoteParticipant): RemoteStream[] {
  const userId = userIdOf(participant);
  return TYPES.flatMap((type) => {
    const publications: RemoteStream['publications'] = {};
    const outdated: RemoteTrackPublication[] = [];
    for (const publication of participant.trackPublications.values()) {
      const { source } = publication;
      const screen =
        source === Track.Source.ScreenShare || source === Track.Source.ScreenShareAudio;
      if (screen !== (type === 'auxiliary')) continue;
      const kind = publication.kind === Track.Kind.Audio ? 'audio' : 'video';
      // The later of two: one that is being published anew.
      if (publications[kind]) outdated.push(publications[kind]);
      publications[kind] = publication;
    }
    const { audio, video } = publications;
    if (!audio && !video) return [];
    return {
      id: `${participant.identity}/${type}`,
      userId,
      type,
      hasAudio: !!audio,
      hasVideo: !!video,
      audioMuted: audio?.isMuted ?? false,
      videoMuted: video?.isMuted ?? false,
      publications,
      outdated,
    };
  });
}

/** LiveKit itself holds back what the network has no room for. */
function flows({ isMuted, track }: RemoteTrackPublication): boolean {
  return !isMuted && track?.streamState !== Track.StreamState.Paused;
}

function infoOf({ publications: _, outdated: __, ...info }: RemoteStream): StreamInfo {
  return info;
}

function same(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
