import { aTimeout, expect } from '@open-wc/testing';
import { grade, Health } from '../../../src/drivers/embedded/health.js';
import { loudest, Speakers } from '../../../src/drivers/embedded/meter.js';
import type { Peer } from '../../../src/drivers/embedded/peer.js';

describe('embedded: speakers and quality', () => {
  it('tells a speaker at once, keeps him through pauses, and lets him go after', () => {
    const speakers = new Speakers();
    const at = (level: number, now: number): string[] | null =>
      speakers.update([{ userId: 'a', level }], now);
    expect(at(0.02, 0)).to.equal(null);
    expect(at(0.1, 200)).to.deep.equal(['a']);
    expect(at(0.02, 400)).to.equal(null);
    expect(at(0, 1_200)).to.equal(null);
    expect(at(0, 1_600)).to.deep.equal([]);
    expect(at(0.02, 1_800)).to.equal(null);
  });

  it('lets go of who is not received any more', () => {
    const speakers = new Speakers();
    speakers.update([{ userId: 'a', level: 1 }], 0);
    expect(speakers.update([], 10)).to.deep.equal([]);
  });

  it('has one level for a user with two sounds', () => {
    expect(
      loudest([
        { userId: 'a', level: 0.1 },
        { userId: 'b', level: 0 },
        { userId: 'a', level: 0.4 },
      ]),
    ).to.deep.equal([
      { userId: 'a', level: 0.4 },
      { userId: 'b', level: 0 },
    ]);
  });

  it('grades from excellent to very bad by the worse of time and loss', () => {
    expect(grade(0.02, 0)).to.equal(1);
    expect(grade(0.15, 0)).to.equal(2);
    expect(grade(0.02, 0.05)).to.equal(3);
    expect(grade(0.5, 0)).to.equal(4);
    expect(grade(0.01, 0.5)).to.equal(5);
  });
});

describe('embedded: after a change of the network', () => {
  let packets: number;
  let restarts: number;
  let health: Health;

  beforeEach(() => {
    packets = 10;
    restarts = 0;
    health = new Health({
      closed: false,
      pc: {
        iceConnectionState: 'connected',
        getStats: () =>
          Promise.resolve(
            new Map([['x', { type: 'inbound-rtp', mid: '0', packetsReceived: packets }]]),
          ),
      },
      restart: () => (restarts += 1),
    } as unknown as Peer);
  });

  it('looks for a new route when nothing comes for a second', async () => {
    await health.check([0], true);
    await aTimeout(1_000);
    await health.check([0], false);
    expect(restarts, 'while nothing has changed').to.equal(0);
    await health.check([0], true);
    expect(restarts).to.equal(1);
  });

  it('keeps the route on which something comes', async () => {
    await health.check([0], true);
    await aTimeout(1_000);
    packets += 1;
    await health.check([0], true);
    expect(restarts).to.equal(0);
  });

  it('keeps the route on which nothing has to come', async () => {
    await health.check([], true);
    await aTimeout(1_000);
    await health.check([], true);
    expect(restarts).to.equal(0);
  });
});
