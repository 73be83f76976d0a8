import { expect } from '@open-wc/testing';
import type { Publication } from '../../../src/drivers/driver.js';
import { LAYOUT, Outgoing, publishedStreams } from '../../../src/drivers/embedded/outgoing.js';
import { MIDS } from '../../../src/protocol/messages.js';
import { publication } from '../publication.js';

function picture(): MediaStreamTrack {
  const [track] = document.createElement('canvas').captureStream().getVideoTracks();
  if (!track) throw new Error('no track');
  return track;
}

const main = (video: MediaStreamTrack | null, change: Partial<Publication> = {}): Publication =>
  publication({ video, height: 480, frameRate: 30, ...change });

describe('embedded: what is sent', () => {
  it('has the layout of the protocol', () => {
    for (const [line, [type, kind]] of LAYOUT.entries())
      expect(MIDS[type][kind]).to.equal(String(line));
    expect(LAYOUT).to.have.length(4);
  });

  it('tells what is published, a released camera included', () => {
    expect(
      publishedStreams([
        main(null, { videoMuted: true }),
        main(null, { type: 'auxiliary', hasAudio: false }),
      ]),
    ).to.deep.equal({
      main: { audio: 'on', video: 'muted' },
      auxiliary: { video: 'on' },
    });
    expect(publishedStreams([main(null, { hasAudio: false, hasVideo: false })])).to.deep.equal({});
  });

  it('sends a live track to who wants it, and to nobody else', () => {
    const outgoing = new Outgoing(2_500_000);
    const track = picture();
    outgoing.publications.set('main', main(track));
    outgoing.plan();
    expect(outgoing.to('viewer', 1)).to.equal(null);
    outgoing.wanted.set('viewer', [{ type: 'main', audio: true, video: true, h: 120 }]);
    outgoing.plan();
    expect(outgoing.to('viewer', 1)?.track).to.equal(track);
    expect(outgoing.to('viewer', 1)?.encoding.maxBitrate).to.be.above(0);
    expect(outgoing.to('viewer', 0)).to.equal(null);
    expect(outgoing.to('other', 1)).to.equal(null);
    outgoing.wanted.set('viewer', [{ type: 'main', audio: true, video: false }]);
    expect(outgoing.to('viewer', 1)).to.equal(null);
    outgoing.wanted.set('viewer', [{ type: 'main', audio: false, video: true }]);
    track.stop();
    expect(outgoing.to('viewer', 1)).to.equal(null);
  });

  it('begins with a small picture, unless it is small already or a screen', () => {
    const pixels = (type: 'main' | 'auxiliary', width: number, height: number): number => {
      const outgoing = new Outgoing(2_500_000);
      const track = Object.assign(picture(), { getSettings: () => ({ width, height }) });
      outgoing.publications.set(type, main(track, { type, width, height }));
      outgoing.wanted.set('viewer', [{ type, audio: false, video: true }]);
      outgoing.plan();
      const line = type === 'main' ? 1 : 2;
      expect(outgoing.to('viewer', line)?.encoding.scaleResolutionDownBy).to.equal(1);
      const { encoding, small } = outgoing.to('viewer', line, true) ?? {};
      const { scaleResolutionDownBy = 1 } = encoding ?? {};
      expect(small).to.equal(scaleResolutionDownBy > 1);
      return (width * height) / scaleResolutionDownBy ** 2;
    };
    expect(pixels('main', 854, 480)).to.be.within(320 * 200, 320 * 240);
    expect(pixels('main', 320, 240)).to.equal(320 * 240);
    expect(pixels('auxiliary', 1920, 1080)).to.equal(1920 * 1080);
  });

  it('forgets who left', () => {
    const outgoing = new Outgoing(2_500_000);
    outgoing.publications.set('main', main(picture()));
    outgoing.wanted.set('viewer', [{ type: 'main', audio: true, video: true }]);
    outgoing.wanted.delete('viewer');
    outgoing.plan();
    expect(outgoing.to('viewer', 1)).to.equal(null);
  });
});
