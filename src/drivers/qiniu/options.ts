import type { QNRTCConfig } from 'qnweb-rtc';
import { bad } from './errors.js';

type Key = keyof QNRTCConfig;

const POLICIES: readonly unknown[] = ['forceUdp', 'forceTcp', 'preferUdp'];

const CHECKS: Record<Key, [is: (value: unknown) => boolean, what: string]> = {
  transportPolicy: [(value) => POLICIES.includes(value), `one of ${POLICIES.join(', ')}`],
  simulcast: [(value) => typeof value === 'boolean', 'true or false'],
  reconnectTimes: [(value) => isCount(value), 'a whole number above 0'],
  requestTimeout: [(value) => isCount(value), 'a whole number of milliseconds above 0'],
  mcuServerHosts: [isHosts, 'a list of addresses such as ["https://rtc.example.com"]'],
};

/** The keys of `driver-options`: what `QNRTC.setConfig` takes. */
export const OPTION_KEYS = Object.keys(CHECKS) as readonly Key[];

/** The SDK's own defaults: `setConfig` keeps what it was told, for all clients of the page. */
export const DEFAULTS: Required<QNRTCConfig> = {
  transportPolicy: 'preferUdp',
  simulcast: false,
  reconnectTimes: 3,
  requestTimeout: 5_000,
  mcuServerHosts: [],
};

/** @throws RtcError `argument`, naming the key and what it takes */
export function readOptions(options: Readonly<Record<string, unknown>>): Required<QNRTCConfig> {
  for (const key of OPTION_KEYS) {
    const [is, what] = CHECKS[key];
    const value = options[key];
    if (value !== undefined && !is(value)) throw bad(`driver-options: ${key} is ${what}.`);
  }
  return { ...DEFAULTS, ...(options as QNRTCConfig) };
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0;
}

function isHosts(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (host) => typeof host === 'string' && /^https?:\/\//.test(host) && URL.canParse(host),
    )
  );
}
