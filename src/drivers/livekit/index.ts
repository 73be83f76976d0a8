import type { Driver } from '../driver.js';
import { addressesOf } from './addresses.js';
import { LivekitClient } from './client.js';
import { bad } from './errors.js';

/** LiveKit, on one node or many: `livekit-client` in the page, `livekit-server` outside. */
export const livekit: Driver = {
  name: 'livekit',
  optionKeys: ['iceTransportPolicy'],
  createClient(config, listener) {
    const { iceTransportPolicy = 'all' } = config.options;
    if (iceTransportPolicy !== 'all' && iceTransportPolicy !== 'relay') {
      throw bad('driver-options: iceTransportPolicy is "all" or "relay".');
    }
    const { roomId, url } = config;
    return new LivekitClient(addressesOf(url), { roomId, iceTransportPolicy }, listener);
  },
};

/** What the loader calls; in the package `on-demand.js` stands in for it, which awaits the SDK. */
export const load = (): Promise<Driver> => Promise.resolve(livekit);
