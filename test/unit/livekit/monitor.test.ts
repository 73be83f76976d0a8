import { expect } from '@open-wc/testing';
import { Track } from 'livekit-client';
import type { ClientEvent } from '../../../src/drivers/driver.js';
import { Monitor } from '../../../src/drivers/livekit/monitor.js';
import type { RemoteStream } from '../../../src/drivers/livekit/roster.js';
import { FakePublication } from './fake-room.js';

function setUp(): {
  monitor: Monitor;
  events: ClientEvent[];
  asked: () => number;
  /** Half a second later, with this many packets of bob's camera and bytes of everything so far. */
  later: (packets: number, bytes: number) => Promise<void>;
  expected: RemoteStream[];
} {
  let now = 1_000;
  let stats: object[] = [];
  let asked = 0;
  const events: ClientEvent[] = [];
  const camera = new FakePublication(Track.Source.Camera);
  const { id } = camera.arrive();
  const expected: RemoteStream[] = [
    {
      id: 'bob/main',
      userId: 'bob',
      type: 'main',
      hasAudio: false,
      hasVideo: true,
      audioMuted: false,
      videoMuted: false,
      publications: { video: camera.real },
    },
  ];
  const monitor = new Monitor(
    {
      // Of a report only its values are read.
      reports: () => Promise.resolve([new Map(stats.entries()) as unknown as RTCStatsReport]),
      expected: () => expected,
      microphone: () => undefined,
      userId: () => 'me',
      silent: () => (asked += 1),
    },
    (event) => events.push(event),
    () => now,
  );
  return {
    monitor,
    events,
    asked: () => asked,
    expected,
    later: async (packets, bytes) => {
      now += 500;
      stats = [
        { type: 'inbound-rtp', kind: 'video', trackIdentifier: id, packetsReceived: packets },
        { type: 'candidate-pair', bytesReceived: bytes },
      ];
      await monitor.look();
    },
  };
}

describe('livekit: monitor', () => {
  it('asks for the node after a second without a byte, once', async () => {
    const { later, asked } = setUp();
    await later(1, 100);
    await later(1, 100);
    expect(asked()).to.equal(0);
    await later(1, 100);
    await later(1, 100);
    await later(1, 100);
    expect(asked()).to.equal(1);
  });

  it('asks again after something has arrived in between', async () => {
    const { later, asked } = setUp();
    for (const bytes of [100, 100, 100, 200, 200, 200]) await later(1, bytes);
    expect(asked()).to.equal(2);
  });

  it('does not ask where nothing has ever arrived, nor after a change of node', async () => {
    const { monitor, later, asked } = setUp();
    for (let turn = 0; turn < 5; turn++) await later(0, 0);
    await later(1, 100);
    monitor.reset();
    await later(0, 0);
    await later(0, 0);
    await later(0, 0);
    expect(asked()).to.equal(0);
  });

  it('tells a stream of which nothing arrives for 12 s, and that it does again', async () => {
    const { later, events } = setUp();
    for (let turn = 0; turn < 24; turn++) await later(7, turn);
    expect(events).to.deep.equal([]);
    await later(7, 100);
    expect(events).to.have.lengthOf(1);
    expect(events[0]).to.include({ type: 'stream-health', streamId: 'bob/main' });
    expect(events[0]).to.have.nested.property('error.code', 'network');
    await later(8, 101);
    expect(events[1]).to.deep.equal({ type: 'stream-health', streamId: 'bob/main' });
  });

  it('does not miss what is not expected any more', async () => {
    const { later, events, expected } = setUp();
    await later(7, 1);
    expected.pop();
    for (let turn = 2; turn < 40; turn++) await later(7, turn);
    expect(events).to.deep.equal([]);
  });
});
