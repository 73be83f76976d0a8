import type * as core from '../../core/engine.js';

export type Engine = typeof core;

let loading: Promise<Engine> | undefined;

/** The core, which an idle page does not load. A load that fails is tried again by the next call. */
export function loadEngine(): Promise<Engine> {
  loading ??= import('../../core/engine.js').catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}
