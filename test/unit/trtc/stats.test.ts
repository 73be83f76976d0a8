import { expect } from '@open-wc/testing';
import type { NativeClient } from '../../../src/drivers/trtc/sdk.js';
import { readStats } from '../../../src/drivers/trtc/stats.js';

const answers: Record<string, object> = {
  getTransportStats: { rtt: 40, downlinksRTT: { bob: 80, carol: 20 } },
  getLocalAudioStats: { alice: { bytesSent: 10, packetsSent: 1 } },
  getLocalVideoStats: { alice: { bytesSent: 20, packetsSent: 2, framesEncoded: 3 } },
  getRemoteAudioStats: { bob: { packetsReceived: 4, packetsLost: 1 } },
  getRemoteVideoStats: { bob: { framesDecoded: 5 } },
  'getRemoteVideoStats auxiliary': { carol: { framesDecoded: 6 } },
};

const client = new Proxy({} as NativeClient, {
  get: (_, name) => (type?: string) =>
    Promise.resolve(answers[type === 'auxiliary' ? `${String(name)} auxiliary` : String(name)]),
});

const plain = (reports: RTCStatsReport[]): unknown[] =>
  reports.map((report) =>
    [...(report.values() as Iterable<{ timestamp: number }>)].map(({ timestamp, ...stat }) => {
      expect(Math.abs(timestamp - Date.now())).to.be.below(10_000);
      return stat;
    }),
  );

const received = [
  [
    { id: 'pair', type: 'candidate-pair', currentRoundTripTime: 0.08 },
    { id: 'audio main', type: 'inbound-rtp', kind: 'audio', packetsReceived: 4, packetsLost: 1 },
    { id: 'video main', type: 'inbound-rtp', kind: 'video', framesDecoded: 5 },
  ],
  [
    { id: 'pair', type: 'candidate-pair', currentRoundTripTime: 0.02 },
    { id: 'video auxiliary', type: 'inbound-rtp', kind: 'video', framesDecoded: 6 },
  ],
];

describe('trtc: statistics', () => {
  it('are one report for what is sent, and one for each user', async () => {
    expect(plain(await readStats(client, 'alice', true))).to.deep.equal([
      [
        { id: 'pair', type: 'candidate-pair', currentRoundTripTime: 0.04 },
        { id: 'audio main', type: 'outbound-rtp', kind: 'audio', bytesSent: 10, packetsSent: 1 },
        {
          id: 'video main',
          type: 'outbound-rtp',
          kind: 'video',
          bytesSent: 20,
          packetsSent: 2,
          framesEncoded: 3,
        },
      ],
      ...received,
    ]);
  });

  it('are only of what comes while nothing is sent', async () => {
    expect(plain(await readStats(client, 'alice', false))).to.deep.equal(received);
  });
});
