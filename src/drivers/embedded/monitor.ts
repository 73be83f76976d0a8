import type { ClientEvent } from '../driver.js';
import { noRoute } from './errors.js';
import { localLevel, loudest, remoteLevel, Speakers, type Level } from './meter.js';
import type { Outgoing } from './outgoing.js';
import type { Peer } from './peer.js';
import type { Slot } from './roster.js';

/** Milliseconds between two looks: at levels, at connections, at one that is silent. */
const LEVELS = 200;
const HEALTH = 2_000;
const SILENT = 400;
/** The m-line of the microphone. */
const MICROPHONE = 0;

export interface Watched {
  peers: readonly Peer[];
  received: readonly Slot[];
  outgoing: Outgoing;
  userId: string;
}

/** What is to come from a peer. */
const of = (peer: Peer, received: readonly Slot[]): Slot[] =>
  received.filter(({ session, on }) => on && session === peer.connect.peer);

/** Looks again and again: who speaks how loud, how good the connections are, what does not arrive. */
export class Monitor {
  /** Whether levels are told. */
  levels = false;
  #speakers = new Speakers();
  /** By stream id, whose. */
  #failed = new Map<string, string>();
  #timers: ReturnType<typeof setInterval>[] = [];
  /** When the connections are looked at next. */
  #next = Date.now() + HEALTH;

  constructor(
    private readonly watched: () => Watched,
    private readonly emit: (event: ClientEvent) => void,
  ) {}

  start(): void {
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
    const { peers, received, outgoing, userId } = this.watched();
    const levels: Level[] = [];
    for (const peer of peers) {
      peer.settle(of(peer, received));
      for (const { session, userId, kind, line, on } of received) {
        if (kind === 'video' || session !== peer.connect.peer) continue;
        const receiver = peer.pc.getTransceivers()[line]?.receiver;
        if (receiver) levels.push({ userId, level: on ? remoteLevel(receiver) : 0 });
      }
    }
    if (outgoing.streams.main?.audio === 'on') {
      const sender = peers
        // Before, nobody hears it, and asking would hold up the first picture.
        .filter(({ connected }) => connected)
        .map(({ pc }) => pc.getTransceivers()[MICROPHONE]?.sender)
        .find((one) => one?.track);
      // A closed connection has no statistics any more.
      if (sender) levels.push({ userId, level: await localLevel(sender).catch(() => 0) });
    }
    const all = loudest(levels);
    const userIds = this.#speakers.update(all, Date.now());
    if (userIds) this.emit({ type: 'active-speakers', userIds });
    if (this.levels && all.length) this.emit({ type: 'audio-levels', levels: all });
  }

  async #check(eager = false): Promise<void> {
    const { peers, received } = this.watched();
    // For want of an answer, too.
    this.#next = Date.now() + HEALTH;
    let uplink = 0;
    let downlink = 0;
    const failed = new Map<string, string>();
    for (const peer of peers) {
      const { health } = peer;
      const expected = of(peer, received);
      const quality = await health.check(peer, expected, eager).catch(() => undefined);
      if (!quality) continue;
      if (health.silent) this.#next = Date.now() + SILENT;
      uplink = Math.max(uplink, quality.uplink);
      downlink = Math.max(downlink, quality.downlink);
      if (health.failed) for (const { streamId, userId } of expected) failed.set(streamId, userId);
    }
    for (const [streamId, userId] of failed) {
      if (!this.#failed.has(streamId))
        this.emit({ type: 'stream-health', streamId, error: noRoute(userId) });
    }
    for (const streamId of this.#failed.keys()) {
      if (!failed.has(streamId)) this.emit({ type: 'stream-health', streamId });
    }
    this.#failed = failed;
    if (peers.length) this.emit({ type: 'network-quality', uplink, downlink });
  }
}
