import { bad } from './errors.js';

/**
 * The nodes that `url` names, in the order in which they are tried; none while it is absent: what
 * the token endpoint answers may name them.
 * @throws RtcError `argument`
 */
export function addressesOf(url = ''): string[] {
  const addresses = url.split(/\s+/).filter(Boolean);
  for (const address of addresses) {
    const { protocol } = URL.canParse(address) ? new URL(address) : { protocol: '' };
    if (!/^(wss?|https?):$/.test(protocol)) {
      throw bad(
        `url: “${address}” is not a wss: address of LiveKit, such as wss://live.example.com.`,
      );
    }
  }
  return [...new Set(addresses)];
}

/** Whether anything answers there within a second, whatever it answers. */
export async function answers(address: string): Promise<boolean> {
  try {
    await fetch(address.replace(/^ws/, 'http'), {
      mode: 'no-cors',
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.timeout(1_000),
    });
    return true;
  } catch {
    return false;
  }
}
