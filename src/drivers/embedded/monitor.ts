import type { ClientEvent } from '../driver.js';
import { noRoute } from './errors.js';
import { localLevel, loudest, remoteLevel, Speakers, type Level } from './meter.js';
import type { Outgoing } from './outgoing.js';
import type { Peer } from './peer.js';
import type { Roster, Slot } from './roster.js';

/**
 * Milliseconds between two looks: at levels, at connections, at one that is silent. A level is that of
 * the last packet, 20 ms: a sound that repeats each half second fell between looks 200 ms apart for good.
 */
const LEVELS = 210;
const HEALTH = 2_000;
const SILENT = 400;
/** The m-line of the microphone. */
const MICROPHONE = 0;

/** Looks again and again: who speaks how loud, how good the connections are, what does not arrive. */
export class Monitor {
  /** Whether levels are told. */
  levels = false;
  #speakers = new Speakers();
  /** By stream id, whose. */
  #failed = new Map<string, string>();
  #userId = '';
  #timers: ReturnType<typeof setInterval>[] = [];
  /** When the connections are looked at next. */
  #next = Date.now() + HEALTH;

  constructor(
    private readonly peers: ReadonlyMap<string, Peer>,
    private readonly roster: Roster,
    private readonly outgoing: Outgoing,
    private readonly emit: (event: ClientEvent) => void,
  ) {}

  /** @param userId Whose own sound is measured. */
  start(userId: string): void {
    this.#userId = userId;
    this.#timers.push(setInterval(() => void this.#listen(), LEVELS));
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** The network may be another one: looks at once whether media still arrives. */
  hurry(): void {
    void this.#check();
    this.#timers.push(setTimeout(() => void this.#check(true), 1_000));
  }

  async #listen(): Promise<void> {
    if (Date.now() >= this.#next) void this.#check();
    const { received } = this.roster;
    const levels: Level[] = [];
    let own: RTCRtpSender | undefined;
    for (const peer of this.peers.values()) {
      peer.settle(expectedOf(peer, received));
      const lines = peer.pc.getTransceivers();
      for (const { session, userId, kind, line, on } of received) {
        const receiver = lines[line]?.receiver;
        if (kind === 'video' || session !== peer.connect.peer || !receiver) continue;
        levels.push({ userId, level: on ? remoteLevel(receiver) : 0 });
      }
      const sender = lines[MICROPHONE]?.sender;
      // Before, nobody hears it, and asking would hold up the first picture.
      if (peer.connected && sender?.track) own ??= sender;
    }
    if (own && this.outgoing.streams.main?.audio === 'on') {
      // A closed connection has no statistics any more.
      levels.push({ userId: this.#userId, level: await localLevel(own).catch(() => 0) });
    }
    const all = loudest(levels);
    const userIds = this.#speakers.update(all, Date.now());
    if (userIds) this.emit({ type: 'active-speakers', userIds });
    if (this.levels && all.length) this.emit({ type: 'audio-levels', levels: all });
  }

  async #check(eager = false): Promise<void> {
    // For want of an answer, too.
    this.#next = Date.now() + HEALTH;
    let uplink = 0;
    let downlink = 0;
    const failed = new Map<string, string>();
    for (const peer of this.peers.values()) {
      const { health } = peer;
      const expected = expectedOf(peer, this.roster.received);
      const quality = await health.check(peer, expected, eager).catch(() => undefined);
      if (!quality) continue;
      if (health.silent) this.#next = Date.now() + SILENT;
      uplink = Math.max(uplink, quality.uplink);
      downlink = Math.max(downlink, quality.downlink);
      if (health.failed) for (const { streamId, userId } of expected) failed.set(streamId, userId);
    }
    for (const [streamId, userId] of [...this.#failed, ...failed]) {
      const fails = failed.has(streamId);
      if (fails === this.#failed.has(streamId)) continue;
      this.emit({ type: 'stream-health', streamId, error: fails ? noRoute(userId) : undefined });
    }
    this.#failed = failed;
    if (this.peers.size) this.emit({ type: 'network-quality', uplink, downlink });
  }
}

/** What is to come from a peer. */
function expectedOf(peer: Peer, received: readonly Slot[]): Slot[] {
  return received.filter(({ session, on }) => on && session === peer.connect.peer);
}
