import type { Driver } from './driver.js';
import { loadEmbedded } from './embedded/loader.js';
import { loadLivekit } from './livekit/loader.js';
import { loadTrtc } from './trtc/loader.js';
import { loadQiniu } from './qiniu/loader.js';

export type DriverLoader = () => Promise<Driver>;

/** The back ends that come with the package; each loads its driver when the first room joins. */
const loaders = new Map<string, DriverLoader>([
  ['embedded', loadEmbedded],
  ['livekit', loadLivekit],
  ['trtc', loadTrtc],
  ['qiniu', loadQiniu],
]);

/**
 * Makes `provider="name"` available, or replaces what it loads: a driver itself, or a function
 * that loads it when the first room joins.
 */
export function registerDriver(name: string, driver: Driver | DriverLoader): void {
  loaders.set(name, typeof driver === 'function' ? driver : () => Promise.resolve(driver));
}

/** What loads the driver of a provider, by its name. */
export const driverLoaders: ReadonlyMap<string, DriverLoader> = loaders;
