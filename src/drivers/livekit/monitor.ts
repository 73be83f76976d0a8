import type { RemoteTrackPublication } from 'livekit-client';
import type { ClientEvent } from '../driver.js';
import { noMedia } from './errors.js';
import type { RemoteStream } from './roster.js';

/** Milliseconds: between looks; without a packet until the node is asked; until it is told. */
const LOOK = 500;
const SILENT = 1_000;
const FAILED = 12_000;
const LEVELS = 200;

export interface Watched {
  reports(): Promise<RTCStatsReport[]>;
  /** What should arrive: subscribed, published and not muted. */
  expected(): RemoteStream[];
  /** The id of the track that is heard of this user. */
  microphone(): string | undefined;
  userId(): string;
  /** Nothing has arrived for a second where something did: is the node still there? */
  silent(): void;
}

interface Stat {
  type: string;
  kind?: string;
  trackIdentifier?: string;
  packetsReceived?: number;
  bytesReceived?: number;
  audioLevel?: number;
}

interface Flow {
  packets: number;
  since: number;
}

/** Looks again and again at what arrives; and how loud, when that is wanted. */
export class Monitor {
  #timers = new Map<'look' | 'levels', ReturnType<typeof setInterval>>();
  #bytes = 0;
  #heard = 0;
  #asked = false;
  #looking = false;
  #flows = new Map<string, Flow>();
  #failed = new Set<string>();

  constructor(
    private readonly watched: Watched,
    private readonly emit: (event: ClientEvent) => void,
    private readonly now = (): number => Date.now(),
  ) {}

  start(): void {
    this.#set('look', LOOK, () => void this.look());
  }

  /** The next silence counts from the next packet on. */
  reset(): void {
    this.#bytes = this.#heard = 0;
    this.#asked = false;
    for (const flow of this.#flows.values()) flow.since = this.now();
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearInterval(timer);
    this.#timers.clear();
  }

  levels(wanted: boolean): void {
    clearInterval(this.#timers.get('levels'));
    if (wanted) this.#set('levels', LEVELS, () => void this.#listen());
  }

  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const stats = await this.#stats();
      this.#node(stats);
      this.#streams(stats);
    } finally {
      this.#looking = false;
    }
  }

  #node(stats: readonly Stat[]): void {
    let bytes = 0;
    for (const { type, bytesReceived = 0 } of stats) {
      if (type === 'candidate-pair') bytes += bytesReceived;
    }
    const now = this.now();
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#heard = now;
      this.#asked = false;
    } else if (this.#heard && !this.#asked && now - this.#heard >= SILENT) {
      this.#asked = true;
      this.watched.silent();
    }
  }

  #streams(stats: readonly Stat[]): void {
    const arrived = new Map<string, number>();
    for (const { type, trackIdentifier = '', packetsReceived = 0 } of stats) {
      if (type === 'inbound-rtp') arrived.set(trackIdentifier, packetsReceived);
    }
    const now = this.now();
    const failed = new Map<string, string>();
    const flows = new Map<string, Flow>();
    for (const { id, userId, publications } of this.watched.expected()) {
      const tracks = Object.values(publications).map(trackId);
      const packets = tracks.reduce((sum, track) => sum + (arrived.get(track) ?? 0), 0);
      const known = this.#flows.get(id);
      const flow =
        known && packets <= known.packets ? { ...known, packets } : { packets, since: now };
      flows.set(id, flow);
      if (now - flow.since >= FAILED) failed.set(id, userId);
    }
    this.#flows = flows;
    for (const [streamId, userId] of failed) {
      if (!this.#failed.has(streamId))
        this.emit({ type: 'stream-health', streamId, error: noMedia(userId) });
    }
    for (const streamId of this.#failed) {
      if (!failed.has(streamId)) this.emit({ type: 'stream-health', streamId });
    }
    this.#failed = new Set(failed.keys());
  }

  async #listen(): Promise<void> {
    const stats = await this.#stats();
    if (!this.#timers.has('levels')) return;
    // Not from the receivers' sources: LiveKit does not pass on the header that carries the level.
    const arriving = new Map<string, number>();
    let own: number | undefined;
    const microphone = this.watched.microphone();
    for (const { type, kind, trackIdentifier = '', audioLevel = 0 } of stats) {
      if (kind !== 'audio') continue;
      if (type === 'inbound-rtp') arriving.set(trackIdentifier, audioLevel);
      if (type === 'media-source' && trackIdentifier === microphone) own = audioLevel;
    }
    const levels = new Map<string, number>();
    for (const { userId, publications } of this.watched.expected()) {
      if (!publications.audio) continue;
      const level = arriving.get(trackId(publications.audio)) ?? 0;
      levels.set(userId, Math.max(level, levels.get(userId) ?? 0));
    }
    if (own !== undefined) levels.set(this.watched.userId(), own);
    if (levels.size) {
      const all = [...levels].map(([userId, level]) => ({ userId, level }));
      this.emit({ type: 'audio-levels', levels: all });
    }
  }

  async #stats(): Promise<Stat[]> {
    // A connection that is being closed has none.
    const reports = await this.watched.reports().catch(() => []);
    return reports.flatMap((report) => [...(report.values() as Iterable<Stat>)]);
  }

  #set(name: 'look' | 'levels', ms: number, act: () => void): void {
    clearInterval(this.#timers.get(name));
    this.#timers.set(name, setInterval(act, ms));
  }
}

function trackId({ track }: Pick<RemoteTrackPublication, 'track'>): string {
  return track?.mediaStreamTrack.id ?? '';
}
