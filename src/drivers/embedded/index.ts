import type { Driver } from '../driver.js';
import { EmbeddedClient, type Options } from './client.js';
import { bad } from './errors.js';

/** The back end of this package: browser to browser, through its own room server. */
export const embedded: Driver = {
  name: 'embedded',
  optionKeys: ['iceTransportPolicy', 'uplink'],
  createClient(config, listener) {
    const { iceTransportPolicy = 'all', uplink } = config.options;
    if (iceTransportPolicy !== 'all' && iceTransportPolicy !== 'relay') {
      throw bad('driver-options: iceTransportPolicy is "all" or "relay".');
    }
    if (uplink !== undefined && !(typeof uplink === 'number' && uplink > 0)) {
      throw bad('driver-options: uplink is a number of bits per second, such as 2500000.');
    }
    const options: Options = { iceTransportPolicy, uplink };
    return new EmbeddedClient(config, options, listener);
  },
};
