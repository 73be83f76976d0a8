/** What went wrong, alike for every back end. */
export type RtcErrorCode =
  | 'argument'
  | 'state'
  | 'unsupported'
  | 'insecure-context'
  | 'permissions-policy'
  | 'gesture-required'
  | 'device-denied'
  | 'device-missing'
  | 'device-busy'
  | 'auth'
  | 'forbidden'
  | 'join-failed'
  | 'room-full'
  | 'timeout'
  | 'network'
  | 'stream-gone'
  | 'autoplay'
  | 'aborted'
  | 'sdk-missing'
  | 'unknown';

export interface RtcErrorInit {
  fatal?: boolean;
  provider?: string;
  vendorCode?: string | number;
  cause?: unknown;
  /** An `argument` error that a later attribute mends: the wish stays. */
  incomplete?: boolean;
}

/** An error of any element or back end: `message` says what happened and what to do. */
export class RtcError extends Error {
  /** A driver of another file (a lazy chunk, a second copy of the package) brings its own class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'RtcError';
  }

  override readonly name = 'RtcError';
  declare readonly code: RtcErrorCode;
  /** True when the wish that led here was taken back. */
  declare fatal: boolean;
  declare provider?: string;
  declare readonly vendorCode?: string | number;
  declare readonly incomplete: boolean;

  constructor(code: RtcErrorCode, message: string, init: RtcErrorInit = {}) {
    super(message, init);
    Object.assign(this, { code, fatal: false, incomplete: false }, init);
  }
}

/** Retried with growing pauses while the wish stands; any other failure takes the wish back. */
export function isTransient(error: RtcError): boolean {
  return error.code === 'network' || error.code === 'timeout';
}

/** What an unknown failure is to the page. */
export function toRtcError(error: unknown): RtcError {
  if (error instanceof RtcError) return error;
  if (nameOf(error) === 'AbortError') return aborted(error);
  return new RtcError('unknown', `Something failed that should not: ${textOf(error)}`, {
    cause: error,
  });
}

export function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : '';
}

export function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

export function aborted(cause?: unknown): RtcError {
  return new RtcError('aborted', 'A later wish has overtaken this one.', { cause });
}
