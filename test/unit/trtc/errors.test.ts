import { expect } from '@open-wc/testing';
import { isTransient, RtcError, type RtcErrorCode } from '../../../src/core/errors.js';
import { fromSdk } from '../../../src/drivers/trtc/errors.js';

/** As the SDK throws them. */
class SdkError extends Error {
  constructor(
    private readonly code: number,
    message: string,
    private readonly extra = 0,
    name = 'RtcError',
  ) {
    super(`${message} <CODE 0x${code.toString(16)}>`);
    this.name = name;
  }

  getCode(): number {
    return this.code;
  }

  getExtraCode(): number {
    return this.extra;
  }
}

/** Every code of `ErrorCode` in the SDK's declarations, and the two undeclared ones. */
const rows: [code: number, name: string, RtcErrorCode][] = [
  [0x1000, 'INVALID_PARAMETER', 'argument'],
  [0x1001, 'INVALID_OPERATION', 'state'],
  [0x1002, 'NOT_SUPPORTED', 'unsupported'],
  [0x1003, 'DEVICE_NOT_FOUND', 'device-missing'],
  [0x4001, 'SIGNAL_CHANNEL_SETUP_FAILED', 'network'],
  [0x4002, 'SIGNAL_CHANNEL_ERROR', 'network'],
  [0x4003, 'ICE_TRANSPORT_ERROR', 'network'],
  [0x4004, 'JOIN_ROOM_FAILED', 'join-failed'],
  [0x4005, 'CREATE_OFFER_FAILED', 'unsupported'],
  [0x4006, 'SIGNAL_CHANNEL_RECONNECTION_FAILED', 'network'],
  [0x4007, 'UPLINK_RECONNECTION_FAILED', 'network'],
  [0x4008, 'DOWNLINK_RECONNECTION_FAILED', 'network'],
  [0x4010, 'REMOTE_STREAM_NOT_EXIST', 'stream-gone'],
  [0x4040, 'CLIENT_BANNED', 'forbidden'],
  [0x4041, 'SERVER_TIMEOUT', 'timeout'],
  [0x4042, 'SUBSCRIPTION_TIMEOUT', 'timeout'],
  [0x4043, 'PLAY_NOT_ALLOWED', 'autoplay'],
  [0x4044, 'DEVICE_AUTO_RECOVER_FAILED', 'device-busy'],
  [0x4045, 'START_PUBLISH_CDN_FAILED', 'state'],
  [0x4046, 'STOP_PUBLISH_CDN_FAILED', 'state'],
  [0x4047, 'START_MIX_TRANSCODE_FAILED', 'state'],
  [0x4048, 'STOP_MIX_TRANSCODE_FAILED', 'state'],
  [0x4049, 'NOT_SUPPORTED_H264', 'unsupported'],
  [0x404a, 'SWITCH_ROLE_FAILED', 'forbidden'],
  [0x404b, 'API_CALL_TIMEOUT', 'timeout'],
  [0x404c, 'SCHEDULE_FAILED', 'network'],
  [0x404d, 'API_CALL_ABORTED', 'stream-gone'],
  [0xffff, 'UNKNOWN', 'unknown'],
  [77_393, 'a code of the server', 'unknown'],
];

const captures: [name: string, RtcErrorCode][] = [
  ['NotAllowedError', 'device-denied'],
  ['SecurityError', 'permissions-policy'],
  ['NotFoundError', 'device-missing'],
  ['OverconstrainedError', 'device-missing'],
  ['NotReadableError', 'device-busy'],
  ['AbortError', 'device-busy'],
  ['TypeError', 'unknown'],
];

/** The server's own codes, which it gives with 0x4001 or 0x4004. */
const answers: [extra: number, RtcErrorCode][] = [
  [-8, 'argument'],
  [70_001, 'auth'],
  [70_003, 'auth'],
  [70_009, 'auth'],
  [70_013, 'auth'],
  [70_020, 'auth'],
  [-100_018, 'auth'],
  [-100_006, 'forbidden'],
  [-100_013, 'forbidden'],
  [-1, 'join-failed'],
];

function mapped(error: unknown): RtcError {
  const result = fromSdk(error);
  if (!(result instanceof RtcError)) throw new Error('not mapped');
  return result;
}

describe('trtc: errors', () => {
  for (const [code, name, expected] of rows) {
    it(`${name} is ${expected}`, () => {
      const cause = new SdkError(code, 'something happened');
      const error = mapped(cause);
      expect(error).to.include({ code: expected, provider: 'trtc', vendorCode: code });
      expect(error.cause).to.equal(cause);
      expect(error.message).to.match(/\.$/).and.not.to.contain('<CODE');
    });
  }

  for (const [name, expected] of captures) {
    it(`INITIALIZE_FAILED by ${name} is ${expected}`, () => {
      const error = mapped(new SdkError(0x1004, 'failed', 0, name));
      expect(error).to.include({ code: expected, vendorCode: 0x1004 });
    });
  }

  for (const [extra, expected] of answers) {
    it(`a join that the server answers with ${extra} is ${expected}`, () => {
      const error = mapped(new SdkError(0x4004, 'join room failed', extra));
      expect(error).to.include({ code: expected, vendorCode: extra });
    });
  }

  it('takes the account system’s word at set-up too', () => {
    expect(mapped(new SdkError(0x4001, 'refused', 70_001)).code).to.equal('auth');
  });

  for (const code of [0x4004, 0x404a]) {
    it(`tells a time limit of the SDK by its words, 0x${code.toString(16)}`, () => {
      const error = mapped(new SdkError(code, 'join room timeout'));
      expect(error.code).to.equal('timeout');
      expect(isTransient(error)).to.equal(true);
    });
  }

  it('says in words what the SDK said, without its links', () => {
    const error = mapped(
      new SdkError(0x1001, 'duplicate client.join() called. see https://x.example/doc'),
    );
    expect(error.message).to.equal('TRTC cannot do this now: duplicate client.join() called. see.');
  });

  it('leaves an error that is not the SDK’s as it is', () => {
    const error = new TypeError('other');
    expect(fromSdk(error)).to.equal(error);
  });
});
