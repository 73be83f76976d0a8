import type { NativeClient } from './sdk.js';

/** What the SDK counts of one track, under the names of WebRTC's statistics. */
type Counted = [kind: 'audio' | 'video', stream: 'main' | 'auxiliary', numbers: object | undefined];

/**
 * The SDK's numbers as WebRTC's statistics, as its connections cannot be reached: one report for
 * what is sent, and one for each user of whom something is received. It counts no screen that is
 * sent.
 */
export async function readStats(
  client: NativeClient,
  userId: string,
  sends: boolean,
): Promise<RTCStatsReport[]> {
  const [{ rtt, downlinksRTT }, microphone, camera, sounds, pictures, screens] = await Promise.all([
    client.getTransportStats(),
    client.getLocalAudioStats(),
    client.getLocalVideoStats(),
    client.getRemoteAudioStats(),
    client.getRemoteVideoStats('main'),
    client.getRemoteVideoStats('auxiliary'),
  ]);
  const received = Object.entries(downlinksRTT).map(([user, delay]) =>
    reportOf('inbound-rtp', delay, [
      ['audio', 'main', sounds[user]],
      ['video', 'main', pictures[user]],
      ['video', 'auxiliary', screens[user]],
    ]),
  );
  if (!sends) return received;
  const sent = reportOf('outbound-rtp', rtt, [
    ['audio', 'main', microphone[userId]],
    ['video', 'main', camera[userId]],
  ]);
  return [sent, ...received];
}

/** @param delay In milliseconds. */
function reportOf(
  type: 'inbound-rtp' | 'outbound-rtp',
  delay: number,
  counted: Counted[],
): RTCStatsReport {
  const timestamp = performance.timeOrigin + performance.now();
  const report = new Map<string, object>();
  const add = (id: string, stat: object): void => void report.set(id, { ...stat, id, timestamp });
  add('pair', { type: 'candidate-pair', currentRoundTripTime: delay / 1000 });
  for (const [kind, stream, numbers] of counted)
    if (numbers) add(`${kind} ${stream}`, { ...numbers, type, kind });
  return report;
}
