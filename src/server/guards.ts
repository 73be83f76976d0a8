import type { IncomingMessage } from 'node:http';
import type { Settings } from './options.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const FORWARDING = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];

/** Most clients call a server alike. */
const hosts = new Map<string, string | undefined>();
const MAX_HOSTS = 64;

/** The name or address in a Host header or an origin, without the port. */
export function hostOf(text: string | undefined): string | undefined {
  if (!text || hosts.has(text)) return hosts.get(text ?? '');
  let host: string | undefined;
  try {
    host = new URL(text.includes('://') ? text : `http://${text}`).hostname;
  } catch {
    // None.
  }
  if (hosts.size >= MAX_HOSTS) hosts.clear();
  if (text.length < 256) hosts.set(text, host);
  return host;
}

/**
 * Why a request is refused before anything of it is read; undefined when it is not. In `dev` only
 * loopback names pass, so that neither a hostile page nor a rebound name reaches an open server.
 */
export function refusal(request: IncomingMessage, { dev, origins }: Settings): string | undefined {
  const { origin, host } = request.headers;
  if (dev) {
    if (FORWARDING.some((name) => name in request.headers)) {
      return 'A --dev server answers its own machine only, not a proxy. Start it without --dev for others.';
    }
    if (!LOOPBACK.has(hostOf(host) ?? '')) return 'A --dev server answers to localhost only.';
    if (origin !== undefined && !LOOPBACK.has(hostOf(origin) ?? '')) {
      return 'A --dev server serves pages of localhost only.';
    }
    return undefined;
  }
  if (origin === undefined) return undefined;
  const allowed = origins ? origins.includes(origin) : originHost(origin) === host;
  return allowed
    ? undefined
    : `Pages of ${origin} may not use this server. Name them in the option origins.`;
}

/** Host and port of an origin, as the Host header writes them. */
function originHost(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
