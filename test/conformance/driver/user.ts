/** Clients of one driver in one page, as src/core would use them, and what they were told. */
import type {
  Client,
  ClientConfig,
  ClientEvent,
  Credentials,
  Driver,
  JoinResult,
  Publication,
  StreamInfo,
  UserInfo,
  UserRole,
} from '../../../src/drivers/driver.js';
import type { Capability } from '../backend.js';

const PATIENCE = 20_000;
/** Milliseconds in which what must not come would have come. */
const QUIET = 400;

/** What a driver needs to be tried: itself, and who may enter. */
export interface Plug {
  driver: Driver;
  lacks: readonly Capability[];
  /** `refused`: with a credential that the back end does not take. */
  admit(
    userId: string,
    role: UserRole,
    reason: 'join' | 'role',
    refused: boolean,
  ): Promise<{ config: Partial<ClientConfig>; credentials: Credentials }>;
}

async function until(what: string, ask: () => unknown): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!ask()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A client, and the room as its events tell it. */
export class User {
  readonly events: ClientEvent[] = [];
  readonly users = new Map<string, UserInfo>();
  readonly streams = new Map<string, StreamInfo>();
  readonly tracks = new Map<string, MediaStreamTrack | null>();
  readonly client: Client;
  result: JoinResult | null = null;

  constructor(
    driver: Driver,
    readonly userId: string,
    config: ClientConfig,
    readonly credentials: Credentials,
    private readonly media: MediaStream,
  ) {
    this.client = driver.createClient(config, (event) => this.#heard(event));
  }

  get messages(): string[] {
    return this.events.flatMap((event) => (event.type === 'message' ? event.data : []));
  }

  /** The main stream of a user, as announced. */
  streamOf(userId: string): StreamInfo | undefined {
    return [...this.streams.values()].find(
      (stream) => stream.userId === userId && stream.type === 'main',
    );
  }

  /** Which kinds of a stream's media are here, such as `audio video`. */
  live(streamId: string): string {
    return (['audio', 'video'] as const)
      .filter((kind) => this.tracks.get(`${streamId} ${kind}`)?.readyState === 'live')
      .join(' ');
  }

  publication(change: Partial<Publication> = {}): Publication {
    return {
      type: 'main',
      hasAudio: true,
      hasVideo: true,
      audio: this.media.getAudioTracks()[0] ?? null,
      video: this.media.getVideoTracks()[0] ?? null,
      audioMuted: false,
      videoMuted: false,
      audioProfile: 'speech',
      width: 160,
      height: 120,
      frameRate: 10,
      ...change,
    };
  }

  until(what: string, ask: () => unknown): Promise<void> {
    return until(`${this.userId}: ${what}`, ask).catch((error: unknown) => {
      const types = this.events.map(({ type }) => type).join(', ');
      throw new Error(`${String(error)}; it was told: ${types}`, { cause: error });
    });
  }

  entered(result: JoinResult): void {
    this.result = result;
    // An event may come before the join settles.
    for (const user of result.users) if (!this.#left.has(user.id)) this.users.set(user.id, user);
    for (const stream of result.streams)
      if (!this.#left.has(stream.id)) this.streams.set(stream.id, stream);
  }

  /** Ids that went before the join settled. */
  readonly #left = new Set<string>();

  #heard(event: ClientEvent): void {
    this.events.push(event);
    switch (event.type) {
      case 'user-joined':
      case 'user-updated':
        this.users.set(event.user.id, event.user);
        break;
      case 'user-left':
        this.users.delete(event.id);
        this.#left.add(event.id);
        break;
      case 'stream-added':
      case 'stream-updated':
        this.streams.set(event.stream.id, event.stream);
        break;
      case 'stream-removed':
        this.streams.delete(event.streamId);
        this.#left.add(event.streamId);
        break;
      case 'track':
        this.tracks.set(`${event.streamId} ${event.kind}`, event.track);
        break;
    }
  }
}

/** What a case works at: it makes users, and sees to it that they are gone after. */
export class Desk {
  readonly never = new AbortController().signal;
  readonly lacks: readonly Capability[];
  readonly #users: User[] = [];
  readonly #media = new Map<string, MediaStream>();

  constructor(private readonly plug: Plug) {
    this.lacks = plug.lacks;
  }

  /** Sockets and connections that are open in this page. */
  acquired(): number {
    const { sockets, peers } = window.e2e.live();
    return sockets + peers;
  }

  /** All that was captured is live. */
  capturing(): boolean {
    return [...this.#media.values()]
      .flatMap((media) => media.getTracks())
      .every(({ readyState }) => readyState === 'live');
  }

  async create(
    userId: string,
    { role = 'anchor', refused = false }: { role?: UserRole; refused?: boolean } = {},
  ): Promise<User> {
    const media =
      this.#media.get(userId) ??
      (await navigator.mediaDevices.getUserMedia({
        audio: true,
        video: { width: 160, height: 120, frameRate: 10 },
      }));
    this.#media.set(userId, media);
    const { config, credentials } = await this.plug.admit(userId, role, 'join', refused);
    const whole = { roomId: '8888', mode: 'live' as const, link: false, userId, options: {} };
    const user = new User(this.plug.driver, userId, { ...whole, ...config }, credentials, media);
    this.#users.push(user);
    return user;
  }

  async enter(user: User, role: UserRole, signal: AbortSignal): Promise<void> {
    user.client.warm?.();
    const publications = role === 'anchor' ? [user.publication()] : [];
    const { credentials } = user;
    const subscribe = { audio: false, video: false };
    const request = { credentials, role, userData: '', publications, subscribe };
    const result = await user.client.join(request, signal);
    user.entered(result);
    // As the core does with what the join did not take.
    for (const publication of publications)
      if (!result.published.includes(publication.type))
        await user.client.publish(publication, signal);
  }

  async join(userId: string, role: UserRole = 'anchor'): Promise<User> {
    const user = await this.create(userId, { role });
    await this.enter(user, role, this.never);
    return user;
  }

  async switchRole(user: User, role: UserRole): Promise<void> {
    const { credentials } = await this.plug.admit(user.userId, role, 'role', false);
    await user.client.switchRole(role, credentials, this.never);
  }

  until(what: string, ask: () => unknown): Promise<void> {
    return until(what, ask);
  }

  quiet(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, QUIET));
  }

  async end(): Promise<void> {
    for (const { client } of this.#users) {
      await client.leave();
      client.destroy();
    }
    for (const media of this.#media.values()) for (const track of media.getTracks()) track.stop();
  }
}
