import type { Driver } from '../driver.js';
import { QiniuClient } from './client.js';
import { OPTION_KEYS, readOptions } from './options.js';

/** Qiniu's real-time cloud, through its own SDK `qnweb-rtc` 4.3. */
export const qiniu: Driver = {
  name: 'qiniu',
  optionKeys: OPTION_KEYS,
  createClient: (config, listener) =>
    new QiniuClient(config, readOptions(config.options), listener),
};
