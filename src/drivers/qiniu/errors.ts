import { RtcError, type RtcErrorCode } from '../../core/errors.js';
import type { EndReason } from '../driver.js';

const provider = 'qiniu';

interface Row {
  /** Told apart by this where the SDK has one code for much. */
  text?: RegExp;
  code: RtcErrorCode;
  message: string;
}

const GONE: Row = { code: 'stream-gone', message: 'The stream is no longer published.' };
const OFFLINE: Row = {
  code: 'network',
  message: 'The connection to Qiniu is down. It is tried again.',
};
const AWAY: Row = { code: 'network', message: 'Qiniu is not available. It is tried again.' };
const REFUSED: Row = {
  code: 'auth',
  message: 'Qiniu does not accept the RoomToken. Issue it with the keys and app of this room.',
};
const ROLE: Row = {
  code: 'forbidden',
  message: 'An audience may not publish. Set user-role="anchor" first.',
};
const CLOSED: Row = { code: 'join-failed', message: 'The room is closed.' };

/**
 * Qiniu's codes: 10xxx are its servers', named as in its Android SDK's QNErrorCode; 2xxxx the web
 * SDK's own. The first row whose text is in the error's message counts.
 */
export const ERRORS: Readonly<Record<number, readonly Row[]>> = {
  10001: [REFUSED],
  10002: [{ code: 'auth', message: 'The RoomToken has expired. Issue a new one.' }],
  10003: [{ ...AWAY, message: 'The room was closed meanwhile. It is joined anew.' }],
  10004: [OFFLINE],
  10005: [CLOSED],
  10006: [{ code: 'forbidden', message: 'You were removed from the room.' }],
  10007: [OFFLINE],
  10011: [{ code: 'room-full', message: 'The room is full.' }],
  10012: [CLOSED],
  10021: [{ code: 'argument', message: 'That user is not in the room.' }],
  10022: [
    {
      code: 'join-failed',
      message: 'This user is in the room already, on another page or device.',
    },
  ],
  10031: [GONE],
  10032: [GONE],
  10041: [GONE],
  10042: [GONE],
  10043: [{ code: 'state', message: 'The stream is received already.' }],
  10051: [{ code: 'forbidden', message: 'The RoomToken does not permit this.' }],
  10052: [AWAY],
  10053: [{ code: 'argument', message: 'Qiniu does not accept an argument.' }],
  10054: [{ code: 'unsupported', message: 'Qiniu knows none of this browser’s codecs.' }],
  10061: [OFFLINE],
  10062: [OFFLINE],
  21001: [{ ...OFFLINE, text: /websocket connect failed/ }, REFUSED],
  21003: [OFFLINE],
  21005: [
    // How it ends when the servers answered 10052 to a join: the SDK tries again on itself.
    { ...AWAY, text: /roomState is not idle|server unavailable/ },
    {
      code: 'auth',
      text: /parse roomToken/,
      message: 'The token is not a RoomToken of Qiniu’s.',
    },
    {
      code: 'argument',
      text: /invalid (roomname|userID)/,
      message:
        'Qiniu takes room ids of 1–64 and user ids of 1–50 letters, digits, “-” and “_” only.',
    },
    { ...ROLE, text: /Audience in Live mode/ },
    {
      code: 'state',
      text: /unpublish all tracks first|already published/,
      message: 'The page still publishes.',
    },
    { ...GONE, text: /not published|can not find target track|track not (found|exist)/ },
    {
      ...OFFLINE,
      text: /not connected|can not connected|joinRoom|websocket abort|operation is aborted|roomState is idle/,
    },
  ],
  21006: [{ code: 'unsupported', message: 'This browser cannot do that.' }],
  21007: [{ code: 'autoplay', message: 'The browser refuses to play before a gesture.' }],
  23004: [{ code: 'device-denied', message: 'Access to the device was refused.' }],
  24001: [{ code: 'state', message: 'That is not possible in this mode of the room.' }],
  24002: [ROLE],
};

/** What a failed call of the SDK means. */
export function fromVendor(error: unknown, what: string, code = codeOf(error)): RtcError {
  if (error instanceof RtcError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const row = ERRORS[code ?? NaN]?.find((one) => !one.text || one.text.test(text));
  return new RtcError(row?.code ?? 'unknown', row?.message ?? `${what} failed: ${text}`, {
    provider,
    vendorCode: code,
    cause: error,
  });
}

/**
 * A join that was refused. The SDK knows two ways: a code, told by the event of the disconnection
 * (`told`); or, where its HTTP request was refused or took too long, a TypeError without one.
 * @param late Whether the time of one request had passed.
 */
export function fromJoin(error: unknown, told: number | undefined, late: boolean): RtcError {
  if (error instanceof TypeError && told === undefined) {
    return late
      ? new RtcError('timeout', 'Qiniu did not answer in time. It is tried again.', {
          provider,
          cause: error,
        })
      : new RtcError(REFUSED.code, REFUSED.message, { provider, cause: error });
  }
  return fromVendor(error, 'Joining', told ?? codeOf(error));
}

interface Ending {
  reason: EndReason;
  message: string;
}

const LOST: Ending = {
  reason: 'connection-lost',
  message: 'The connection to Qiniu was lost.',
};

/** How a stay ends, by the code that came with it. */
export const ENDINGS: Readonly<Record<number, Ending>> = {
  10001: { reason: 'token-expired', message: 'Qiniu does not accept the RoomToken any more.' },
  10002: { reason: 'token-expired', message: 'The RoomToken has expired.' },
  10005: { reason: 'room_disband', message: 'The room was closed.' },
  10006: { reason: 'banned', message: 'You were removed from the room.' },
  10012: { reason: 'room_disband', message: 'The room was closed.' },
  10022: { reason: 'kick', message: 'You joined the room elsewhere.' },
};

export function endingOf(code: number | undefined): Ending {
  return ENDINGS[code ?? NaN] ?? LOST;
}

export function noMedia(userId: string): RtcError {
  return new RtcError(
    'network',
    `No sound or picture arrives from ${userId}: a firewall may let none through. It is tried again.`,
    { provider },
  );
}

export function bad(message: string, cause?: unknown): RtcError {
  return new RtcError('argument', message, { provider, cause });
}

export function unauthorized(message: string): RtcError {
  return new RtcError('auth', message, { provider });
}

function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : undefined;
}
