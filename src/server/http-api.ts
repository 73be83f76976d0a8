import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as v from 'valibot';
import type { ErrorCode } from '../protocol/messages.js';
import { describeIssue, ID } from '../protocol/validators.js';
import { refusal } from './guards.js';
import type { LiveKit } from './livekit.js';
import type { Metrics } from './metrics.js';
import type { TokenMinter } from './minters.js';
import type { Authenticated, Settings, TokenAsk } from './options.js';
import { RoomError, UpstreamError } from './room-error.js';
import type { RoomService } from './room-service.js';
import type { Tokens } from './tokens.js';

const MAX_BODY = 16 * 1024;

const id = v.pipe(v.string(), v.regex(ID));
const role = v.picklist(['anchor', 'audience']);
const provider = v.optional(v.picklist(['embedded', 'livekit']));
const roomBody = v.object({
  room: id,
  mode: v.optional(v.picklist(['rtc', 'live'])),
  provider,
});
const tokenBody = v.object({
  room: id,
  provider,
  user: id,
  role: v.optional(role),
  moderator: v.optional(v.boolean()),
  userData: v.optional(v.pipe(v.string(), v.maxLength(4096))),
  life: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(86_400))),
});
const askBody = v.object({
  provider: v.string(),
  appId: v.nullish(v.string()),
  roomId: id,
  userId: v.nullish(id),
  userRole: role,
  reason: v.picklist(['join', 'role', 'link', 'renew']),
});

const SITE = ['health', 'token'];
const ADMIN = ['api', 'metrics'];

/** Undefined when the address is none, such as `//`. */
export function pathOf({ url = '/' }: IncomingMessage): URL | undefined {
  try {
    return new URL(url, 'http://server');
  } catch {
    return undefined;
  }
}

class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

/**
 * The HTTP side of the room server:
 *
 *     GET    /health                              200 {status, rooms, users}
 *     POST   /token                               what token-url asks
 *     GET    /api/rooms                           all rooms              (Bearer key, as all below)
 *     POST   /api/rooms {room, mode?}             201, or 200 when open already
 *     GET    /api/rooms/:room                     who is there
 *     DELETE /api/rooms/:room                     dismiss
 *     DELETE /api/rooms/:room/users/:user?ban=s   remove a user, and refuse every join for s seconds
 *     POST   /api/tokens {room, user, role?, …}   mint a token
 *     GET    /metrics                             Prometheus
 *
 * Removals with a ban hold for the tokens of every back end that this server issues. With the
 * option `livekit` all of it is about LiveKit's rooms too; the two that make something take
 * `provider: "livekit"` in their body.
 */
export class HttpApi {
  /** The API and the metrics have a port of their own. */
  apart = false;

  constructor(
    private readonly service: RoomService,
    private readonly tokens: Tokens,
    private readonly settings: Settings,
    private readonly randomId: () => string,
    private readonly livekit: LiveKit | undefined,
    private readonly metrics: Metrics,
    private readonly saved: () => Promise<void> | undefined,
  ) {}

  /** @returns whether the request was one of ours; it is answered then */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    return this.#handle(request, response, this.apart ? SITE : [...SITE, ...ADMIN]);
  }

  /** The same for the port of their own. */
  handleAdmin(request: IncomingMessage, response: ServerResponse): boolean {
    return this.#handle(request, response, ['health', ...ADMIN]);
  }

  #handle(request: IncomingMessage, response: ServerResponse, tops: readonly string[]): boolean {
    const url = pathOf(request);
    const path = url?.pathname.split('/').slice(1).map(decode) ?? [];
    if (!url || !tops.includes(path[0] ?? '')) return false;
    this.#answer(request, path, url)
      .then(([status, body, headers]) => write(response, status, body, headers))
      .catch((error: unknown) => {
        const known = toHttp(error);
        if (known.status >= 500) this.settings.log('http-error', { message: known.message });
        write(response, known.status, { error: known.message }, known.headers);
      });
    return true;
  }

  async #answer(
    request: IncomingMessage,
    path: (string | undefined)[],
    url: URL,
  ): Promise<[status: number, body: unknown, headers?: Record<string, string>]> {
    const refused = refusal(request, this.settings);
    if (refused !== undefined) throw new HttpError(403, refused);
    if (path.includes(undefined)) throw new HttpError(400, 'The path is not valid.');
    const [top, kind, room, users, user] = path;
    const { method = '' } = request;
    if (top === 'health') {
      const { rooms, sessions } = this.service.size;
      return [200, { status: 'ok', rooms, users: sessions }];
    }
    if (top === 'token') {
      if (method !== 'POST')
        throw new HttpError(405, 'Ask for a token with POST.', { allow: 'POST' });
      return this.#token(request);
    }
    this.#authorize(request);
    if (top === 'metrics')
      return [200, await this.metrics.text(), { 'content-type': this.metrics.contentType }];
    const call = `${method} ${kind ?? ''}/${path.length - 2}`;
    switch (call) {
      case 'GET rooms/0':
        return [
          200,
          { rooms: [...this.service.listRooms(), ...((await this.livekit?.listRooms()) ?? [])] },
        ];
      case 'POST rooms/0': {
        const wanted = await readBody(request, roomBody);
        if (wanted.provider === 'livekit') {
          if (wanted.mode) throw new HttpError(400, 'LiveKit’s rooms have no mode: leave it out.');
          const created = await this.#needLiveKit().createRoom(wanted.room);
          return [created ? 201 : 200, await this.livekit?.getRoom(wanted.room)];
        }
        const created = this.service.createRoom(wanted.room, wanted.mode);
        return [created ? 201 : 200, this.service.getRoom(wanted.room)];
      }
      case 'GET rooms/1': {
        const found = this.service.getRoom(room ?? '') ?? (await this.livekit?.getRoom(room ?? ''));
        if (!found) throw new HttpError(404, `There is no room “${room ?? ''}”.`);
        return [200, found];
      }
      case 'DELETE rooms/1': {
        const here = this.service.dismissRoom(room ?? '');
        const there = await this.livekit?.dismissRoom(room ?? '');
        if (!here && !there) throw new HttpError(404, `There is no room “${room ?? ''}”.`);
        await this.saved();
        return [200, { dismissed: room }];
      }
      case 'DELETE rooms/3': {
        if (users !== 'users' || !user || !room) break;
        const ban = Number(url.searchParams.get('ban') ?? 0);
        if (!(ban >= 0 && ban <= 31_536_000))
          throw new HttpError(400, 'ban must be a number of seconds.');
        const here = this.service.removeUser(room, user, ban);
        await this.saved();
        const there = (await this.livekit?.removeUser(room, user)) ?? 0;
        return [200, { removed: here + there }];
      }
      case 'POST tokens/0': {
        const { provider: of, ...wanted } = await readBody(request, tokenBody);
        return [201, await (of === 'livekit' ? this.#needLiveKit() : this.tokens).mint(wanted)];
      }
    }
    throw new HttpError(404, `There is no ${method} ${url.pathname}.`);
  }

  /** What `token-url` asks. Who the user is says the site, never the body. */
  async #token(request: IncomingMessage): Promise<[number, unknown, Record<string, string>?]> {
    const { appId, userId, ...rest } = await readBody(request, askBody);
    const ask: TokenAsk = { ...rest, ...(appId && { appId }), ...(userId && { userId }) };
    const who = await this.#who(request, ask);
    if (!who) throw new HttpError(401, 'Sign in to join the room.');
    if ('waiting' in who) {
      return [
        202,
        { waiting: true },
        { 'retry-after': String(Math.max(1, Math.round(who.waiting))) },
      ];
    }
    if (ask.provider === 'livekit') return [200, await this.#needLiveKit().answer(ask, who)];
    const link = ask.reason === 'link';
    const highest = link ? 'audience' : (who.userRole ?? 'anchor');
    const { userId: user, userData, moderator } = who;
    // No back end but our own is asked about bans when somebody joins: their tokens are all there is.
    if (ask.provider !== 'embedded' && this.service.bans.refuses(ask.roomId, user, undefined))
      throw new RoomError('forbidden', 'You were removed from this room.', 'banned');
    const minted = await this.#minter(ask.provider).mint({
      room: ask.roomId,
      user,
      role: highest,
      link,
      ...(moderator && !link && { moderator }),
      ...(userData !== undefined && { userData }),
    });
    const userRole = ask.userRole === 'anchor' ? highest : ask.userRole;
    return [
      200,
      { ...minted, userId: user, userRole, ...(userData !== undefined && { userData }) },
    ];
  }

  #minter(provider: string): Pick<TokenMinter, 'mint'> {
    const minter = provider === 'embedded' ? this.tokens : this.settings.minters.get(provider);
    if (minter) return minter;
    throw new HttpError(404, `This server issues no tokens for provider="${provider}".`);
  }

  async #who(request: IncomingMessage, ask: TokenAsk): Promise<Authenticated> {
    const { authenticate, dev } = this.settings;
    if (authenticate) return authenticate(request, ask);
    if (!dev) throw new HttpError(404, 'This server issues no tokens: it has no `authenticate`.');
    return { userId: ask.userId ?? `guest-${this.randomId().slice(0, 6)}` };
  }

  #needLiveKit(): LiveKit {
    if (this.livekit) return this.livekit;
    throw new HttpError(404, 'This server knows no LiveKit: give it the option livekit.');
  }

  #authorize({ headers }: IncomingMessage): void {
    const { adminKey } = this.settings;
    if (adminKey === undefined)
      throw new HttpError(404, 'The HTTP API is off: start the server with an admin key.');
    const given = headers.authorization?.replace(/^Bearer /i, '') ?? '';
    if (!timingSafeEqual(digest(given), digest(adminKey))) {
      throw new HttpError(401, 'The HTTP API needs its key: Authorization: Bearer …', {
        'www-authenticate': 'Bearer',
      });
    }
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

async function readBody<S extends v.GenericSchema>(
  request: IncomingMessage,
  schema: S,
): Promise<v.InferOutput<S>> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new HttpError(415, 'Send JSON, with content-type: application/json.');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new HttpError(413, 'The body is too large.');
    chunks.push(chunk);
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new HttpError(400, 'The body is not valid JSON.');
  }
  const result = v.safeParse(schema, body);
  if (result.success) return result.output;
  throw new HttpError(400, describeIssue(result.issues[0]));
}

function toHttp(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof RoomError) {
    const statuses: Partial<Record<ErrorCode, number>> = { 'room-full': 503, forbidden: 403 };
    return new HttpError(statuses[error.code] ?? 400, error.message);
  }
  if (error instanceof UpstreamError) return new HttpError(503, error.message);
  return new HttpError(500, 'Something failed inside the server.');
}

function write(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
