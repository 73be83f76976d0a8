import { expect } from '@open-wc/testing';
import { RtcError } from '../../../src/core/errors.js';
import { Failover, type Clock, type FailoverHost } from '../../../src/drivers/livekit/failover.js';

/** Time that passes only when told to, and nodes that live, die and take in as told. */
class World implements FailoverHost, Clock {
  time = 0;
  alive = new Set(['a', 'b']);
  /** From when on the others know that a dead node is dead. */
  known = 0;
  refuses: RtcError | undefined;
  moves: string[] = [];
  over: (RtcError | undefined)[] = [];
  #waiting: { at: number; go: () => void }[] = [];
  readonly failover: Failover;

  constructor(addresses = ['a', 'b'], current = 'a') {
    this.failover = new Failover(addresses, current, this, this);
  }

  now(): number {
    return this.time;
  }

  wait(ms: number): Promise<void> {
    return new Promise((go) => this.#waiting.push({ at: this.time + ms, go }));
  }

  answers(address: string): Promise<boolean> {
    return Promise.resolve(this.alive.has(address));
  }

  async move(address: string, ms: number): Promise<void> {
    this.moves.push(`${address} ${this.time}`);
    if (this.refuses) throw this.refuses;
    if (this.time >= this.known) return;
    await this.wait(ms);
    throw new RtcError('timeout', 'It hangs.');
  }

  gaveUp(error?: RtcError): void {
    this.over.push(error);
  }

  /** Turns the clock on to this time, and lets happen what then is due. */
  async until(time: number): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      this.#waiting.sort((one, other) => one.at - other.at);
      const [next] = this.#waiting;
      if (!next || next.at > time) break;
      this.#waiting.shift();
      this.time = next.at;
      next.go();
    }
    this.time = time;
  }
}

describe('livekit: failover', () => {
  it('joins the other node at once when its own gives no answer', async () => {
    const world = new World();
    world.alive.delete('a');
    world.failover.interrupted();
    await world.until(100);
    expect(world.moves).to.deep.equal(['b 0']);
    expect(world.failover.current).to.equal('b');
    expect(world.over).to.deep.equal([]);
  });

  it('leaves it to livekit-client for five seconds while its own node answers', async () => {
    const world = new World();
    world.failover.interrupted();
    await world.until(4_900);
    expect(world.moves).to.deep.equal([]);
    await world.until(8_000);
    expect(world.moves).to.have.lengthOf(1);
    expect(world.moves[0]).to.match(/^b [5-7]\d{3}/);
  });

  it('does nothing when livekit-client is quicker', async () => {
    const world = new World();
    world.failover.interrupted();
    await world.until(2_000);
    world.failover.stop();
    await world.until(60_000);
    expect(world.moves).to.deep.equal([]);
    expect(world.over).to.deep.equal([]);
  });

  it('waits for nothing when the node that carries the media is dead, another first', async () => {
    const world = new World(['a', 'b'], 'b');
    world.failover.dead();
    await world.until(100);
    expect(world.moves).to.deep.equal(['a 0']);
  });

  it('joins its own node anew when it is the only one that answers', async () => {
    const world = new World();
    world.alive.delete('b');
    world.failover.dead();
    await world.until(100);
    expect(world.moves).to.deep.equal(['a 0']);
    expect(world.failover.current).to.equal('a');
  });

  it('does so with a single address too', async () => {
    const world = new World(['a']);
    world.failover.dead();
    await world.until(100);
    expect(world.moves).to.deep.equal(['a 0']);
  });

  it('tries again and again, soon, while the other hands on to the dead one', async () => {
    const world = new World();
    world.alive.delete('a');
    world.known = 5_900;
    world.failover.interrupted();
    await world.until(8_000);
    expect(world.moves.length).to.be.within(4, 6);
    const last = Number(world.moves.at(-1)?.split(' ')[1]);
    expect(last).to.be.within(5_900, 7_800);
    expect(world.failover.current).to.equal('b');
    const tries = world.moves.length;
    await world.until(60_000);
    expect(world.moves).to.have.lengthOf(tries);
  });

  it('gives a slow network more time after the nodes have had theirs', async () => {
    const world = new World();
    world.alive.delete('a');
    world.known = Infinity;
    world.failover.interrupted();
    await world.until(29_000);
    const times = world.moves.map((move) => Number(move.split(' ')[1]));
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...pauses)).to.be.within(1_200, 2_000);
    expect(Math.max(...pauses)).to.be.at.least(6_000);
  });

  it('waits while nobody answers, and comes back when somebody does', async () => {
    const world = new World();
    world.alive.clear();
    world.failover.interrupted();
    await world.until(10_000);
    expect(world.moves).to.deep.equal([]);
    world.alive.add('b');
    await world.until(13_000);
    expect(world.moves).to.have.lengthOf(1);
  });

  it('leaves the end to livekit-client when it never left its node', async () => {
    const world = new World();
    world.alive.clear();
    world.failover.interrupted();
    await world.until(60_000);
    expect(world.over).to.deep.equal([]);
    world.failover.dead();
    await world.until(60_100);
    world.alive.add('a');
    await world.until(65_000);
    expect(world.moves).to.have.lengthOf(1);
  });

  it('gives up half a minute after the Room has ended', async () => {
    const world = new World();
    world.alive.clear();
    world.failover.dead();
    await world.until(60_000);
    expect(world.over).to.deep.equal([undefined]);
  });

  it('gives up at once when it is refused', async () => {
    const world = new World();
    world.alive.delete('a');
    world.refuses = new RtcError('auth', 'The token is expired.');
    world.failover.interrupted();
    await world.until(60_000);
    expect(world.over).to.deep.equal([world.refuses]);
    expect(world.moves).to.have.lengthOf(1);
  });

  it('looks once, however often it is told', async () => {
    const world = new World();
    world.alive.delete('a');
    world.failover.interrupted();
    world.failover.interrupted();
    world.failover.dead();
    await world.until(1_000);
    expect(world.moves).to.have.lengthOf(1);
  });
});
