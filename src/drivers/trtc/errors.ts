import { RtcError, type RtcErrorCode } from '../../core/errors.js';
import type { SdkError } from './sdk.js';

const provider = 'trtc';

type Row = readonly [code: RtcErrorCode, message: string];

/** Every code of the SDK's `ErrorCode`, and two it uses without declaring them. */
const CODES: Readonly<Record<number, Row>> = {
  0x1000: ['argument', 'TRTC does not accept what it was given'],
  0x1001: ['state', 'TRTC cannot do this now'],
  0x1002: ['unsupported', 'TRTC does not support this in this browser'],
  0x1003: ['device-missing', 'There is no such device. Connect a microphone or a camera.'],
  0x4001: ['network', 'The connection to TRTC could not be set up. It is tried again.'],
  0x4002: ['network', 'The connection to TRTC failed. It is tried again.'],
  0x4003: ['network', 'No media goes through to TRTC. Check the firewall. It is tried again.'],
  0x4004: ['join-failed', 'TRTC did not let this user into the room'],
  0x4005: [
    'unsupported',
    'This browser could not describe its media to TRTC. Use another browser.',
  ],
  0x4006: ['network', 'The connection to TRTC was lost and did not come back. Check the network.'],
  0x4007: ['network', 'What is sent to TRTC was interrupted. Check the network.'],
  0x4008: ['network', 'What comes from TRTC was interrupted. Check the network.'],
  0x4010: ['stream-gone', 'The stream is no longer published.'],
  0x4040: ['forbidden', 'This user was removed from the room.'],
  0x4041: ['timeout', 'TRTC did not answer in time. It is tried again.'],
  0x4042: ['timeout', 'The stream did not arrive in time. It is tried again.'],
  0x4043: ['autoplay', 'The browser does not play sound before the user has touched the page.'],
  0x4044: ['device-busy', 'The device stopped and could not be opened again.'],
  0x4045: ['state', 'Publishing to a CDN failed'],
  0x4046: ['state', 'Publishing to a CDN could not be stopped'],
  0x4047: ['state', 'Mixing the streams failed'],
  0x4048: ['state', 'Mixing the streams could not be stopped'],
  0x4049: ['unsupported', 'This browser lacks H.264. Use another browser, or update it.'],
  0x404a: ['forbidden', 'TRTC did not allow the other role. Check what the privateMapKey allows.'],
  0x404b: ['timeout', 'TRTC did not answer in time. It is tried again.'],
  // Undeclared: the server that names the others could not be asked.
  0x404c: ['network', 'TRTC could not be reached. It is tried again.'],
  // Undeclared: what was asked for has ended meanwhile.
  0x404d: ['stream-gone', 'The stream is no longer published.'],
  0xffff: ['unknown', 'Something failed inside TRTC'],
};

const INITIALIZE_FAILED = 0x1004;
/** The DOMException's name, which the SDK gives to its own error. */
const CAPTURE: Readonly<Record<string, Row>> = {
  NotAllowedError: ['device-denied', 'The microphone or camera may not be used here.'],
  SecurityError: ['permissions-policy', 'This page may not ask for a microphone or camera.'],
  NotFoundError: ['device-missing', 'There is no such device. Connect a microphone or a camera.'],
  OverconstrainedError: ['device-missing', 'No device can do what is asked of it.'],
  NotReadableError: ['device-busy', 'The device is in use by another program.'],
  AbortError: ['device-busy', 'The device could not be started.'],
};

/** Codes with which the server itself answers a join, whatever the SDK makes of it. */
const SIGNATURE: Row = ['auth', 'TRTC does not accept the userSig. Get a new one for this user.'];
const PERMISSION: Row = [
  'forbidden',
  'The privateMapKey does not allow this room or role. Get one that does.',
];
const SERVER: Readonly<Record<number, Row>> = {
  [-8]: ['argument', 'TRTC knows no such application. Check app-id.'],
  [-100_018]: SIGNATURE,
  [-100_006]: PERMISSION,
  [-100_013]: ['forbidden', 'The TRTC application is suspended. Look into its console.'],
};

/** The account system's codes: a signature that has expired, is cut off, or is another's. */
const ACCOUNT_ERRORS = { first: 70_001, last: 70_099 };

const SWITCH_ROLE_FAILED = 0x404a;
const JOIN_ROOM_FAILED = 0x4004;

/** What a failure inside the SDK is to the page; anything that is not the SDK's stays as it is. */
export function fromSdk(error: unknown): unknown {
  if (!isSdkError(error)) return error;
  const code = error.getCode();
  const extra = error.getExtraCode?.() ?? 0;
  const [meaning, message] = meaningOf(error, code, extra);
  const text = message.endsWith('.') ? message : `${message}: ${said(error)}`;
  return new RtcError(meaning, text, { provider, vendorCode: extra || code, cause: error });
}

function meaningOf(error: SdkError, code: number, extra: number): Row {
  if (code === INITIALIZE_FAILED)
    return CAPTURE[error.name] ?? ['unknown', 'The device could not be started'];
  if (extra >= ACCOUNT_ERRORS.first && extra <= ACCOUNT_ERRORS.last) return SIGNATURE;
  const server = SERVER[extra];
  if (server) return server;
  // The SDK gives its own time limits these codes, told apart by its words alone.
  const late = !extra && /time(d )?-?out|超时/i.test(error.message);
  if (late && (code === JOIN_ROOM_FAILED || code === SWITCH_ROLE_FAILED))
    return ['timeout', 'TRTC did not answer in time. It is tried again.'];
  // A server's answer that the SDK passes on as if it were a code of its own.
  return CODES[code] ?? ['unknown', 'TRTC refused'];
}

/** The SDK's words, without the code at their end and the links to its manual. */
function said({ message }: SdkError): string {
  const [first = ''] = message.replace(/\s*<\w+ 0x[\da-f]+>$/, '').split(/[\r\n]|\s?https?:/);
  return first.replace(/[.。\s]*$/, '.');
}

function isSdkError(error: unknown): error is SdkError {
  return error instanceof Error && typeof (error as Partial<SdkError>).getCode === 'function';
}

/** @param incomplete A later attribute mends it. */
export function bad(message: string, incomplete = false): RtcError {
  return new RtcError('argument', message, { provider, incomplete });
}

export function gone(): RtcError {
  return new RtcError('stream-gone', 'The stream is no longer published.', { provider });
}

export function interrupted(userId: string): RtcError {
  return new RtcError(
    'network',
    `Nothing arrives from ${userId}: the connection to TRTC was interrupted. It is tried again.`,
    { provider },
  );
}
