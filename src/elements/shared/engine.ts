import { addIcons } from '../../icons.js';
import { addTexts } from '../../texts.js';
import type * as engine from '../engine.js';

export type Engine = typeof engine;

let loading: Promise<Engine> | undefined;

/** The core, once it is loaded. */
export let engineNow: Engine | undefined;

/** The core, which an idle page does not load. A load that fails is tried again by the next call. */
export function loadEngine(): Promise<Engine> {
  loading ??= import('../engine.js').then(
    (loaded) => {
      addIcons(loaded.roomIcons);
      addTexts(loaded.roomTexts);
      return (engineNow = loaded);
    },
    (error: unknown) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}
