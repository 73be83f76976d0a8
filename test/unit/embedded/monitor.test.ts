import { expect } from '@open-wc/testing';
import { grade } from '../../../src/drivers/embedded/health.js';
import { loudest, Speakers } from '../../../src/drivers/embedded/meter.js';

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
