import { expect } from '@open-wc/testing';
import {
  ConnectionError,
  DeviceUnsupportedError,
  DisconnectReason,
  NegotiationError,
  PublishDataError,
  PublishTrackError,
  SignalRequestError,
  TrackInvalidError,
  UnexpectedConnectionState,
  UnsupportedServer,
  type RequestErrorReason,
} from 'livekit-client';
import { isTransient, RtcError, toRtcError, type RtcErrorCode } from '../../../src/core/errors.js';
import { endOf, ERRORS, fromLivekit, leftReason } from '../../../src/drivers/livekit/errors.js';

/** By number as the protocol's RequestResponse_Reason, which livekit-client does not export. */
function refused(reason: unknown): SignalRequestError {
  return new SignalRequestError('no', reason as RequestErrorReason);
}

const rows: [name: string, vendor: Error, code: RtcErrorCode, retried: boolean][] = [
  ['connect:401', ConnectionError.notAllowed('no', 401), 'auth', false],
  ['connect:403', ConnectionError.notAllowed('no', 403), 'forbidden', false],
  ['connect:404', ConnectionError.notAllowed('no', 404), 'join-failed', false],
  ['connect:not-allowed', ConnectionError.notAllowed('no', 418), 'auth', false],
  ['connect:unreachable', ConnectionError.serverUnreachable('no'), 'network', true],
  ['connect:internal', ConnectionError.internal('no'), 'network', true],
  ['connect:cancelled', ConnectionError.cancelled('no'), 'aborted', false],
  [
    'connect:leave',
    ConnectionError.leaveRequest('no', DisconnectReason.JOIN_FAILURE),
    'join-failed',
    false,
  ],
  ['connect:timeout', ConnectionError.timeout('no'), 'timeout', true],
  ['connect:websocket', ConnectionError.websocket('no'), 'network', true],
  ['connect:not-found', ConnectionError.serviceNotFound('no', 'v0-rtc'), 'join-failed', false],
  ['PublishTrackError:403', new PublishTrackError('no', 403), 'forbidden', false],
  ['PublishTrackError:408', new PublishTrackError('no', 408), 'timeout', true],
  ['PublishTrackError:*', new PublishTrackError('no', 500), 'unknown', false],
  ['NegotiationError:*', new NegotiationError('no'), 'network', true],
  ['UnexpectedConnectionState:*', new UnexpectedConnectionState('no'), 'network', true],
  ['PublishDataError:*', new PublishDataError('no'), 'network', true],
  ['SignalRequestError:NOT_ALLOWED', refused(2), 'forbidden', false],
  ['SignalRequestError:LIMIT_EXCEEDED', refused(3), 'argument', false],
  ['SignalRequestError:TimeoutError', refused('TimeoutError'), 'timeout', true],
  ['SignalRequestError:*', refused(1), 'unknown', false],
  ['UnsupportedServer:*', new UnsupportedServer('no'), 'join-failed', false],
  ['DeviceUnsupportedError:*', new DeviceUnsupportedError('no'), 'unsupported', false],
  ['TrackInvalidError:*', new TrackInvalidError('no'), 'state', false],
];

describe('livekit: errors', () => {
  for (const [name, vendor, code, retried] of rows) {
    it(`says ${code} for ${name}`, () => {
      const error = fromLivekit(vendor) as RtcError;
      expect(error).to.be.instanceOf(RtcError);
      expect(error).to.include({ code, provider: 'livekit' });
      expect(error.cause).to.include({ name: vendor.name, message: vendor.message });
      expect(error.message).to.contain(ERRORS[name]?.[1]);
      expect(isTransient(error)).to.equal(retried);
      expect(error.vendorCode).to.not.equal(undefined);
    });
  }

  it('has no row that nothing leads to', () => {
    expect(Object.keys(ERRORS)).to.have.members(rows.map(([name]) => name));
  });

  it('goes by the reason, not by its name, which livekit-client leaves as it was', () => {
    const vendor: ConnectionError = ConnectionError.serverUnreachable('no', 401);
    vendor.reason = ConnectionError.notAllowed('no', 401).reason;
    expect(vendor.reasonName).to.equal('ServerUnreachable');
    expect(fromLivekit(vendor)).to.include({ code: 'auth', vendorCode: 401 });
  });

  it('repeats no token', () => {
    const token = `eyJhbGciOiJIUzI1NiJ9.${btoa('{"video":{"room":"r"}}').replaceAll('=', '')}.c2ln_-`;
    const texts = [`invalid token: ${token}, error: expired`, token];
    for (const text of texts) {
      const error = fromLivekit(ConnectionError.notAllowed(text, 401)) as RtcError;
      const { message, cause, stack } = error;
      expect(`${message} ${String(cause)} ${(cause as Error).stack} ${stack}`).to.not.contain(
        'eyJ',
      );
    }
  });

  it('leaves alone what is not of livekit-client', () => {
    const own = new RtcError('timeout', 'Too late.');
    expect(fromLivekit(own)).to.equal(own);
    expect(toRtcError(fromLivekit(new TypeError('x'))).code).to.equal('unknown');
  });
});

describe('livekit: ends', () => {
  const known = {
    [DisconnectReason.DUPLICATE_IDENTITY]: 'kick',
    [DisconnectReason.PARTICIPANT_REMOVED]: 'banned',
    [DisconnectReason.ROOM_DELETED]: 'room_disband',
  } as Record<number, string>;
  const all = Object.values(DisconnectReason).filter((one) => typeof one === 'number');

  for (const reason of all) {
    const end = known[reason] ?? 'connection-lost';
    it(`ends a stay with ${end} for ${DisconnectReason[reason]}`, () => {
      const [told, message] = endOf(reason);
      expect(told).to.equal(end);
      expect(message).to.match(/\.$/);
    });
  }

  it('takes no reason for a lost connection', () => {
    expect(endOf()[0]).to.equal('connection-lost');
  });

  it('tells why somebody else has left', () => {
    expect(leftReason(DisconnectReason.CLIENT_INITIATED)).to.equal('leave');
    expect(leftReason(DisconnectReason.DUPLICATE_IDENTITY)).to.equal('kick');
    expect(leftReason(DisconnectReason.PARTICIPANT_REMOVED)).to.equal('banned');
    expect(leftReason(DisconnectReason.CONNECTION_TIMEOUT)).to.equal('timeout');
    expect(leftReason(DisconnectReason.UNKNOWN_REASON)).to.equal(undefined);
    expect(leftReason()).to.equal(undefined);
  });
});
