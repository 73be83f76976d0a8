import { expect } from '@open-wc/testing';
import { bestGrid } from '../../../src/elements/shared/grid.js';
import { hue, initials, nameOf } from '../../../src/elements/shared/tile.js';

describe('bestGrid', () => {
  it('makes 1 to 49 tiles as large as any number of columns could, inside the stage', () => {
    for (const [width, height] of [
      [344, 400],
      [1400, 700],
      [900, 900],
    ] as const) {
      for (let count = 1; count <= 49; count++) {
        const grid = bestGrid(count, width, height, 16 / 9, 8);
        const rows = Math.ceil(count / grid.columns);
        expect(grid.width * grid.columns + 8 * (grid.columns - 1)).to.be.at.most(width);
        expect(grid.height * rows + 8 * (rows - 1)).to.be.at.most(height);
        for (let columns = 1; columns <= count; columns++) {
          const others = Math.ceil(count / columns);
          const across = (width - 8 * (columns - 1)) / columns;
          const down = ((height - 8 * (others - 1)) / others) * (16 / 9);
          expect(Math.floor(Math.min(across, down))).to.be.at.most(grid.width);
        }
      }
    }
  });

  it('sets two side by side on a wide stage and one above the other on a tall one', () => {
    expect(bestGrid(2, 1600, 500, 16 / 9, 8).columns).to.equal(2);
    expect(bestGrid(2, 360, 600, 16 / 9, 8).columns).to.equal(1);
  });
});

describe('what stands for a person', () => {
  it('names by user data, by its name in JSON, else by id', () => {
    expect(nameOf('', 'u1')).to.equal('u1');
    expect(nameOf('Ada', 'u1')).to.equal('Ada');
    expect(nameOf('{"name":"Ada"}', 'u1')).to.equal('Ada');
    expect(nameOf('{"age":3}', 'u1')).to.equal('u1');
    expect(nameOf('42', 'u1')).to.equal('42');
  });

  it('takes initials of two words, whole characters', () => {
    expect(initials('Ada Lovelace King')).to.equal('AL');
    expect(initials('dave.miller')).to.equal('DM');
    expect(initials('𝒜da')).to.equal('𝒜');
    expect(initials('')).to.equal('');
    expect(initials('carl (You)')).to.equal('C');
  });

  it('colours every id so that white letters have a contrast of 4.5', () => {
    for (let degrees = 0; degrees < 360; degrees++) {
      // hsl(h 45% 32%) as in tile.styles.ts
      const channel = (n: number): number => {
        const k = (n + degrees / 30) % 12;
        const value = 0.32 - 0.45 * 0.32 * Math.max(-1, Math.min(k - 3, 9 - k, 1));
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      };
      const light = 0.2126 * channel(0) + 0.7152 * channel(8) + 0.0722 * channel(4);
      expect(1.05 / (light + 0.05)).to.be.above(4.5);
    }
    expect(hue('alice')).to.equal(hue('alice'));
    expect(hue('alice')).to.not.equal(hue('bob'));
  });
});
