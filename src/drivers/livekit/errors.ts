import {
  ConnectionError,
  ConnectionErrorReason,
  DisconnectReason,
  LivekitError,
  SignalRequestError,
} from 'livekit-client';
import { RtcError, type RtcErrorCode } from '../../core/errors.js';
import type { ClientEvent, EndReason } from '../driver.js';

const provider = 'livekit';

/** What each failure of livekit-client is, by its name and reason or status; `*` is any other. */
export const ERRORS: Readonly<Record<string, readonly [code: RtcErrorCode, sentence: string]>> = {
  'connect:401': [
    'auth',
    'LiveKit does not take this token: it is expired, or signed with another key.',
  ],
  'connect:403': ['forbidden', 'This token does not let the user into this room of LiveKit.'],
  'connect:404': [
    'join-failed',
    'LiveKit has no such room, and does not make it by itself (room.auto_create).',
  ],
  'connect:not-allowed': ['auth', 'LiveKit refuses the user. Check the token and its grants.'],
  'connect:unreachable': [
    'network',
    'LiveKit cannot be reached. Check url, and that it runs. It is tried again.',
  ],
  'connect:internal': ['network', 'LiveKit did not complete the connection. It is tried again.'],
  'connect:cancelled': ['aborted', 'A later wish has overtaken this one.'],
  'connect:leave': ['join-failed', 'LiveKit ended the stay while it began.'],
  'connect:timeout': ['timeout', 'LiveKit did not answer in time. It is tried again.'],
  'connect:websocket': [
    'network',
    'LiveKit broke off the connection while it was made; the room may be full. It is tried again.',
  ],
  'connect:not-found': ['join-failed', 'What answers at url is not LiveKit. Correct the address.'],
  'PublishTrackError:403': ['forbidden', 'This token does not allow to publish (canPublish).'],
  'PublishTrackError:408': [
    'timeout',
    'LiveKit was not connected in time to publish. It is tried again.',
  ],
  'PublishTrackError:*': ['unknown', 'LiveKit does not take the stream.'],
  'NegotiationError:*': ['network', 'LiveKit did not answer the offer. It is tried again.'],
  'UnexpectedConnectionState:*': [
    'network',
    'The connection with LiveKit is interrupted. It is tried again.',
  ],
  'PublishDataError:*': [
    'network',
    'The message could not be sent: the connection is interrupted.',
  ],
  'SignalRequestError:NOT_ALLOWED': [
    'forbidden',
    'This token does not allow that (canUpdateOwnMetadata).',
  ],
  'SignalRequestError:LIMIT_EXCEEDED': ['argument', 'That is longer than LiveKit takes.'],
  'SignalRequestError:TimeoutError': [
    'timeout',
    'LiveKit did not answer in time. It is tried again.',
  ],
  'SignalRequestError:*': ['unknown', 'LiveKit refused the request.'],
  'UnsupportedServer:*': ['join-failed', 'This LiveKit server is too old.'],
  'DeviceUnsupportedError:*': ['unsupported', 'This browser cannot do that.'],
  'TrackInvalidError:*': ['state', 'The track has ended; capture it anew.'],
};

const CONNECT: Readonly<Record<ConnectionErrorReason, string>> = {
  [ConnectionErrorReason.NotAllowed]: 'not-allowed',
  [ConnectionErrorReason.ServerUnreachable]: 'unreachable',
  [ConnectionErrorReason.InternalError]: 'internal',
  [ConnectionErrorReason.Cancelled]: 'cancelled',
  [ConnectionErrorReason.LeaveRequest]: 'leave',
  [ConnectionErrorReason.Timeout]: 'timeout',
  [ConnectionErrorReason.WebSocket]: 'websocket',
  [ConnectionErrorReason.ServiceNotFound]: 'not-found',
};

/** Why a stay ended that nobody here ended, and what is said of it; any other is `connection-lost`. */
const ENDS: Partial<Record<DisconnectReason, readonly [EndReason, string]>> = {
  [DisconnectReason.DUPLICATE_IDENTITY]: ['kick', 'The same user has joined this room elsewhere.'],
  [DisconnectReason.PARTICIPANT_REMOVED]: ['banned', 'The user was removed from the room.'],
  [DisconnectReason.ROOM_DELETED]: ['room_disband', 'The room was dismissed.'],
};

type LeftReason = Extract<ClientEvent, { type: 'user-left' }>['reason'];
const LEFT: Partial<Record<DisconnectReason, LeftReason>> = {
  [DisconnectReason.CLIENT_INITIATED]: 'leave',
  [DisconnectReason.DUPLICATE_IDENTITY]: 'kick',
  [DisconnectReason.PARTICIPANT_REMOVED]: 'banned',
  [DisconnectReason.STATE_MISMATCH]: 'timeout',
  [DisconnectReason.SIGNAL_CLOSE]: 'timeout',
  [DisconnectReason.CONNECTION_TIMEOUT]: 'timeout',
};

export function endOf(reason?: DisconnectReason): readonly [EndReason, string] {
  const known = reason === undefined ? undefined : ENDS[reason];
  return known ?? ['connection-lost', 'The connection with LiveKit was lost.'];
}

export function leftReason(reason?: DisconnectReason): LeftReason {
  return reason === undefined ? undefined : LEFT[reason];
}

/** What a failure of livekit-client is to the page; what is not its own is passed on as it is. */
export function fromLivekit(error: unknown): unknown {
  if (!(error instanceof LivekitError)) return error;
  const [code, sentence] = ERRORS[keyOf(error)] ??
    ERRORS[`${error.name}:*`] ?? ['unknown', 'LiveKit failed.'];
  // LiveKit repeats a token that it refuses.
  const message = error.message.replace(/[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '…');
  return new RtcError(code, code === 'unknown' ? `${sentence} (${message})` : sentence, {
    provider,
    vendorCode: vendorCode(error),
    cause: Object.assign(new Error(message), { name: error.name }),
  });
}

/** `reasonName` of a connection error may name another reason than `reason`; it is not used. */
function keyOf(error: LivekitError): string {
  if (error instanceof ConnectionError) {
    // A declared union of its variants; `status` is a number or absent.
    const status = error.status as number | undefined;
    const exact = `connect:${status}`;
    return error.reason === ConnectionErrorReason.NotAllowed && exact in ERRORS
      ? exact
      : `connect:${CONNECT[error.reason as ConnectionErrorReason]}`;
  }
  return `${error.name}:${vendorCode(error)}`;
}

function vendorCode(error: LivekitError): string | number {
  if (error instanceof SignalRequestError) return error.reasonName;
  const { status, reason } = error as { status?: number; reason?: number };
  return status ?? reason ?? error.code;
}

export function noMedia(userId: string): RtcError {
  return new RtcError(
    'network',
    `No sound or picture arrives from ${userId}: the network lets none through, or they send none. Configure TURN on LiveKit. It is tried again.`,
    { provider },
  );
}

export function noRoute(): RtcError {
  return new RtcError(
    'network',
    'No way for sound and picture to LiveKit: open its media ports, or configure TURN there. It is tried again.',
    { provider },
  );
}

export function noAddress(): RtcError {
  return new RtcError(
    'argument',
    'provider="livekit" needs url: the wss: address of LiveKit, or several, space-separated.',
    { provider, incomplete: true },
  );
}

export function notAllowed(message: string): RtcError {
  return new RtcError('forbidden', message, { provider });
}

export function bad(message: string): RtcError {
  return new RtcError('argument', message, { provider });
}
