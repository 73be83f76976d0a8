import type { Driver } from '../driver.js';

/** Loads the LiveKit driver and, with it, livekit-client: a chunk of its own. */
export const loadLivekit = async (): Promise<Driver> => (await import('./index.js')).load();
