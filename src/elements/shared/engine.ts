import type * as engine from '../engine.js';

export type Engine = typeof engine;

let loading: Promise<Engine> | undefined;

/** The core, which an idle page does not load. A load that fails is tried again by the next call. */
export function loadEngine(): Promise<Engine> {
  loading ??= import('../engine.js').catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}
