import type { Driver } from '../driver.js';
import { TrtcClient, type Options } from './client.js';
import { bad } from './errors.js';
import type { ProxyServer } from './sdk.js';

const PROXIES = ['websocketProxy', 'loggerProxy', 'scheduleProxy', 'unifiedProxy'];

/** Tencent Cloud's TRTC, through trtc-js-sdk 4.15. */
export const trtc: Driver = {
  name: 'trtc',
  optionKeys: ['useStringRoomId', 'proxy'],
  createClient: (config, listener) => new TrtcClient(config, readOptions(config.options), listener),
};

/** @throws RtcError `argument` */
function readOptions({ useStringRoomId = false, proxy }: Record<string, unknown>): Options {
  if (typeof useStringRoomId !== 'boolean')
    throw bad('driver-options: useStringRoomId is true or false.');
  if (proxy !== undefined && !isProxy(proxy)) {
    throw bad(
      `driver-options: proxy is a wss: address, or an object of addresses: ${PROXIES.join(', ')}.`,
    );
  }
  return { useStringRoomId, proxy };
}

/** What the SDK's `setProxyServer` takes. */
function isProxy(proxy: unknown): proxy is string | ProxyServer {
  if (typeof proxy === 'string') return proxy.startsWith('wss://');
  return (
    !!proxy &&
    typeof proxy === 'object' &&
    Object.entries(proxy).every(
      ([name, address]) => PROXIES.includes(name) && typeof address === 'string',
    )
  );
}
