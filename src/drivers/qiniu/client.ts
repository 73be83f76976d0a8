import type { QNRTCConfig } from 'qnweb-rtc';
import { settle, throwIfAborted } from '../../core/async.js';
import { aborted, RtcError, toRtcError } from '../../core/errors.js';
import type {
  Client,
  ClientConfig,
  ClientEvent,
  ClientListener,
  Credentials,
  JoinRequest,
  JoinResult,
  Publication,
  StreamType,
  Subscription,
  UserRole,
} from '../driver.js';
import { Departures } from './departures.js';
import { endingOf, fromJoin, fromVendor } from './errors.js';
import { RemoteSide } from './incoming.js';
import { Monitor } from './monitor.js';
import { Outgoing } from './outgoing.js';
import { readRoomToken, type RoomTokenClaims } from './room-token.js';
import {
  configure,
  loadSdk,
  signalingOf,
  type Disconnection,
  type Sdk,
  type SdkClient,
} from './sdk.js';
import { readStats } from './stats.js';

/** Milliseconds for a join: Qiniu's SDK has no limit of its own. */
const PATIENCE = 15_000;

const MODES = { rtc: 'RTC', live: 'LIVE' } as const;
const ROLES = { anchor: 'BROADCASTER', audience: 'AUDIENCE' } as const;

/** “Removed by the server” comes without a code; this is the signalling's. */
const KICKED_OUT = 10006;
const LOST = 10004;

const departures = new Departures();

function codeOf({ reason, errorCode }: Partial<Disconnection> = {}): number | undefined {
  return reason === 'KICKED_OUT' ? KICKED_OUT : errorCode;
}

/** What there is from the SDK's client on. */
interface Stay {
  client: SdkClient;
  remote: RemoteSide;
  outgoing: Outgoing;
  claims: RoomTokenClaims;
}

/** A stay in one room of Qiniu's cloud. */
export class QiniuClient implements Client {
  #stay: Stay | undefined;
  #monitor: Monitor | undefined;
  #levels = false;
  #role: UserRole = 'anchor';
  #joined = false;
  /** The SDK's promise, until it settles. */
  #joining: Promise<void> | undefined;
  readonly #end = new AbortController();
  /** The disconnection that came while joining. */
  #refused: Partial<Disconnection> | undefined;
  #online = Promise.resolve();
  #connected: () => void = () => undefined;

  constructor(
    private readonly config: ClientConfig,
    private readonly options: Required<QNRTCConfig>,
    private readonly listener: ClientListener,
  ) {}

  /** The SDK's `QNRTCClient`, once there is one. */
  get native(): unknown {
    return this.#stay?.client ?? null;
  }

  /** Loads the SDK while the token is asked for; a failure is the join's to tell. */
  warm(): void {
    void loadSdk(this.config, new AbortController().signal).catch(() => undefined);
  }

  async join(request: JoinRequest, signal: AbortSignal): Promise<JoinResult> {
    try {
      throwIfAborted(signal);
      const { token, userId = this.config.userId } = request.credentials;
      const claims = readRoomToken(token, { ...this.config, userId });
      const sdk = await loadSdk(this.config, signal);
      await settle(departures.room(), { signal, ms: PATIENCE, what: 'Qiniu' });
      if (this.#over) throw aborted();
      const stay = this.#create(sdk, claims, request);
      const started = Date.now();
      this.#joining = this.#enter(stay, token ?? '', request).finally(() => {
        this.#joining = undefined;
      });
      const entered = this.#joining.catch((error: unknown) => {
        const late = Date.now() - started >= this.options.requestTimeout;
        throw fromJoin(error, codeOf(this.#refused), late);
      });
      await settle(entered, { signal, ms: PATIENCE, what: 'Qiniu' });
      if (this.#over) throw aborted();
      // Let in and put out again, before the SDK's promise has settled.
      if (this.#refused) {
        throw fromVendor(this.#refused, 'Joining', codeOf(this.#refused) ?? LOST);
      }
      return this.#start(stay, request);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  async leave(): Promise<void> {
    // Its own promise waits for nothing but a microtask; the signalling has said goodbye by then.
    this.destroy();
    return Promise.resolve();
  }

  destroy(): void {
    if (this.#over) return;
    this.#end.abort();
    this.#connected();
    this.#monitor?.stop();
    if (!this.#stay) return;
    const { client, remote, outgoing } = this.#stay;
    remote.stop();
    outgoing.destroy();
    departures.leave(client, this.#joining);
  }

  async switchRole(role: UserRole, _: Credentials, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const { outgoing } = this.#need();
    if (role === 'audience') await outgoing.clear(signal);
    await settle(this.#online, { signal });
    await this.#setRole(role);
    this.#role = role;
  }

  async publish(publication: Publication, signal: AbortSignal): Promise<void> {
    await this.#need().outgoing.publish(publication, signal);
  }

  async unpublish(type: StreamType, signal: AbortSignal): Promise<void> {
    await this.#need().outgoing.unpublish(type, signal);
  }

  async subscribe(streamId: string, wanted: Subscription, signal: AbortSignal): Promise<void> {
    await this.#need().remote.subscribe(streamId, wanted, signal);
  }

  async unsubscribe(streamId: string, signal: AbortSignal): Promise<void> {
    await this.#stay?.remote.unsubscribe(streamId, signal);
  }

  /** Qiniu confirms no message: this one is on its way. */
  async sendMessage(data: string, to?: readonly string[]): Promise<void> {
    const { client } = this.#need();
    const users = to?.flatMap((userId) => client.getRemoteUser(userId) ?? []);
    // An empty list is everybody to the SDK.
    if (users?.length === 0) return;
    // It makes an id of its own for an empty one.
    await this.#asked(client.sendMessage('', data, users), 'Sending');
  }

  async kick(userId: string): Promise<void> {
    const { client, claims } = this.#need();
    if (claims.permission !== 'admin') {
      throw new RtcError('forbidden', 'Only a RoomToken with the permission admin removes users.', {
        provider: 'qiniu',
      });
    }
    await this.#asked(client.kickOutUser(userId), 'Removing a user');
  }

  /** Rates of what is sent and received; see stats.ts. */
  async getStats(): Promise<RTCStatsReport[]> {
    const { outgoing, remote } = this.#need();
    return Promise.resolve(readStats(outgoing.sent, remote.streams));
  }

  setAudioLevels(wanted: boolean): void {
    this.#levels = wanted;
    if (this.#monitor) this.#monitor.levels = wanted;
  }

  #create(sdk: Sdk, claims: RoomTokenClaims, { subscribe }: JoinRequest): Stay {
    configure(sdk, this.options);
    // Mode and role fall back on every leave, and a join that hangs stays: so each has its own.
    const client = sdk.createClient();
    const online = (): Promise<void> => this.#online;
    const remote = new RemoteSide(client, this.config.mode, subscribe, online);
    const outgoing = new Outgoing(sdk, client, online);
    this.#stay = { client, remote, outgoing, claims };
    this.#listen(client, remote, claims.userId);
    return this.#stay;
  }

  async #enter({ client }: Stay, token: string, { role, userData }: JoinRequest): Promise<void> {
    const { mode } = this.config;
    await client.setClientMode(MODES[mode]);
    if (mode === 'live') await client.setClientRole(ROLES[role]);
    if (this.#over) throw aborted();
    await client.join(token, userData);
  }

  #start({ client, remote, outgoing, claims }: Stay, { role, userData }: JoinRequest): JoinResult {
    const { userId } = claims;
    const emit = (event: ClientEvent): void => this.#emit(event);
    this.#joined = true;
    this.#role = role;
    this.#monitor = new Monitor({ client, userId, remote, outgoing }, emit);
    this.#monitor.levels = this.#levels;
    const result: JoinResult = {
      userId,
      role,
      userData,
      users: remote.users,
      streams: remote.infos,
      published: [],
    };
    remote.start(emit);
    // The SDK fails at this, and tells nothing, while it waits for anything that it subscribes to.
    signalingOf(client)?.on?.('receive', (type, { playerid }) => {
      if (type === 'on-player-out' && playerid) remote.userLeft(playerid);
    });
    this.#monitor.start();
    return result;
  }

  #listen(client: SdkClient, remote: RemoteSide, self: string): void {
    client.on('connection-state-changed', (state, info) => this.#stateChanged(state, info));
    client.on('user-joined', (userId, userData) => {
      if (userId !== self) remote.userJoined(userId, userData);
    });
    client.on('user-left', (userId) => remote.userLeft(userId));
    client.on('user-published', (_, tracks) => remote.published(tracks));
    client.on('user-unpublished', (_, tracks) => remote.unpublished(tracks));
    client.on('message-received', ({ ID: id, userID: from, content: data, timestamp }) => {
      if (from !== self) this.#emit({ type: 'message', id, from, data, timestamp });
    });
  }

  #stateChanged(state: string, info?: Disconnection): void {
    if (this.#over) return;
    switch (state) {
      case 'DISCONNECTED':
        return this.#disconnected(info);
      case 'RECONNECTING':
        this.#online = new Promise((resolve) => {
          this.#connected = resolve;
        });
        return this.#emit({ type: 'reconnecting' });
      case 'RECONNECTED':
        this.#restoreRole();
        this.#connected();
        this.#online = Promise.resolve();
        return this.#emit({ type: 'reconnected' });
    }
  }

  /** The SDK comes back with the rights that it joined with, whatever was switched since. */
  #restoreRole(): void {
    if (this.config.mode !== 'live' || !this.#joined) return;
    this.#setRole(this.#role).catch((error: unknown) => {
      this.#emit({ type: 'error', error: toRtcError(error) });
    });
  }

  #setRole(role: UserRole): Promise<void> {
    return this.#asked(this.#need().client.setClientRole(ROLES[role]), 'The role switch');
  }

  #disconnected(info: Partial<Disconnection> = {}): void {
    if (!this.#joined) {
      // Told by the join's promise, which the code explains.
      this.#refused = info;
      return;
    }
    this.destroy();
    this.listener({ type: 'ended', ...endingOf(codeOf(info)) });
  }

  /** Also while joining: messages come before the SDK's promise settles, and the core keeps them. */
  #emit(event: ClientEvent): void {
    if (!this.#over) this.listener(event);
  }

  /** The SDK's answer; none comes any more once the room is left. */
  async #asked<T>(answer: Promise<T>, what: string): Promise<T> {
    try {
      return await settle(answer, { signal: this.#end.signal });
    } catch (error) {
      throw fromVendor(error, what);
    }
  }

  get #over(): boolean {
    return this.#end.signal.aborted;
  }

  #need(): Stay {
    if (!this.#stay || this.#over) throw aborted();
    return this.#stay;
  }
}
