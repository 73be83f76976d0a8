import type { DisconnectReason, RemoteParticipant, Room } from 'livekit-client';
import { settle, throwIfAborted } from '../../core/async.js';
import { RtcError, toRtcError } from '../../core/errors.js';
import type {
  Client,
  ClientEvent,
  ClientListener,
  Credentials,
  EndReason,
  JoinRequest,
  JoinResult,
  Publication,
  StreamType,
  Subscription,
  UserRole,
} from '../driver.js';
import { Connection, type ConnectionHost } from './connection.js';
import { statistics } from './engine.js';
import { fromLivekit, leftReason, noAddress, notAllowed } from './errors.js';
import { listen, type RoomListener } from './events.js';
import { metadataOf, userDataOf, userIdOf } from './identity.js';
import { receive } from './incoming.js';
import { encode, TOPIC } from './messages.js';
import { removeParticipants } from './moderation.js';
import { Monitor } from './monitor.js';
import { Outgoing } from './outgoing.js';
import { grantOf, Permission, roomOf } from './permission.js';
import { releaseRoom, takeRoom } from './rooms.js';
import { Roster } from './roster.js';

/** Milliseconds for an answer. */
const PATIENCE = 10_000;
/** Milliseconds in which the others may come back too, before they are told to have left. */
const RETURN = 5_000;

export interface Options {
  roomId: string;
  iceTransportPolicy: RTCIceTransportPolicy;
}

/** What hangs on one Room during one stay. */
interface Parts {
  room: Room;
  connection: Connection;
  roster: Roster;
  outgoing: Outgoing;
  permission: Permission;
  unlisten(): void;
}

/** A stay in one room of LiveKit. A link is one too: a second Room, under an identity of its own. */
export class LivekitClient implements Client, RoomListener, ConnectionHost {
  #room: Room | null = null;
  #parts: Parts | null = null;
  #monitor: Monitor;
  #returning: ReturnType<typeof setTimeout> | undefined;
  #poked = false;
  #over = false;
  #released: Promise<void> = Promise.resolve();
  readonly #gone = new AbortController();

  constructor(
    private readonly addresses: readonly string[],
    private readonly options: Options,
    private readonly listener: ClientListener,
  ) {
    this.#monitor = new Monitor(
      {
        reports: () => this.getStats(),
        expected: () => this.#parts?.roster.expected ?? [],
        microphone: () => this.#parts?.outgoing.microphone,
        userId: () => this.#userId,
        silent: () => void this.#parts?.connection.silent(),
      },
      (event) => this.emit(event),
    );
  }

  /** livekit-client's Room, to look at. */
  get native(): Room | null {
    return this.#room;
  }

  get #userId(): string {
    return this.#room ? userIdOf(this.#room.localParticipant) : '';
  }

  warm(): void {
    if (!this.#over) this.#room ??= takeRoom();
  }

  async join(request: JoinRequest, signal: AbortSignal): Promise<JoinResult> {
    try {
      throwIfAborted(signal);
      if (!this.addresses.length) throw noAddress();
      this.warm();
      const room = this.#room;
      const { token } = request.credentials;
      if (!room) throw new RtcError('state', 'The client has ended; make another.');
      if (!token) {
        throw new RtcError('auth', 'LiveKit needs a token: set token-url, tokenSource or token.');
      }
      const { roomId } = this.options;
      // LiveKit goes by the token alone.
      const named = roomOf(token) ?? roomId;
      if (named !== roomId) {
        throw new RtcError('auth', `This token is for the room ${named}; ${roomId} needs its own.`);
      }
      const parts = (this.#parts = this.#assemble(room, request));
      parts.connection.token = token;
      await parts.connection.join(signal);
      throwIfAborted(signal);
      return this.#start(parts, request);
    } catch (error) {
      this.destroy();
      throw fromLivekit(error);
    }
  }

  leave(): Promise<void> {
    this.destroy();
    return this.#released;
  }

  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    this.#gone.abort();
    this.#monitor.stop();
    clearTimeout(this.#returning);
    this.#parts?.connection.stop();
    this.#parts?.permission.stop();
    this.#parts?.outgoing.close();
    this.#parts?.unlisten();
    if (this.#room) this.#released = releaseRoom(this.#room, !!this.#parts);
    this.#room = this.#parts = null;
  }

  async switchRole(role: UserRole, { token }: Credentials, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const { permission, outgoing, connection } = this.#inside;
    const renewed = !!token && token !== connection.token;
    connection.token = token ?? connection.token;
    const before = permission.role;
    permission.role = role;
    try {
      if (role === 'audience') {
        await Promise.all([outgoing.unpublish('main'), outgoing.unpublish('auxiliary')]);
        outgoing.forget();
      }
      // Nothing will take a grant away that came with a token for good: then it is not used.
      const granted = (role === 'audience' && !renewed) || (await permission.wait(role, signal));
      throwIfAborted(signal);
      if (!granted && renewed && grantOf(token) === role) await connection.renew();
      if (role === 'anchor' && permission.granted !== role) {
        throw notAllowed('This token does not allow to publish (canPublish).');
      }
    } catch (error) {
      permission.role = before;
      throw fromLivekit(error);
    }
  }

  async publish(publication: Publication, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    // What is received comes first.
    await this.#flowing(signal);
    await this.#inside.outgoing.publish(publication).catch(rethrow);
  }

  async unpublish(type: StreamType, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    await this.#inside.outgoing.unpublish(type).catch(rethrow);
  }

  // Rejects rather than throws.
  // eslint-disable-next-line @typescript-eslint/require-await
  async subscribe(streamId: string, wanted: Subscription, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const { roster } = this.#inside;
    if (!roster.has(streamId)) {
      throw new RtcError('stream-gone', 'The stream is no longer published.');
    }
    roster.want(streamId, wanted);
    this.#sync();
  }

  async unsubscribe(streamId: string, signal: AbortSignal): Promise<void> {
    if (!this.#parts?.roster.has(streamId)) return;
    await this.subscribe(streamId, { audio: false, video: false }, signal);
  }

  async kick(userId: string): Promise<void> {
    const { room, connection } = this.#inside;
    const { address, token } = connection;
    const theirs = [...room.remoteParticipants.values()].filter(
      (participant) => userIdOf(participant) === userId,
    );
    await removeParticipants(
      { address, token, room: room.name },
      theirs.map(({ identity }) => identity),
    );
  }

  async sendMessage(data: string, to?: readonly string[]): Promise<void> {
    const { room } = this.#inside;
    const payload = encode(data);
    // An empty list would mean everybody to LiveKit.
    if (to && !to.length) return;
    if (room.localParticipant.permissions?.canPublishData === false) {
      throw notAllowed('This token does not allow to send messages (canPublishData).');
    }
    await this.#flowing();
    await this.#answer(
      room.localParticipant.publishData(payload, {
        reliable: true,
        topic: TOPIC,
        destinationIdentities: to && [...to],
      }),
    );
  }

  async setUserData(userData: string): Promise<void> {
    await this.#answer(this.#inside.room.localParticipant.setMetadata(metadataOf(userData)));
  }

  updateToken({ token }: Credentials): Promise<void> {
    const connection = this.#parts?.connection;
    if (connection && token) connection.token = token;
    return Promise.resolve();
  }

  setAudioLevels(wanted: boolean): void {
    this.#monitor.levels(wanted && !this.#over);
  }

  async getStats(): Promise<RTCStatsReport[]> {
    return this.#room ? statistics(this.#room) : [];
  }

  // What the Room tells.

  emit(event: ClientEvent): void {
    if (!this.#over) this.listener(event);
  }

  signalled(): void {
    this.#parts?.connection.signalled();
    this.#receive();
  }

  changed(): void {
    // Once for all that one message brings, and after the word that the Room begins anew.
    if (this.#poked) return;
    this.#poked = true;
    queueMicrotask(() => {
      this.#poked = false;
      this.#sync();
    });
  }

  left({ identity }: RemoteParticipant, reason?: DisconnectReason): void {
    this.#parts?.roster.reasons.set(identity, leftReason(reason));
  }

  permitted(): void {
    if (this.#parts?.connection.settled) this.#parts.permission.changed();
  }

  refused({ identity }: RemoteParticipant): void {
    const error = notAllowed('This token does not allow to receive streams (canSubscribe).');
    for (const { id } of this.#parts?.roster.streams ?? []) {
      if (id.startsWith(`${identity}/`)) this.emit({ type: 'stream-health', streamId: id, error });
    }
  }

  dropped(): void {
    this.#parts?.connection.interrupted();
  }

  restored(): void {
    this.#parts?.connection.restored();
  }

  disconnected(reason?: DisconnectReason): void {
    this.#parts?.connection.disconnected(reason);
  }

  // What becomes of the connection.

  interrupted(): void {
    this.emit({ type: 'reconnecting' });
  }

  back(told: boolean): void {
    this.#monitor.reset();
    clearTimeout(this.#returning);
    this.#returning = setTimeout(() => {
      this.#returning = undefined;
      this.#sync();
    }, RETURN);
    if (told) this.emit({ type: 'reconnected' });
    this.#sync();
    this.#parts?.permission.check();
  }

  restore(): void {
    this.#parts?.outgoing
      .restore()
      .catch((error: unknown) => this.failed(toRtcError(fromLivekit(error))));
  }

  failed(error: RtcError): void {
    this.emit({ type: 'error', error });
  }

  ended(reason: EndReason, message: string): void {
    if (this.#over) return;
    this.destroy();
    this.listener({ type: 'ended', reason, message });
  }

  // The work.

  get #inside(): Parts {
    if (this.#parts?.connection.joined) return this.#parts;
    throw new RtcError('state', 'The client is not in the room.');
  }

  #assemble(room: Room, { subscribe }: JoinRequest): Parts {
    const { localParticipant, remoteParticipants } = room;
    const outgoing = new Outgoing(localParticipant);
    const { iceTransportPolicy } = this.options;
    const connection = new Connection(
      room,
      this.addresses,
      {
        // Where everything is wanted, the node's first answer brings it: no second exchange.
        autoSubscribe: subscribe.audio && subscribe.video && !subscribe.only,
        rtcConfig: iceTransportPolicy === 'relay' ? { iceTransportPolicy } : undefined,
      },
      this.#gone.signal,
      this,
    );
    return {
      room,
      connection,
      outgoing,
      roster: new Roster(remoteParticipants, subscribe, (event) => this.emit(event)),
      permission: new Permission(localParticipant, (role) => {
        if (role === 'audience') outgoing.forget();
        this.emit({ type: 'role', role });
      }),
      unlisten: listen(room, this),
    };
  }

  #start(
    { room, roster, permission }: Parts,
    { role, userData, credentials }: JoinRequest,
  ): JoinResult {
    permission.role = role === 'anchor' ? permission.granted : 'audience';
    this.#monitor.start();
    const known = userDataOf(room.localParticipant);
    if (userData && userData !== known) {
      this.setUserData(userData).catch((error: unknown) =>
        this.emit({ type: 'error', error: toRtcError(error) }),
      );
    }
    const there = roster.begin();
    this.#sync();
    return {
      ...there,
      userId: credentials.userId ?? this.#userId,
      role: permission.role,
      userData: userData || known,
      published: [],
    };
  }

  readonly #receive = (): void => {
    const { roster } = this.#parts ?? {};
    roster?.streams.forEach((stream) => receive(stream, roster.wanted(stream), this.#receive));
  };

  /** Brings what is received to what is wanted, and tells what is different. */
  #sync(): void {
    if (!this.#parts?.connection.settled) return;
    this.#receive();
    this.#parts.roster.sync(!this.#returning);
  }

  async #flowing(wanted?: AbortSignal): Promise<void> {
    const signals = [this.#gone.signal, wanted ?? []].flat();
    await settle(this.#inside.connection.media, {
      signal: AbortSignal.any(signals),
      ms: PATIENCE,
      what: 'LiveKit’s port for media',
    });
  }

  async #answer(asked: Promise<void>): Promise<void> {
    const { signal } = this.#gone;
    await settle(asked, { signal, ms: PATIENCE, what: 'LiveKit' }).catch(rethrow);
  }
}

function rethrow(error: unknown): never {
  throw fromLivekit(error);
}
