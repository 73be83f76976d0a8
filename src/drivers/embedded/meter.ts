export { loudest, Speakers, type Level } from '../shared/speakers.js';

/** The level that arrives, without asking for statistics. */
export function remoteLevel(receiver: RTCRtpReceiver): number {
  return receiver.getSynchronizationSources()[0]?.audioLevel ?? 0;
}

/** The level that is sent. */
export async function localLevel(sender: RTCRtpSender): Promise<number> {
  for (const stat of (await sender.getStats()).values()) {
    const { type, audioLevel = 0 } = stat as { type: string; audioLevel?: number };
    if (type === 'media-source') return audioLevel;
  }
  return 0;
}
