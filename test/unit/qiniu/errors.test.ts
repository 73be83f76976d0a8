import { expect } from '@open-wc/testing';
import { RtcError, type RtcErrorCode } from '../../../src/core/errors.js';
import {
  endingOf,
  ENDINGS,
  ERRORS,
  fromJoin,
  fromVendor,
} from '../../../src/drivers/qiniu/errors.js';

/** As the SDK throws it: its messages hold what the server said, or what it says itself. */
class VendorError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

const rows: [code: number, message: string, meaning: RtcErrorCode][] = [
  [10001, 'token error', 'auth'],
  [10002, 'token expired', 'auth'],
  [10003, 'room instance closed', 'network'],
  [10004, 'reconnect token error', 'network'],
  [10005, 'room closed', 'join-failed'],
  [10006, 'kicked out of the room', 'forbidden'],
  [10007, 'unexpected error', 'network'],
  [10011, 'room full', 'room-full'],
  [10012, 'room not exist', 'join-failed'],
  [10021, 'player not exist', 'argument'],
  [10022, 'player already exist', 'join-failed'],
  [10031, 'publish stream not exist', 'stream-gone'],
  [10032, 'publish stream info not match', 'stream-gone'],
  [10041, 'can not find track in room 1,2', 'stream-gone'],
  [10042, 'subscribe stream info not match', 'stream-gone'],
  [10043, 'subscribe stream already exist', 'state'],
  [10051, 'no permission', 'forbidden'],
  [10052, 'server unavailable', 'network'],
  [10053, 'invalid parameters: x', 'argument'],
  [10054, 'media format not support', 'unsupported'],
  [10061, 'publish error', 'network'],
  [10062, 'subscribe error', 'network'],
  [21001, 'enterRoom error, can not get accessToken. Error: websocket connect failed.', 'network'],
  [21001, 'enterRoom error, can not get accessToken. Error: 401', 'auth'],
  [21003, 'reconnect failed！', 'network'],
  [21005, 'roomState is not idle! Do not repeat join room, please run leaveRoom first', 'network'],
  [21005, 'server unavailable', 'network'],
  [21005, 'can not parse roomToken, SyntaxError', 'auth'],
  [21005, 'invalid roomname. roomname must match /^[a-zA-Z0-9_-]{1,64}$/', 'argument'],
  [21005, 'invalid userID. userID must match /^[a-zA-Z0-9_-]{1,50}$/', 'argument'],
  [21005, 'no permission. Audience in Live mode has no permission to publish.', 'forbidden'],
  [21005, 'cannot change to audience, please unpublish all tracks first.', 'state'],
  [21005, 'there are already published tracks in the provided tracks', 'state'],
  [21005, 'target tracks has not published', 'stream-gone'],
  [21005, 'remote track not found', 'stream-gone'],
  [21005, 'not connected to the room', 'network'],
  [21005, 'can not connected to the room, please joinRoom first', 'network'],
  [21005, 'no signaling model, please run joinRoomWithToken first', 'network'],
  [21005, 'room state is not connected, can not send message', 'network'],
  [21005, 'websocket abort', 'network'],
  [21005, 'subscribe/publish operation is aborted', 'network'],
  [21005, 'roomState is idle, maybe because you left the room.', 'network'],
  [21005, 'something else', 'unknown'],
  [21006, 'not support! ', 'unsupported'],
  [21007, 'track play is not allowed: ', 'autoplay'],
  [23004, 'NotAllowedError: no permission to access media device. ', 'device-denied'],
  [24001, 'invalid client mode, ', 'state'],
  [24002, 'invalid client role, ', 'forbidden'],
  [29999, 'never seen', 'unknown'],
];

describe('qiniu: errors', () => {
  for (const [code, message, meaning] of rows) {
    it(`${code} “${message.slice(0, 50)}” is ${meaning}`, () => {
      const cause = new VendorError(code, `piliRTC: unexpected error ${message}`);
      const error = fromVendor(cause, 'It');
      expect(error).to.include({ code: meaning, vendorCode: code, provider: 'qiniu', cause });
    });
  }

  it('has a row here for each in its table, those that a text tells apart too', () => {
    const tested = rows.map(([code, message]) =>
      ERRORS[code]?.find(({ text }) => !text || text.test(message)),
    );
    const all = Object.entries(ERRORS).flatMap(([code, list]) =>
      list.map((row) => ({ code, row })),
    );
    const missing = all.filter(({ row }) => !tested.includes(row));
    expect(missing.map(({ code, row }) => `${code} ${String(row.text)}`)).to.deep.equal([]);
  });

  it('has no two rows of one code without a text to tell them apart', () => {
    for (const list of Object.values(ERRORS)) {
      expect(list.slice(0, -1).every(({ text }) => text)).to.equal(true);
    }
  });

  it('says what failed where nothing is known of it', () => {
    expect(fromVendor('boom', 'Publishing').message).to.equal('Publishing failed: boom');
  });

  it('leaves an RtcError as it is', () => {
    const error = new RtcError('aborted', 'A later wish.');
    expect(fromVendor(error, 'It')).to.equal(error);
  });
});

describe('qiniu: refused joins', () => {
  const typeError = new TypeError("Cannot read properties of undefined (reading 'split')");

  it('takes a TypeError for a refused token', () => {
    expect(fromJoin(typeError, undefined, false)).to.include({ code: 'auth' });
  });

  it('takes a TypeError after the time of a request for a time limit', () => {
    expect(fromJoin(typeError, undefined, true)).to.include({ code: 'timeout' });
  });

  it('believes the code that the disconnection told rather than the promise', () => {
    const cause = new VendorError(21003, 'reconnect failed！');
    expect(fromJoin(cause, 10011, false)).to.include({ code: 'room-full', vendorCode: 10011 });
  });
});

const endings: [code: number | undefined, meaning: string][] = [
  [10001, 'token-expired'],
  [10002, 'token-expired'],
  [10005, 'room_disband'],
  [10006, 'banned'],
  [10012, 'room_disband'],
  [10022, 'kick'],
  [10003, 'connection-lost'],
  [10004, 'connection-lost'],
  [10007, 'connection-lost'],
  [10011, 'connection-lost'],
  [undefined, 'connection-lost'],
];

describe('qiniu: how a stay ends', () => {
  for (const [code, meaning] of endings) {
    it(`${String(code)} is ${meaning}`, () => {
      expect(endingOf(code).reason).to.equal(meaning);
    });
  }

  it('has a row here for each in its table', () => {
    const tested = new Set(endings.map(([code]) => String(code)));
    expect(Object.keys(ENDINGS).filter((code) => !tested.has(code))).to.deep.equal([]);
  });
});
