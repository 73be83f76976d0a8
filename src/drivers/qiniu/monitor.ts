import type { ClientEvent } from '../driver.js';
import { noMedia } from './errors.js';
import type { Incoming, RemoteSide } from './incoming.js';
import type { Outgoing } from './outgoing.js';
import type { RemoteTrack, SdkClient } from './sdk.js';

const LEVELS = 300;
const CHECK = 2_000;
/** Looks without a byte until a stream counts as one that does not arrive: 8 s. */
const PATIENCE = 4;
/** Levels 0–1 from which somebody is heard, and below which not any more after a pause. */
const LOUD = 0.1;
const QUIET = 0.05;
/** Milliseconds: pauses between words are no change. */
const PAUSE = 1_000;

/** TRTC's scale: 0 unknown, 1 excellent … 6 lost. */
const GRADES: Record<string, number> = { EXCELLENT: 1, GOOD: 2, FAIR: 3, POOR: 4 };

export interface Watched {
  client: SdkClient;
  userId: string;
  remote: RemoteSide;
  outgoing: Outgoing;
}

/** Looks again and again: who speaks how loud, how good the connection is, what does not arrive. */
export class Monitor {
  /** Whether levels are told. */
  levels = false;
  #heard = new Map<string, number>();
  #told = '[]';
  #silent = new Map<string, number>();
  #timers: ReturnType<typeof setInterval>[] = [];

  constructor(
    private readonly watched: Watched,
    private readonly emit: (event: ClientEvent) => void,
  ) {}

  start(): void {
    this.#timers = [
      setInterval(() => this.#listen(), LEVELS),
      setInterval(() => this.#check(), CHECK),
    ];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #listen(): void {
    const { remote, outgoing, userId } = this.watched;
    const levels = new Map<string, number>();
    const microphone = outgoing.microphone;
    if (microphone) levels.set(userId, outgoing.placeholders.level(microphone));
    for (const { userId, tracks, on } of remote.streams) {
      const audio = tracks.get('audio');
      if (!audio || !on.has(audio)) continue;
      const level = audio.isMuted() ? 0 : Math.min(1, levelOf(audio));
      levels.set(userId, Math.max(level, levels.get(userId) ?? 0));
    }
    this.#speakers(levels, Date.now());
    if (this.levels && levels.size) {
      const list = [...levels].map(([userId, level]) => ({ userId, level }));
      this.emit({ type: 'audio-levels', levels: list });
    }
  }

  #speakers(levels: ReadonlyMap<string, number>, now: number): void {
    for (const [userId, level] of levels) {
      if (level >= (this.#heard.has(userId) ? QUIET : LOUD)) this.#heard.set(userId, now);
    }
    for (const [userId, at] of this.#heard) {
      if (!levels.has(userId) || now - at > PAUSE) this.#heard.delete(userId);
    }
    const userIds = [...this.#heard.keys()];
    const told = JSON.stringify(userIds);
    if (told === this.#told) return;
    this.#told = told;
    this.emit({ type: 'active-speakers', userIds });
  }

  #check(): void {
    const { client, remote } = this.watched;
    remote.refresh();
    let downlink = 0;
    const seen = new Set<string>();
    for (const stream of remote.streams) {
      seen.add(stream.id);
      const stats = received(stream).map((track) => track.getStats());
      this.#arrives(stream, stats.length > 0 && stats.every((one) => !one.downlinkBitrate));
      for (const { downlinkLostRate } of stats)
        downlink = Math.max(downlink, grade(downlinkLostRate));
    }
    for (const id of this.#silent.keys()) if (!seen.has(id)) this.#silent.delete(id);
    const uplink = GRADES[client.getNetworkQuality()] ?? 0;
    if (uplink || downlink) this.emit({ type: 'network-quality', uplink, downlink });
  }

  #arrives({ id, userId, type }: Incoming, silent: boolean): void {
    const before = this.#silent.get(id) ?? 0;
    // A screen on which nothing moves sends nothing.
    const now = silent && type === 'main' ? before + 1 : 0;
    this.#silent.set(id, now);
    if (now === PATIENCE) {
      this.emit({ type: 'stream-health', streamId: id, error: noMedia(userId) });
    } else if (!now && before >= PATIENCE) {
      this.emit({ type: 'stream-health', streamId: id });
    }
  }
}

/** What should send now. */
function received({ tracks, on }: Incoming): RemoteTrack[] {
  return [...tracks.values()].filter((track) => on.has(track) && !track.isMuted());
}

/** By the part of packets that is lost, with the SDK's own limits. */
function grade(lost: number): number {
  return lost > 0.15 ? 4 : lost > 0.08 ? 3 : lost > 0.01 ? 2 : 1;
}

function levelOf(track: RemoteTrack): number {
  return track.isAudio() && 'getVolumeLevel' in track ? (track.getVolumeLevel() ?? 0) : 0;
}
