import type { TrackKind } from '../drivers/driver.js';
import type { Capture, Slot } from './capture-slot.js';
import { captureError, codeOf } from './devices.js';
import { nameOf, RtcError, type RtcErrorCode } from './errors.js';
import type { CaptureWish } from './types.js';

export interface Failure {
  capture: Capture;
  cause: unknown;
}

export interface RequestHost {
  ask(slots: Slot[], wish: CaptureWish): Promise<MediaStream>;
  ended(capture: Capture): void;
  /** The track is there. */
  kept(capture: Capture): void;
}

/**
 * Asks for `all` at once, so that the user is asked once; when that fails, for each alone.
 * What was released meanwhile is stopped as it comes, and is no failure.
 */
export async function request(
  all: Capture[],
  wish: CaptureWish,
  host: RequestHost,
): Promise<Failure[]> {
  const captures = all.filter(({ released }) => !released);
  const [first] = captures;
  if (!first) return [];
  let stream: MediaStream;
  try {
    const slots = captures.map(({ slot }) => slot);
    stream = await host.ask(slots, wish);
  } catch (cause) {
    const { held, device } = first.slot;
    if (captures.length > 1 && device !== 'screen' && !(await dismissed(cause))) {
      const failures: Failure[] = [];
      // One after another: two prompts at once confuse.
      for (const one of captures) failures.push(...(await request([one], wish, host)));
      return failures;
    }
    if (held && nameOf(cause) === 'NotReadableError') {
      // Some phones open one camera at a time.
      first.slot.drop();
      return request(captures, wish, host);
    }
    return captures.map((capture) => ({ capture, cause }));
  }
  const failures = await Promise.all(captures.map((one) => fill(one, stream, wish, host)));
  return failures.flat();
}

/** The user has closed the prompt without an answer: asking for each alone would pester. */
async function dismissed(cause: unknown): Promise<boolean> {
  if (nameOf(cause) !== 'NotAllowedError') return false;
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

async function fill(
  capture: Capture,
  stream: MediaStream,
  { trackProcessor }: CaptureWish,
  host: RequestHost,
): Promise<Failure[]> {
  const { slot } = capture;
  const source = liveTrack(stream, slot.kind);
  if (!source) {
    // A shared window has no sound to give.
    if (slot.next === capture) slot.next = null;
    return [];
  }
  try {
    await capture.fill(source, trackProcessor, () => host.ended(capture));
    if (!capture.released) host.kept(capture);
    return [];
  } catch (cause) {
    return [{ capture, cause }];
  }
}

export function liveTrack(stream: MediaStream, wanted: TrackKind): MediaStreamTrack | undefined {
  return stream
    .getTracks()
    .find(({ kind, readyState }) => kind === wanted && readyState === 'live');
}

/** Marks the slots as failed. @returns one error for each code, naming all its devices */
export function errorsOf(failures: Failure[]): RtcError[] {
  const groups = new Map<RtcErrorCode, Failure[]>();
  for (const failure of failures) {
    const code = codeOf(failure.cause, failure.capture.slot.device);
    groups.set(code, [...(groups.get(code) ?? []), failure]);
  }
  return [...groups].map(([code, group]) => {
    const devices = new Set(group.map(({ capture }) => capture.slot.device));
    const error = captureError(code, [...devices], group[0]?.cause);
    for (const { capture } of group) {
      capture.slot.cancel();
      capture.slot.failed = { key: capture.key, error };
    }
    return error;
  });
}

export function nothingAsked(): RtcError {
  return new RtcError('argument', 'Nothing is to be captured yet: set audio, video or screen.', {
    incomplete: true,
  });
}
