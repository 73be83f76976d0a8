import type * as Sdk from 'livekit-server-sdk';
import type { ParticipantInfo, RoomServiceClient } from 'livekit-server-sdk';
import type { UserRole } from '../drivers/driver.js';
import type { PublishedStreams } from '../protocol/messages.js';
import { grantOf, identify, linkIdentity, permissionOf, USER_ATTRIBUTE } from './livekit-grants.js';
import type { LiveKitSettings, LiveKitToken } from './livekit-options.js';
import type { Bans } from './memory.js';
import type { Settings, TokenAsk } from './options.js';
import { RoomError, UpstreamError } from './room-error.js';
import type { RoomInfo } from './room-service.js';
import type { TokenRequest } from './tokens.js';

/** Seconds for one call. */
const PATIENCE = 5;
/** LiveKit cannot take a token back: so none lives longer, in seconds. Pages renew theirs. */
const LONGEST_LIFE = 600;
/** Rooms asked for their participants at once. */
const AT_ONCE = 16;

/** Rooms and tokens of LiveKit, through the optional package `livekit-server-sdk`. */
export class LiveKit {
  #loading: Promise<typeof Sdk> | undefined;
  #clients: RoomServiceClient[] | undefined;

  constructor(
    private readonly livekit: LiveKitSettings,
    private readonly settings: Pick<Settings, 'timers' | 'tokenLife'>,
    private readonly bans: Pick<Bans, 'refuses'>,
    private readonly now: () => number,
    private readonly importSdk: () => Promise<typeof Sdk> = () => import('livekit-server-sdk'),
  ) {}

  /** @throws Error in words when the package is not installed */
  async load(): Promise<void> {
    await this.#sdk();
  }

  /**
   * A token with the grants of a role. It carries the room's timers too: the join that opens the
   * room sets them, without a question to the server before.
   * @throws RoomError `forbidden` while the user is banned
   */
  async mint(request: TokenRequest): Promise<LiveKitToken> {
    const { room, user, role = 'anchor', link, moderator, userData } = request;
    if (identify(user).link) {
      throw new RoomError('argument', `The user id “${user}” ends as those of links do.`);
    }
    if (this.bans.refuses(room, user, undefined)) {
      throw new RoomError('forbidden', 'You were removed from this room.', 'banned');
    }
    const { AccessToken, RoomConfiguration } = await this.#sdk();
    const life = request.life ?? Math.min(this.settings.tokenLife, LONGEST_LIFE);
    const expiresAt = (Math.floor(this.now() / 1000) + life) * 1000;
    const token = new AccessToken(this.livekit.key, this.livekit.secret, {
      identity: link ? linkIdentity(user) : user,
      ttl: life,
      ...(userData !== undefined && { metadata: userData }),
      ...(link && { attributes: { [USER_ATTRIBUTE]: user } }),
    });
    token.addGrant({
      ...grantOf(room, role, link),
      ...(moderator && !link && { roomAdmin: true }),
    });
    token.roomConfig = new RoomConfiguration(this.#timeouts);
    return { token: await token.toJwt(), url: this.livekit.url, expiresAt };
  }

  /**
   * What `token-url` is answered. With the reason `role` the participant's grants change at once.
   * @throws RoomError `forbidden`, UpstreamError
   */
  async answer(
    ask: TokenAsk,
    who: { userId: string; userRole?: UserRole; userData?: string; moderator?: boolean },
  ): Promise<Record<string, unknown>> {
    const { roomId: room, reason } = ask;
    const { userId: user, userRole: highest = 'anchor', userData, moderator } = who;
    const link = reason === 'link';
    if (reason === 'role' && ask.userRole === 'anchor' && highest === 'audience') {
      throw new RoomError('forbidden', 'This user may not become an anchor.');
    }
    const role = link || highest === 'audience' ? 'audience' : ask.userRole;
    const minted = await this.mint({
      room,
      user,
      role,
      link,
      ...(moderator && { moderator }),
      ...(userData !== undefined && { userData }),
    });
    if (reason === 'role') await this.#setRole(room, user, role);
    return {
      ...minted,
      userId: user,
      userRole: role,
      ...(userData !== undefined && { userData }),
    };
  }

  /** @returns false when it is open already; its timers are set then too */
  async createRoom(name: string): Promise<boolean> {
    const open = await this.#call((rooms) => rooms.listRooms([name]));
    await this.#call((rooms) => rooms.createRoom({ name, ...this.#timeouts }));
    return open.length === 0;
  }

  async listRooms(): Promise<RoomInfo[]> {
    const names = (await this.#call((rooms) => rooms.listRooms())).map(({ name }) => name);
    const found: (RoomInfo | undefined)[] = [];
    for (let from = 0; from < names.length; from += AT_ONCE) {
      const some = names.slice(from, from + AT_ONCE);
      found.push(...(await Promise.all(some.map((name) => this.#inspect(name)))));
    }
    return found.filter((room) => room !== undefined);
  }

  async getRoom(name: string): Promise<RoomInfo | undefined> {
    const [open] = await this.#call((rooms) => rooms.listRooms([name]));
    return open && this.#inspect(name);
  }

  /** @returns false when there is no such room */
  async dismissRoom(name: string): Promise<boolean> {
    return this.#call((rooms) => wasThere(rooms.deleteRoom(name)));
  }

  /** Removes a user and the user's links. Bans are the caller's to note, before. @returns how many */
  async removeUser(room: string, user: string): Promise<number> {
    const there = await this.#participants(room);
    const theirs = there.filter(({ identity }) => identify(identity).user === user);
    const removed = await Promise.all(
      theirs.map(({ identity }) =>
        this.#call((rooms) => wasThere(rooms.removeParticipant(room, identity))),
      ),
    );
    return removed.filter(Boolean).length;
  }

  /** Nothing when the user is not there: the token says the same at the next join. */
  async #setRole(room: string, user: string, role: UserRole): Promise<void> {
    const permission = permissionOf(role);
    await this.#call((rooms) => wasThere(rooms.updateParticipant(room, user, { permission })));
  }

  async #inspect(room: string): Promise<RoomInfo | undefined> {
    const there = await this.#participants(room);
    return {
      room,
      provider: 'livekit',
      mode: null,
      users: there.filter(({ permission }) => !permission?.hidden).map(toUser),
    };
  }

  async #participants(room: string): Promise<ParticipantInfo[]> {
    let there: ParticipantInfo[] = [];
    await this.#call((rooms) =>
      wasThere(rooms.listParticipants(room).then((list) => (there = list))),
    );
    return there;
  }

  /** In seconds; 0 would mean LiveKit's own. */
  get #timeouts(): { emptyTimeout: number; departureTimeout: number } {
    const { emptyAfterCreate, emptyAfterLeave } = this.settings.timers;
    const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
    return { emptyTimeout: seconds(emptyAfterCreate), departureTimeout: seconds(emptyAfterLeave) };
  }

  #sdk(): Promise<typeof Sdk> {
    this.#loading ??= this.importSdk().catch((cause: unknown) => {
      this.#loading = undefined;
      const missing = (cause as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
      throw missing
        ? new UpstreamError(
            'LiveKit needs the package livekit-server-sdk beside this one: npm install livekit-server-sdk',
          )
        : cause;
    });
    return this.#loading;
  }

  /** Every node in turn, until one answers; that one is asked first from then on. */
  async #call<T>(run: (rooms: RoomServiceClient) => Promise<T>): Promise<T> {
    const { RoomServiceClient } = await this.#sdk();
    const { apiUrls, key, secret } = this.livekit;
    this.#clients ??= apiUrls.map(
      (url) =>
        new RoomServiceClient(url, key, secret, { requestTimeout: PATIENCE, failover: false }),
    );
    const clients = this.#clients;
    for (const client of [...clients]) {
      try {
        const result = await run(client);
        if (clients[0] !== client) clients.unshift(...clients.splice(clients.indexOf(client), 1));
        return result;
      } catch (error) {
        const { status = 503 } = error as { status?: number };
        if (status === 401 || status === 403) {
          throw new UpstreamError('LiveKit refuses the API key. Check its name and its secret.');
        }
        if (status < 500) throw error;
      }
    }
    throw new UpstreamError('LiveKit cannot be reached. Check its address and that it runs.');
  }
}

/** False when the room or the participant of a call is not there (any more). */
async function wasThere(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if ((error as { status?: number }).status === 404) return false;
    throw error;
  }
}

function toUser({ identity, metadata, permission, tracks }: ParticipantInfo): RoomInfo['users'][0] {
  const { user, link } = identify(identity);
  const streams: PublishedStreams = {};
  for (const { source, muted } of tracks) {
    const place = SOURCES[source];
    if (!place) continue;
    const [type, kind] = place;
    streams[type] = { ...streams[type], [kind]: muted ? 'muted' : 'on' };
  }
  return {
    user,
    // LiveKit takes no empty text from a client: the driver writes a blank for none.
    data: metadata === ' ' ? '' : metadata,
    role: permission?.canPublish ? 'anchor' : 'audience',
    link,
    streams,
  };
}

/** By LiveKit's `TrackSource`: camera, microphone, screen, its sound. */
const SOURCES: Partial<Record<number, ['main' | 'auxiliary', 'audio' | 'video']>> = {
  1: ['main', 'video'],
  2: ['main', 'audio'],
  3: ['auxiliary', 'video'],
  4: ['auxiliary', 'audio'],
};
