import { createHmac } from 'node:crypto';
import type { RoomMode } from '../drivers/driver.js';
import type { IceConfig, Signal } from '../protocol/messages.js';
import type { RoomServerOptions } from './options.js';

/** A TURN server that knows the same secret (coturn: `use-auth-secret`, `static-auth-secret`). */
export interface TurnOptions {
  /** `turn:` and `turns:` addresses, such as `turn:turn.example:3478?transport=udp`. */
  urls: string | readonly string[];
  /** At least 32 bytes. Never handed out, and never logged. */
  secret: string;
  /** How long credentials are valid, in seconds; default and maximum 3,600, at least 60. */
  life?: number;
}

/** In which rooms media goes through TURN only, so that nobody learns another's address. */
export type Relay = 'always' | 'live' | 'never';

export interface IceSettings {
  servers: IceConfig['servers'];
  turn: { urls: string[]; secret: string; life: number } | undefined;
  relay: Relay;
  /** The host in the STUN address; absent: the one that the client reached this server by. */
  publicHost: string | undefined;
  /** Of our own STUN answer, while it listens. */
  stunPort?: number;
}

/** For whom the servers are. */
export interface IceClient {
  mode: RoomMode | undefined;
  user: string;
  /** As the client wrote it, without the port. */
  host: string | undefined;
}

/** @throws Error that says which option is wrong and what it must be */
export function readIce({
  iceServers = [],
  turn,
  relay = 'never',
  publicHost,
}: RoomServerOptions): IceSettings {
  if (!['always', 'live', 'never'].includes(relay))
    throw new Error('relay must be always, live or never.');
  const urls = [turn?.urls ?? []].flat();
  if (turn) {
    const { secret, life = 3600 } = turn;
    if (!urls.length || !urls.every(isTurn))
      throw new Error('turn.urls must be addresses that begin with turn: or turns:.');
    if (Buffer.byteLength(secret) < 32)
      throw new Error('turn.secret needs at least 32 bytes; TURN’s own secret must be the same.');
    if (!(life >= 60 && life <= 3600)) throw new Error('turn.life must be 60 to 3600 seconds.');
  }
  const relays = turn ?? iceServers.some((server) => [server.urls].flat().some(isTurn));
  if (relay !== 'never' && !relays) {
    throw new Error(
      `relay: '${relay}' sends media through TURN only: name a TURN server in turn or iceServers, or take 'never'.`,
    );
  }
  return {
    servers: iceServers,
    turn: turn && { urls, secret: turn.secret, life: turn.life ?? 3600 },
    relay,
    publicHost,
  };
}

/** What a client that is in a room is given now; asked anew for each search for a route. */
export function iceFor(settings: IceSettings, client: IceClient, now: number): IceConfig {
  const { servers, turn, stunPort } = settings;
  const host = settings.publicHost ?? client.host;
  return {
    servers: [
      ...servers,
      ...(stunPort && host ? [{ urls: `stun:${host}:${stunPort}` }] : []),
      ...(turn ? [{ urls: turn.urls, ...credentials(turn, client.user, now) }] : []),
    ],
    policy: relayed(settings, client.mode) ? 'relay' : 'all',
  };
}

export function relayed({ relay }: IceSettings, mode: RoomMode | undefined): boolean {
  return relay === 'always' || (relay === 'live' && mode === 'live');
}

/**
 * A signal as it is passed on where media is relayed: no address of its sender is left in it,
 * whatever its browser gathered. Null when nothing is left at all.
 */
export function withoutAddresses(signal: Signal): Signal | null {
  if ('sdp' in signal) {
    const sdp = signal.sdp.sdp
      .replace(/^a=candidate:.*\r?\n/gm, (line) => (isRelay(line) ? unrelated(line) : ''))
      .replace(/^c=IN .*$/gm, 'c=IN IP4 0.0.0.0');
    return { sdp: { ...signal.sdp, sdp } };
  }
  if (!('candidate' in signal) || !signal.candidate?.candidate) return signal;
  const { candidate } = signal.candidate;
  if (!isRelay(candidate)) return null;
  return { candidate: { ...signal.candidate, candidate: unrelated(candidate) } };
}

/**
 * TURN REST credentials (draft-uberti-behave-turn-rest-00). What follows the time is the same for
 * all of one user's, so that TURN's quotas count per user, and says nothing of who it is.
 */
function credentials(
  { secret, life }: { secret: string; life: number },
  user: string,
  now: number,
): { username: string; credential: string } {
  const opaque = createHmac('sha256', secret).update(`user:${user}`).digest('hex').slice(0, 16);
  const username = `${Math.floor(now / 1000) + life}:${opaque}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}

const isTurn = (url: string): boolean => /^turns?:\S+$/.test(url);
const isRelay = (candidate: string): boolean => / typ relay( |$)/m.test(candidate);
/** Firefox writes the address before the relay's into it. */
const unrelated = (candidate: string): string =>
  candidate.replace(/ raddr \S+ rport \d+/, ' raddr 0.0.0.0 rport 0');
