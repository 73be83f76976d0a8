import type { StreamType } from '../driver.js';
import type { Incoming } from './incoming.js';
import type { LocalTrack } from './sdk.js';

export interface Sent {
  type: StreamType;
  kind: 'audio' | 'video';
  native: LocalTrack;
}

/**
 * The SDK's numbers under the names of WebRTC's statistics, as its connections cannot be reached: a
 * report for what is sent, and one for each stream of which something is received. It has rates
 * only, of the last second: `bitrate` in bits per second is a name of ours.
 */
export function readStats(sent: readonly Sent[], received: Iterable<Incoming>): RTCStatsReport[] {
  const reports = [...received].flatMap(({ id, tracks, on }) => {
    const report = new Report();
    for (const [kind, track] of tracks) {
      if (!on.has(track)) continue;
      const {
        downlinkBitrate: bitrate,
        downlinkLostRate: fractionLost,
        ...more
      } = track.getStats();
      const framesPerSecond = 'downlinkFrameRate' in more ? more.downlinkFrameRate : undefined;
      report.add(`${id} ${kind}`, 'inbound-rtp', kind, { bitrate, fractionLost, framesPerSecond });
    }
    return report.size ? [report] : [];
  });
  if (!sent.length) return reports;
  const own = new Report();
  for (const { type, kind, native } of sent) {
    const id = `${type} ${kind}`;
    // Of a picture, one for each quality that is sent.
    for (const [at, stats] of [native.getStats()].flat().entries()) {
      const { uplinkBitrate: bitrate, uplinkLostRate: fractionLost, uplinkRTT, ...more } = stats;
      const framesPerSecond = 'uplinkFrameRate' in more ? more.uplinkFrameRate : undefined;
      own.add(`${id} ${at}`, 'outbound-rtp', kind, { bitrate, framesPerSecond });
      const roundTripTime = uplinkRTT / 1_000;
      own.add(`${id} ${at} there`, 'remote-inbound-rtp', kind, { fractionLost, roundTripTime });
    }
  }
  return [own, ...reports];
}

class Report extends Map<string, object> {
  readonly #timestamp = performance.timeOrigin + performance.now();

  add(id: string, type: RTCStatsType, kind: string, numbers: object): void {
    this.set(id, { id, type, kind, timestamp: this.#timestamp, ...numbers });
  }
}
