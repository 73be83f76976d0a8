import { expect } from '@open-wc/testing';
import type { Publication } from '../../../src/drivers/driver.js';
import { LAYOUT, Outgoing, publishedStreams } from '../../../src/drivers/embedded/outgoing.js';
import { MIDS } from '../../../src/protocol/messages.js';

function picture(): MediaStreamTrack {
  const [track] = document.createElement('canvas').captureStream().getVideoTracks();
  if (!track) throw new Error('no track');
  return track;
}
function publication(video: MediaStreamTrack | null, over: Partial<Publication> = {}): Publication {
  return {
    type: 'main',
    hasAudio: true,
    hasVideo: true,
    audio: null,
    video,
    audioMuted: false,
    videoMuted: false,
    audioProfile: 'speech',
    width: 640,
    height: 480,
    frameRate: 30,
    ...over,
  };
}

describe('embedded: what is sent', () => {
  it('has the layout of the protocol', () => {
    for (const [line, [type, kind]] of LAYOUT.entries())
      expect(MIDS[type][kind]).to.equal(String(line));
    expect(LAYOUT).to.have.length(4);
  });

  it('tells what is published, a released camera included', () => {
    expect(
      publishedStreams([
        publication(null, { videoMuted: true }),
        publication(null, { type: 'auxiliary', hasAudio: false }),
      ]),
    ).to.deep.equal({
      main: { audio: 'on', video: 'muted' },
      auxiliary: { video: 'on' },
    });
    expect(
      publishedStreams([publication(null, { hasAudio: false, hasVideo: false })]),
    ).to.deep.equal({});
  });

  it('sends a live track to who wants it, and to nobody else', () => {
    const outgoing = new Outgoing(2_500_000);
    const track = picture();
    outgoing.publications.set('main', publication(track));
    outgoing.plan();
    expect(outgoing.to('viewer', 1)).to.equal(null);
    outgoing.want('viewer', [{ type: 'main', audio: true, video: true, h: 120 }]);
    outgoing.plan();
    expect(outgoing.to('viewer', 1)?.track).to.equal(track);
    expect(outgoing.to('viewer', 1)?.encoding.maxBitrate).to.be.above(0);
    expect(outgoing.to('viewer', 0)).to.equal(null);
    expect(outgoing.to('other', 1)).to.equal(null);
    outgoing.want('viewer', [{ type: 'main', audio: true, video: false }]);
    expect(outgoing.to('viewer', 1)).to.equal(null);
    outgoing.want('viewer', [{ type: 'main', audio: false, video: true }]);
    track.stop();
    expect(outgoing.to('viewer', 1)).to.equal(null);
  });

  it('forgets who left', () => {
    const outgoing = new Outgoing(2_500_000);
    outgoing.publications.set('main', publication(picture()));
    outgoing.want('viewer', [{ type: 'main', audio: true, video: true }]);
    outgoing.forget('viewer');
    outgoing.plan();
    expect(outgoing.to('viewer', 1)).to.equal(null);
  });
});
