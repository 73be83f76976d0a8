import { expect } from '@open-wc/testing';
import {
  shareVideo,
  audioBitrate,
  type VideoEncoding,
  type VideoSource,
} from '../../../src/drivers/embedded/quality.js';

const camera = (height: number, frameRate = 30): VideoSource => ({
  width: Math.round((height * 16) / 9),
  height,
  frameRate,
  screen: false,
});
const shared = (
  wishes: readonly { source: VideoSource; h?: number }[],
  budget: number,
): VideoEncoding[] => {
  const named = wishes.map(({ source, h }, index) => [String(index), { ...source, h }] as const);
  return [...shareVideo(new Map(named), budget).values()];
};
const total = (budget: number, count: number, height: number, h?: number): number =>
  shared(
    Array.from({ length: count }, () => ({ source: camera(height), h })),
    budget,
  ).reduce((sum, { maxBitrate }) => sum + maxBitrate, 0);

describe('embedded: quality per viewer', () => {
  it('gives one viewer the whole picture when the uplink carries it', () => {
    const [one] = shared([{ source: camera(480) }], 2_500_000);
    expect(one?.scaleResolutionDownBy).to.equal(1);
    expect(one?.maxFramerate).to.equal(30);
    expect(one?.maxBitrate).to.be.within(500_000, 1_200_000);
  });

  it('sends a small tile a small picture, never a larger one than there is', () => {
    const [small] = shared([{ source: camera(720), h: 180 }], 2_500_000);
    expect(small?.scaleResolutionDownBy).to.equal(4);
    const [huge] = shared([{ source: camera(240), h: 2160 }], 2_500_000);
    expect(huge?.scaleResolutionDownBy).to.equal(1);
  });

  it('changes no encoder for a few pixels of the tile', () => {
    const [a] = shared([{ source: camera(480), h: 200 }], 2_500_000);
    const [b] = shared([{ source: camera(480), h: 206 }], 2_500_000);
    expect(a).to.deep.equal(b);
  });

  it('keeps within the uplink for 1 to 20 viewers', () => {
    for (let count = 1; count <= 20; count++) {
      expect(total(2_500_000, count, 720), `${count} viewers`).to.be.at.most(2_500_000 + count);
    }
  });

  it('goes down in lines and frames as viewers come', () => {
    let before = Infinity;
    for (const count of [1, 3, 6, 12, 20, 30]) {
      const [first] = shared(
        Array.from({ length: count }, () => ({ source: camera(720) })),
        2_500_000,
      );
      const pixels = (720 / (first?.scaleResolutionDownBy ?? 1)) * (first?.maxFramerate ?? 0);
      expect(pixels, `${count} viewers`).to.be.at.most(before);
      before = pixels;
    }
    const six = shared(
      Array.from({ length: 6 }, () => ({ source: camera(720) })),
      2_500_000,
    );
    expect(six[0]).to.include({ scaleResolutionDownBy: 2, maxFramerate: 15 });
  });

  it('leaves to large tiles what small ones do not need', () => {
    const [small, large] = shared(
      [{ source: camera(720), h: 120 }, { source: camera(720) }],
      1_000_000,
    );
    expect(small?.maxBitrate).to.be.below(150_000);
    expect(large?.maxBitrate).to.be.above(800_000);
    expect((small?.maxBitrate ?? 0) + (large?.maxBitrate ?? 0)).to.be.at.most(1_000_001);
  });

  it('keeps the resolution of a screen and gives up its frames', () => {
    const screen: VideoSource = { width: 1920, height: 1080, frameRate: 30, screen: true };
    const [one] = shared([{ source: screen, h: 200 }], 200_000);
    expect(one?.scaleResolutionDownBy).to.equal(1);
    expect(one?.maxFramerate).to.be.at.most(15);
  });

  it('never asks for nothing', () => {
    const [one] = shared([{ source: camera(720) }], 0);
    expect(one?.maxBitrate).to.equal(60_000);
    expect(audioBitrate('music')).to.be.above(audioBitrate('speech'));
  });
});
