import type {
  Client,
  ClientEvent,
  DefaultSubscription,
  Driver,
  JoinRequest,
  JoinResult,
  Publication,
} from '../drivers/driver.js';
import { driverLoaders } from '../drivers/registry.js';
import { settle, throwIfAborted } from './async.js';
import { RtcError, toRtcError } from './errors.js';
import { claimRoom, type Owner } from './page-registry.js';
import { checkWish, driverOptions } from './plan.js';
import { getToken, isRenewable } from './token-source.js';
import type { RoomWish, TokenAnswer, TokenRequest } from './types.js';

const PATIENCE = 20_000;

/** What a join asks of its session, and tells it. */
export interface JoinHost extends Owner {
  /** Given for a link. */
  readonly parent: unknown;
  readonly previousSession: string | undefined;
  readonly views: { readonly defaults: DefaultSubscription };
  /** Everything there is to publish at this moment. */
  ready(): Publication[];
  waits(seconds: number): void;
}

export interface Joined {
  client: Client;
  /** The wish with what the token's answer named. */
  wish: RoomWish;
  /** What the back end was asked. */
  request: JoinRequest & { credentials: TokenAnswer };
  result: JoinResult;
  /** Delivers the events that came meanwhile, then each as it comes. */
  listen(listener: (event: ClientEvent) => void): void;
}

export function tokenRequest(wish: RoomWish, reason: TokenRequest['reason']): TokenRequest {
  const { provider, appId, roomId = '', userId, userRole } = wish;
  return { provider, appId, roomId, userId, userRole, reason };
}

/**
 * From a complete wish to a joined client, or to none: what a failed or aborted join acquired is
 * released before this rejects.
 */
export async function joinRoom(
  wish: RoomWish,
  host: JoinHost,
  wanted: AbortSignal,
): Promise<Joined> {
  const over = new AbortController();
  const signal = AbortSignal.any([wanted, over.signal]);
  const link = !!host.parent;
  const reason = link ? 'link' : 'join';
  const ask = (): Promise<TokenAnswer> =>
    getToken(wish, tokenRequest(wish, reason), signal, (seconds) => host.waits(seconds));
  const asked = ask();
  // Awaited below; without this a driver that fails to load leaves it unhandled.
  asked.catch(() => undefined);

  let target = wish;
  let made: Made | undefined;
  try {
    made = await create(target, link, signal);
    made.client.warm?.();
    let answer = await asked;
    for (let again = isRenewable(wish); ; again = false) {
      const next = merge(wish, answer);
      checkWish(next);
      if (placeOf(next) !== placeOf(target)) {
        made.client.destroy();
        made = await create(next, link, signal);
      }
      target = next;
      if (!link) await claimRoom(target, answer.token, host, signal);
      const { client } = made;
      const request = {
        credentials: answer,
        role: target.userRole,
        userData: target.userData,
        publications: target.userRole === 'anchor' ? host.ready() : [],
        subscribe: host.views.defaults,
        previousSession: host.previousSession,
      };
      try {
        const result = await settle(client.join(request, signal), {
          signal,
          ms: PATIENCE,
          what: 'The room',
        });
        throwIfAborted(signal);
        return { ...made, wish: target, request, result };
      } catch (error) {
        if (!again || signal.aborted || toRtcError(error).code !== 'auth') throw error;
        client.destroy();
        answer = await ask();
        made = await create(target, link, signal);
      }
    }
  } catch (error) {
    // Also the question for a token, which a driver that does not load leaves behind.
    over.abort();
    made?.client.destroy();
    throw error;
  }
}

type Made = Pick<Joined, 'client' | 'listen'>;

/** @throws RtcError `argument` when there is no back end of that name, `network` when it does not load */
async function loadDriver(name: string): Promise<Driver> {
  const load = driverLoaders.get(name);
  if (!load) {
    const names = [...driverLoaders.keys()].join(', ');
    throw new RtcError(
      'argument',
      `There is no back end “${name}”. Set provider to one of: ${names}; or call registerDriver("${name}", …) first.`,
    );
  }
  try {
    return await load();
  } catch (cause) {
    if (cause instanceof RtcError) throw cause;
    throw new RtcError('network', `The back end “${name}” cannot be loaded. It is tried again.`, {
      cause,
    });
  }
}

async function create(wish: RoomWish, link: boolean, signal: AbortSignal): Promise<Made> {
  const driver = await settle(loadDriver(wish.provider), { signal });
  const options = driverOptions(wish, driver);
  const { roomId = '', mode, userId, url, appId, sdkUrl, sdkIntegrity } = wish;
  const early: ClientEvent[] = [];
  let listener = (event: ClientEvent): void => void early.push(event);
  const client = driver.createClient(
    { roomId, mode, link, userId, url, appId, sdkUrl, sdkIntegrity, options },
    (event) => listener(event),
  );
  return {
    client,
    listen: (wanted) => {
      listener = wanted;
      for (const event of early.splice(0)) wanted(event);
    },
  };
}

/** Where a client connects to: another place needs another client. */
function placeOf({ provider, url, appId }: RoomWish): string {
  return JSON.stringify([provider, url, appId]);
}

/** What the answer names wins. */
function merge(wish: RoomWish, answer: TokenAnswer): RoomWish {
  return {
    ...wish,
    ...Object.fromEntries(NAMED.map((name) => [name, answer[name] ?? wish[name]])),
  };
}

const NAMED = ['provider', 'url', 'appId', 'userId', 'userRole', 'userData'] as const;
