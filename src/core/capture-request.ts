import type { Capture, Slot } from './capture-slot.js';
import { captureError, codeOf } from './devices.js';
import { RtcError, type RtcErrorCode } from './errors.js';
import type { TrackProcessor } from './types.js';

/** A slot and what is being captured for it. */
export interface Try {
  slot: Slot;
  capture: Capture;
}

export interface Failure extends Try {
  cause: unknown;
}

export interface Request {
  get(slots: Slot[]): Promise<MediaStream> | MediaStream;
  processor: TrackProcessor | null | undefined;
  ended(capture: Capture, slot: Slot): void;
  /** The track is there. */
  kept(capture: Capture, slot: Slot): void;
}

/**
 * Captures for all `tries` at once, so that the user is asked once; when that fails, for each alone.
 * What was released meanwhile is stopped as it comes, and is no failure.
 */
export async function request(all: Try[], how: Request): Promise<Failure[]> {
  const tries = all.filter(({ capture }) => !capture.released);
  const [first] = tries;
  if (!first) return [];
  let stream: MediaStream;
  try {
    stream = await how.get(tries.map(({ slot }) => slot));
  } catch (cause) {
    const { held, device } = first.slot;
    if (tries.length > 1 && device !== 'screen' && !(await dismissed(cause))) {
      const failures: Failure[] = [];
      // One after another: two prompts at once confuse.
      for (const one of tries) failures.push(...(await request([one], how)));
      return failures;
    }
    if (held && cause instanceof Error && cause.name === 'NotReadableError') {
      // Some phones open one camera at a time.
      held.release();
      first.slot.held = null;
      return request(tries, how);
    }
    return failuresOf(tries, cause);
  }
  const failures = await Promise.all(tries.map((one) => fill(one, stream, how)));
  return failures.flat();
}

/** The user has closed the prompt without an answer: asking for each alone would pester. */
async function dismissed(cause: unknown): Promise<boolean> {
  if (!(cause instanceof Error) || cause.name !== 'NotAllowedError') return false;
  try {
    const names = ['camera', 'microphone'] as const;
    const all = await Promise.all(names.map((name) => navigator.permissions.query({ name })));
    const states = all.map(({ state }) => state);
    return states.includes('prompt') && !states.includes('denied');
  } catch {
    // A browser that does not tell.
    return false;
  }
}

async function fill(one: Try, stream: MediaStream, how: Request): Promise<Failure[]> {
  const { slot, capture } = one;
  const source = stream
    .getTracks()
    .find(({ kind, readyState }) => kind === slot.kind && readyState === 'live');
  if (!source) {
    // A shared window has no sound to give.
    if (slot.next === capture) slot.next = null;
    return [];
  }
  try {
    await capture.fill(source, slot.kind, how.processor, () => how.ended(capture, slot));
    if (!capture.released) how.kept(capture, slot);
    return [];
  } catch (cause) {
    return failuresOf([one], cause);
  }
}

function failuresOf(tries: Try[], cause: unknown): Failure[] {
  return tries.flatMap((one) => (one.capture.released ? [] : { ...one, cause }));
}

/** Marks the slots as failed. @returns one error for each code, naming all its devices */
export function errorsOf(failures: Failure[]): RtcError[] {
  const groups = new Map<RtcErrorCode, Failure[]>();
  for (const failure of failures) {
    const code = codeOf(failure.cause, failure.slot.device);
    groups.set(code, [...(groups.get(code) ?? []), failure]);
  }
  return [...groups].map(([code, group]) => {
    const devices = new Set(group.map(({ slot }) => slot.device));
    const error = captureError(code, [...devices], group[0]?.cause);
    for (const { slot, capture } of group) {
      capture.release();
      slot.next = null;
      slot.failed = { key: capture.key, error };
    }
    return error;
  });
}

export function nothingAsked(): RtcError {
  return new RtcError('argument', 'Nothing is to be captured yet: set audio, video or screen.', {
    incomplete: true,
  });
}
