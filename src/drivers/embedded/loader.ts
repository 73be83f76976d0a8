import type { Driver } from '../driver.js';

/** Loads the driver of the embedded back end: a chunk of its own, unless the bundle is one file. */
export const loadEmbedded = async (): Promise<Driver> => (await import('./index.js')).embedded;
