import { expect } from '@open-wc/testing';
import { embedded } from '../../../src/drivers/embedded/index.js';
import { fromClose, fromWire, noRoute } from '../../../src/drivers/embedded/errors.js';
import { isTransient, RtcError, type RtcErrorCode } from '../../../src/core/errors.js';
import { socketUrl } from '../../../src/drivers/embedded/signalling.js';
import { CLOSE, type ErrorCode, type EndedReason } from '../../../src/protocol/messages.js';

const codes: ErrorCode[] = [
  'argument',
  'state',
  'auth',
  'forbidden',
  'join-failed',
  'room-full',
  'unsupported',
  'stream-gone',
  'network',
];
const ends: EndedReason[] = ['kick', 'banned', 'room_disband', 'token-expired'];
const closes: [number, RtcErrorCode, boolean][] = [
  [CLOSE.malformed, 'join-failed', false],
  [CLOSE.refused, 'network', true],
  [CLOSE.joinTimeout, 'network', true],
  [CLOSE.shuttingDown, 'network', true],
  [1006, 'network', true],
  [1001, 'network', true],
];

describe('embedded: errors', () => {
  for (const code of codes) {
    it(`keeps the server's ${code} and its words`, () => {
      const error = fromWire({ code, message: 'In words.' });
      expect(error).to.be.instanceOf(RtcError);
      expect(error).to.include({
        code,
        message: 'In words.',
        provider: 'embedded',
        vendorCode: code,
      });
    });
  }

  for (const ended of ends) {
    it(`says forbidden for a stay that ended with ${ended}`, () => {
      expect(fromWire({ code: 'state', message: 'x', ended })).to.include({
        code: 'forbidden',
        vendorCode: ended,
      });
    });
  }

  for (const [close, code, transient] of closes) {
    it(`takes close code ${close} for ${code}`, () => {
      const error = fromClose(close, 'wss://example.org/rtc');
      expect(error).to.include({ code, vendorCode: close });
      expect(error.message).to.contain('wss://example.org/rtc').and.to.match(/\.$/);
      expect(isTransient(error)).to.equal(transient);
    });
  }

  it('names the user and the remedy when nothing arrives', () => {
    expect(noRoute('alice').message).to.contain('alice').and.to.contain('TURN');
    expect(noRoute('alice').code).to.equal('network');
  });

  it('makes a WebSocket address of what url may be', () => {
    const base = 'https://example.org/page/';
    expect(socketUrl(undefined, base)).to.equal('wss://example.org/rtc');
    expect(socketUrl('', 'http://localhost:8080/x')).to.equal('ws://localhost:8080/rtc');
    expect(socketUrl('/signal?x=1#y', base)).to.equal('wss://example.org/signal?x=1');
    expect(socketUrl('https://other.org', base)).to.equal('wss://other.org/rtc');
    expect(socketUrl('ws://other.org:1/a', base)).to.equal('ws://other.org:1/a');
    for (const url of ['ftp://x', 'javascript:alert(1)', 'https://[']) {
      expect(() => socketUrl(url, base), url)
        .to.throw(RtcError)
        .with.property('code', 'argument');
    }
  });

  it('refuses options that it cannot follow', () => {
    for (const options of [{ iceTransportPolicy: 'none' }, { uplink: 'fast' }, { uplink: 0 }]) {
      expect(() =>
        embedded.createClient({ roomId: 'r', mode: 'rtc', link: false, options }, () => undefined),
      )
        .to.throw(RtcError)
        .with.property('code', 'argument');
    }
  });
});
