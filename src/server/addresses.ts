import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** @throws Error that says which entry is neither an address nor a network */
export function readProxies(entries: readonly string[] = []): BlockList | undefined {
  if (!entries.length) return undefined;
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address);
    const most = family === 6 ? 128 : 32;
    const prefix = bits === undefined ? most : Number(bits);
    if (!family || bits === '' || !Number.isInteger(prefix) || prefix < 0 || prefix > most) {
      throw new Error(
        `trustedProxies: “${entry}” is no address or network. Write 10.0.0.5 or 10.0.0.0/8.`,
      );
    }
    list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/**
 * Where a request comes from: the last address in X-Forwarded-For that is not a proxy of ours. What
 * stands before it was written by the client, and is not believed.
 */
export function clientAddress(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  proxies: BlockList | undefined,
): string {
  let address = plain(socket.remoteAddress ?? '');
  if (!proxies) return address;
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  while (isIP(address) && proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) {
    const before = plain(forwarded.pop()?.trim() ?? '');
    if (!isIP(before)) break;
    address = before;
  }
  return address;
}

/** What counts as one: an IPv4 address, or the /64 that an IPv6 customer has at least. */
export function addressGroup(address: string): string {
  if (!isIPv6(address)) return address;
  const [left = '', right] = address.replace(/%.*/, '').split('::');
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : []);
  const [head, tail] = [groups(left), groups(right)];
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const all = right === undefined ? head : [...head, ...zeros, ...tail];
  return all
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':');
}

function plain(address: string): string {
  return !address.includes(':') ? address : address.replace(/^::ffff:(?=[\d.]+$)/i, '');
}
