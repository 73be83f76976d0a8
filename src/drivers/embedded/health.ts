import type { Peer } from './peer.js';
import type { Slot } from './roster.js';

/**
 * Milliseconds without a packet of what should come: a new route is looked for; so many more, and
 * another connection is asked for; and all of it again.
 */
const RESTART = 3_500;
const EAGER = 900;
const RENEW = 4_000;
const AGAIN = 15_500;
/** A restart after which nothing comes any more so soon did not help, whatever came meanwhile. */
const HELPED = 15_000;
const FAILED = 11_500;

/** The statistics used here, of all their types. */
interface Stat {
  type: string;
  mid?: string;
  nominated?: boolean;
  packetsReceived?: number;
  packetsLost?: number;
  fractionLost?: number;
  roundTripTime?: number;
  currentRoundTripTime?: number;
}

export interface Quality {
  uplink: number;
  downlink: number;
}

/** TRTC's scale: 1 excellent … 5 very bad, 6 no connection; from seconds and a fraction. */
export function grade(roundTrip: number, loss: number): number {
  const steps: [number, number][] = [
    [0.1, 0.01],
    [0.2, 0.03],
    [0.35, 0.08],
    [0.6, 0.2],
  ];
  const index = steps.findIndex(([time, lost]) => roundTrip <= time && loss <= lost);
  return index < 0 ? 5 : index + 1;
}

/** Watches a connection, and those that come in its place: whether what should arrive does, how well. */
export class Health {
  failed = false;
  /** What should come did not, when last looked at. */
  silent = false;
  #packets = new Map<string, number>();
  #got = 0;
  #lost = 0;
  /** When something last arrived, or nothing had to. */
  #since = Date.now();
  #next = this.#since + RESTART;
  /** When a new route was looked for. */
  #restarted = 0;

  /**
   * @param expected The m-lines that somebody publishes, unmuted, and we receive.
   * @param eager The network may have changed: a second without a packet is enough.
   * @returns 0 for what cannot be told
   */
  async check(
    peer: Peer,
    expected: readonly Pick<Slot, 'line'>[],
    eager: boolean,
  ): Promise<Quality | undefined> {
    const report = await peer.pc.getStats();
    if (peer.closed) return undefined;
    let got = 0;
    let lost = 0;
    let trip = 0;
    let uplink = 0;
    let arrives = false;
    for (const stat of report.values() as Iterable<Stat>) {
      const { type, mid = '', packetsReceived = 0, roundTripTime = 0, fractionLost = 0 } = stat;
      if (type === 'inbound-rtp') {
        got += packetsReceived;
        lost += stat.packetsLost ?? 0;
        // Another connection counts from 0.
        arrives ||=
          expected.some(({ line }) => line === +mid) &&
          !!packetsReceived &&
          packetsReceived !== this.#packets.get(mid);
        this.#packets.set(mid, packetsReceived);
      } else if (type === 'remote-inbound-rtp') {
        uplink = Math.max(uplink, grade(roundTripTime, fractionLost));
      } else if (type === 'candidate-pair' && stat.nominated) {
        trip = stat.currentRoundTripTime ?? 0;
      }
    }
    const { iceConnectionState: state } = peer.pc;
    const now = Date.now();
    this.silent = !arrives && !!expected.length;
    if (!this.silent) {
      this.#since = now;
      this.#next = now + RESTART;
    }
    // While the first route is still being looked for, a restart would only begin anew.
    const due = eager ? this.#since + EAGER : this.#next;
    const again = now < this.#restarted + HELPED;
    if (now >= due && (again || !/new|checking/.test(state))) {
      const renew = again && !eager;
      this.#restarted = renew ? 0 : now;
      this.#next = now + (renew ? AGAIN : RENEW);
      if (renew) peer.renew();
      else peer.restart();
    }
    this.failed = now - this.#since >= FAILED;
    const fresh = got - this.#got;
    const missing = Math.max(0, lost - this.#lost);
    this.#got = got;
    this.#lost = lost;
    if (this.failed || /failed|disconnected/.test(state)) return { uplink: 6, downlink: 6 };
    return {
      uplink,
      downlink: fresh > 0 ? grade(trip, missing / (fresh + missing)) : 0,
    };
  }
}
