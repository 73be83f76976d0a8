import type { Driver } from '../driver.js';

/** Loads the driver of TRTC: a chunk of its own. */
export const loadTrtc = async (): Promise<Driver> => (await import('./index.js')).trtc;
