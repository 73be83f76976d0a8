import { expect } from '@open-wc/testing';
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

describe('embedded: the watchdog', () => {
  const realNow = Date.now;
  let now: number;
  let packets: number;
  let state: RTCIceConnectionState;
  let done: string[];
  let health: Health;

  /** A connection as the watchdog sees it; what it is told to do is noted. */
  const peer = (): Peer =>
    ({
      closed: false,
      pc: {
        get iceConnectionState() {
          return state;
        },
        getStats: () =>
          Promise.resolve(
            new Map([['x', { type: 'inbound-rtp', mid: '0', packetsReceived: packets }]]),
          ),
      },
      restart: () => done.push('restart'),
      renew: () => done.push('renew'),
    }) as unknown as Peer;
  /** Looks every two seconds. */
  const pass = async (one: Peer, ms: number): Promise<void> => {
    for (const end = now + ms; now < end;) {
      now += 2_000;
      await health.check(one, [{ line: 0 }], false);
    }
  };

  beforeEach(() => {
    now = 1_000_000;
    Date.now = () => now;
    packets = 10;
    state = 'connected';
    done = [];
    health = new Health();
  });
  afterEach(() => {
    Date.now = realNow;
  });

  it('looks for a new route when nothing comes for a second after a change', async () => {
    const one = peer();
    await health.check(one, [{ line: 0 }], true);
    now += 1_000;
    await health.check(one, [{ line: 0 }], false);
    expect(done, 'while nothing has changed').to.deep.equal([]);
    await health.check(one, [{ line: 0 }], true);
    expect(done).to.deep.equal(['restart']);
  });

  it('keeps the route on which something comes', async () => {
    const one = peer();
    await health.check(one, [{ line: 0 }], true);
    now += 1_000;
    packets += 1;
    await health.check(one, [{ line: 0 }], true);
    expect(done).to.deep.equal([]);
  });

  it('is silent while what should come does not', async () => {
    const one = peer();
    await health.check(one, [{ line: 0 }], false);
    const before = health.silent;
    await health.check(one, [{ line: 0 }], false);
    expect([before, health.silent]).to.deep.equal([false, true]);
  });

  it('keeps the route on which nothing has to come', async () => {
    const one = peer();
    await health.check(one, [], true);
    now += 20_000;
    await health.check(one, [], true);
    expect(done).to.deep.equal([]);
  });

  it('asks for a new connection when a restart did not help, and begins anew after that', async () => {
    const one = peer();
    await health.check(one, [{ line: 0 }], false);
    await pass(one, 4_000);
    expect(done).to.deep.equal(['restart']);
    await pass(one, 4_000);
    expect(done).to.deep.equal(['restart', 'renew']);
    await pass(one, 14_000);
    expect(done).to.have.length(2);
    await pass(one, 6_000);
    expect(done).to.deep.equal(['restart', 'renew', 'restart', 'renew']);
  });

  it('does not wait for the end of a search that a restart began', async () => {
    const one = peer();
    await health.check(one, [{ line: 0 }], false);
    await pass(one, 4_000);
    state = 'checking';
    await pass(one, 6_000);
    expect(done).to.deep.equal(['restart', 'renew']);
  });

  it('takes a restart after which little came for one that did not help', async () => {
    const one = peer();
    await health.check(one, [{ line: 0 }], false);
    await pass(one, 4_000);
    packets += 1;
    await pass(one, 6_000);
    expect(done).to.deep.equal(['restart', 'renew']);
  });

  it('takes one after which it came for long for one that helped', async () => {
    const one = peer();
    await health.check(one, [{ line: 0 }], false);
    await pass(one, 4_000);
    for (let i = 0; i < 8; i++) {
      packets += 1;
      await pass(one, 2_000);
    }
    await pass(one, 4_000);
    expect(done).to.deep.equal(['restart', 'restart']);
  });

  it('leaves the first search alone', async () => {
    const one = peer();
    packets = 0;
    state = 'checking';
    await health.check(one, [{ line: 0 }], false);
    await pass(one, 40_000);
    expect(done).to.deep.equal([]);
  });

  it('tells the failure through to the next connection, until something comes over that', async () => {
    const one = peer();
    await health.check(one, [{ line: 0 }], false);
    await pass(one, 12_000);
    expect(health.failed).to.be.true;
    const next = peer();
    packets = 0;
    await pass(next, 2_000);
    expect(health.failed).to.be.true;
    packets = 3;
    await pass(next, 2_000);
    expect(health.failed).to.be.false;
  });
});
