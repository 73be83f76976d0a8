import { aborted, RtcError } from './errors.js';

/** Full jitter below a limit that doubles from `base` to `limit` milliseconds. */
export function backoff(attempt: number, base = 500, limit = 15_000): number {
  return base / 2 + Math.random() * Math.min(limit, base * 2 ** attempt);
}

/** @throws RtcError `aborted` */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw aborted();
}

/** Resolves after `ms`. @throws RtcError `aborted` as soon as the signal says so */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const slept = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return settle(slept, { signal }).finally(() => clearTimeout(timer));
}

/**
 * The promise's result, unless the signal or the time limit comes first.
 * @throws RtcError `aborted` or `timeout`
 */
export function settle<T>(
  promise: Promise<T>,
  { signal, ms, what = 'The back end' }: SettleOptions,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(aborted());
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort);
    const timer =
      ms &&
      setTimeout(() => {
        const message = `${what} did not answer within ${ms / 1000} s. It is tried again.`;
        reject(new RtcError('timeout', message));
      }, ms);
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    });
  });
}

interface SettleOptions {
  signal?: AbortSignal;
  /** How long to wait, in milliseconds; absent: for ever. */
  ms?: number;
  /** Who is waited for, as the error's subject. */
  what?: string;
}
