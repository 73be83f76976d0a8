import type { Driver } from '../driver.js';
import { EmbeddedClient } from './client.js';
import { bad } from './errors.js';
import { UPLINK } from './quality.js';

/** The back end of this package: browser to browser, through its own room server. */
export const embedded: Driver = {
  name: 'embedded',
  optionKeys: ['iceTransportPolicy', 'uplink'],
  createClient(config, listener) {
    const { iceTransportPolicy = 'all', uplink = UPLINK } = config.options;
    if (iceTransportPolicy !== 'all' && iceTransportPolicy !== 'relay') {
      throw bad('driver-options: iceTransportPolicy is "all" or "relay".');
    }
    if (typeof uplink !== 'number' || !(uplink > 0)) {
      throw bad('driver-options: uplink is a number of bits per second, such as 2500000.');
    }
    return new EmbeddedClient(config, { iceTransportPolicy, uplink }, listener);
  },
};
