/** Qiniu: what the driver looks at again and again, with the clock in the test's hand. */
import { expect } from '@open-wc/testing';
import type { ClientEvent } from '../../../src/drivers/driver.js';
import type { Incoming } from '../../../src/drivers/qiniu/incoming.js';
import { Monitor, type Watched } from '../../../src/drivers/qiniu/monitor.js';
import type { RemoteTrack } from '../../../src/drivers/qiniu/sdk.js';
import { FakeTrack } from './fake-sdk.js';

function streamOf(...tracks: FakeTrack[]): Incoming {
  const list = tracks as unknown as RemoteTrack[];
  return {
    id: 'bob:main',
    userId: 'bob',
    type: tracks[0]?.tag === 'screen' ? 'auxiliary' : 'main',
    tracks: new Map(list.map((track) => [track.isVideo() ? 'video' : 'audio', track])),
    wanted: { audio: true, video: true },
    on: new Set(list),
    told: new Map(),
    busy: null,
    failed: false,
  };
}

/** `every(300)` runs what is done each 300 ms. */
function setUp(streams: Incoming[], { quality = 'GOOD', microphone = false } = {}) {
  const events: ClientEvent[] = [];
  const timers = new Map<number, () => void>();
  const real = globalThis.setInterval;
  globalThis.setInterval = ((run: () => void, ms: number) => {
    timers.set(ms, run);
    return 0;
  }) as unknown as typeof setInterval;
  const watched = {
    client: { getNetworkQuality: () => quality },
    userId: 'alice',
    remote: { streams, refresh: () => undefined },
    outgoing: { microphone: microphone ? {} : null, placeholders: { level: () => 0.5 } },
  } as unknown as Watched;
  const monitor = new Monitor(watched, (event) => void events.push(event));
  try {
    monitor.start();
  } finally {
    globalThis.setInterval = real;
  }
  const every = (ms: number, times = 1): void => {
    for (let i = 0; i < times; i += 1) timers.get(ms)?.();
  };
  return { monitor, events, every };
}

const video = (more: Partial<FakeTrack> = {}): FakeTrack =>
  Object.assign(new FakeTrack('v', 'bob', 'video'), more);

describe('qiniu: the quality of the connection', () => {
  for (const [quality, uplink] of [
    ['EXCELLENT', 1],
    ['GOOD', 2],
    ['FAIR', 3],
    ['POOR', 4],
  ] as const) {
    it(`${quality} is ${uplink} upwards`, () => {
      const { events, every } = setUp([], { quality });
      every(2_000);
      expect(events).to.deep.equal([{ type: 'network-quality', uplink, downlink: 0 }]);
    });
  }

  it('is not told while nothing is known', () => {
    const { events, every } = setUp([], { quality: 'UNKNOWN' });
    every(2_000);
    expect(events).to.deep.equal([]);
  });

  for (const [lost, downlink] of [
    [0, 1],
    [0.02, 2],
    [0.1, 3],
    [0.2, 4],
  ] as const) {
    it(`a part of ${lost} lost is ${downlink} downwards`, () => {
      const { events, every } = setUp([streamOf(video({ lost }))]);
      every(2_000);
      expect(events).to.deep.equal([{ type: 'network-quality', uplink: 2, downlink }]);
    });
  }
});

describe('qiniu: streams that do not arrive', () => {
  const health = (events: ClientEvent[]): unknown[] =>
    events.flatMap((event) =>
      event.type === 'stream-health' ? [[event.streamId, !!event.error]] : [],
    );

  it('are told after 8 s without a byte, once, and again when they do', () => {
    const track = video({ bitrate: 0 });
    const { events, every } = setUp([streamOf(track)]);
    every(2_000, 3);
    expect(health(events)).to.deep.equal([]);
    every(2_000, 3);
    expect(health(events)).to.deep.equal([['bob:main', true]]);
    track.bitrate = 1;
    every(2_000);
    expect(health(events)).to.deep.equal([
      ['bob:main', true],
      ['bob:main', false],
    ]);
  });

  it('are none that are muted, or a screen on which nothing moves', () => {
    const screen = Object.assign(new FakeTrack('s', 'bob', 'video', 'screen'), { bitrate: 0 });
    const { events, every } = setUp([
      streamOf(video({ bitrate: 0, muted: true })),
      streamOf(screen),
    ]);
    every(2_000, 6);
    expect(health(events)).to.deep.equal([]);
  });
});

describe('qiniu: who speaks', () => {
  const now = Date.now;
  afterEach(() => {
    Date.now = now;
  });

  it('is told when it changes, and pauses are no change', () => {
    const track = Object.assign(new FakeTrack('a', 'bob', 'audio'), { level: 0.5 });
    const { events, every } = setUp([streamOf(track)]);
    let time = 0;
    Date.now = () => time;
    const at = (ms: number, level: number): void => {
      time = ms;
      track.level = level;
      every(300);
    };
    at(0, 0.5);
    at(300, 0);
    at(900, 0.5);
    at(1_800, 0);
    at(2_100, 0);
    expect(events).to.deep.equal([
      { type: 'active-speakers', userIds: ['bob'] },
      { type: 'active-speakers', userIds: [] },
    ]);
  });

  it('comes with levels where they are wanted, one’s own too, and none of who is muted', () => {
    const track = Object.assign(new FakeTrack('a', 'bob', 'audio'), { level: 0.5, muted: true });
    const { monitor, events, every } = setUp([streamOf(track)], { microphone: true });
    every(300);
    monitor.levels = true;
    every(300);
    expect(events.filter(({ type }) => type === 'audio-levels')).to.deep.equal([
      {
        type: 'audio-levels',
        levels: [
          { userId: 'alice', level: 0.5 },
          { userId: 'bob', level: 0 },
        ],
      },
    ]);
  });
});
