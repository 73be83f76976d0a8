import type { Driver } from '../driver.js';

/** Loads the driver of Qiniu's cloud: a chunk of its own, which loads Qiniu's SDK. */
export const loadQiniu = async (): Promise<Driver> => (await import('./index.js')).qiniu;
