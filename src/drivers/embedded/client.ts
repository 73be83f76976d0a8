import { settle, throwIfAborted } from '../../core/async.js';
import { aborted, RtcError } from '../../core/errors.js';
import type {
  ClientMessage,
  Connect,
  IceConfig,
  JoinedMessage,
  JoinMessage,
  StreamWish,
} from '../../protocol/messages.js';
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
import { checkText } from './errors.js';
import { Monitor } from './monitor.js';
import { hint, Outgoing, publishedStreams } from './outgoing.js';
import { BUNDLE, park, Peer, type Parked, type PeerHost } from './peer.js';
import { Roster, streamsOf, userOf } from './roster.js';
import { Signalling, socketUrl, type SignallingHost } from './signalling.js';

/** The socket and the answer to a join. */
const PATIENCE = 10_000;
/** Milliseconds for which ICE servers are used again without asking. */
const FRESH = 30_000;
const USER_DATA = 'user-data';

export interface Options {
  iceTransportPolicy: RTCIceTransportPolicy;
  /** Bits per second. */
  uplink: number;
}

/** A stay in one room of our own server: signalling, and a connection with each peer. */
export class EmbeddedClient implements Client, SignallingHost, PeerHost {
  /** The socket and the connections there are now, to look at. */
  readonly native: {
    readonly socket: WebSocket | null;
    readonly peerConnections: RTCPeerConnection[];
  };
  #peers = new Map<string, Peer>();
  readonly #roster = new Roster((event) => this.#emit(event));
  readonly outgoing: Outgoing;
  readonly #wire: Signalling;
  #monitor: Monitor;
  #parked: Parked | undefined;
  #ice: IceConfig = { servers: [], policy: 'all' };
  #iceAt = 0;
  #batch: Map<string, StreamWish> | null = null;
  #sent: Promise<unknown> = Promise.resolve();
  #confirmed = '{}';
  #over = false;

  constructor(
    private readonly config: ClientConfig,
    private readonly options: Options,
    private readonly listener: ClientListener,
  ) {
    const wire = (this.#wire = new Signalling(socketUrl(config.url), this));
    const peers = this.#peers;
    this.native = {
      get socket() {
        return wire.socket;
      },
      get peerConnections() {
        return [...peers.values()].map(({ pc }) => pc);
      },
    };
    this.outgoing = new Outgoing(options.uplink);
    this.#monitor = new Monitor(this.#peers, this.#roster, this.outgoing, (event) =>
      this.#emit(event),
    );
  }

  warm(): void {
    if (this.#over) return;
    this.#wire.open();
    this.#park();
  }

  async join(request: JoinRequest, signal: AbortSignal): Promise<JoinResult> {
    try {
      const joined = await settle(this.#enter(request), {
        signal,
        ms: PATIENCE,
        what: 'The room server',
      });
      throwIfAborted(signal);
      return this.#start(joined, request);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  leave(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  destroy(): void {
    this.#silence();
    for (const peer of this.#peers.values()) peer.close();
    this.#peers.clear();
    this.#parked?.pc.close();
  }

  async switchRole(role: UserRole, credentials: Credentials, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    await this.#wire.request({ t: 'role', role, token: credentials.token });
    this.#roleIs(role);
  }

  publish(publication: Publication, signal: AbortSignal): Promise<void> {
    hint(publication);
    return this.#publish(publication.type, publication, signal);
  }

  unpublish(type: StreamType, signal: AbortSignal): Promise<void> {
    return this.#publish(type, undefined, signal);
  }

  async subscribe(streamId: string, wanted: Subscription, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const found = this.#roster.find(streamId);
    if (!found) throw new RtcError('stream-gone', 'The stream is no longer published.');
    const { wishes } = this.#roster;
    const before = wishes.get(streamId);
    const put = (wish: Subscription | undefined): void => {
      wishes.set(streamId, wish);
      this.#refresh();
    };
    put(wanted);
    const { audio, video, height } = wanted;
    if (!this.#batch) {
      const batch = (this.#batch = new Map<string, StreamWish>());
      this.#sent = Promise.resolve().then(() => {
        this.#batch = null;
        return this.#wire.request({ t: 'subscribe', wishes: [...batch.values()] });
      });
    }
    const batch = this.#batch;
    const wish = { ...found, audio, video, h: height && Math.round(height) };
    batch.set(streamId, wish);
    try {
      await this.#sent.catch((error: unknown) => {
        // One refusal refuses all of them.
        if (batch.size < 2 || wishes.get(streamId) !== wanted) throw error;
        return this.#wire.request({ t: 'subscribe', wishes: [wish] });
      });
    } catch (error) {
      if (wishes.get(streamId) === wanted) put(before);
      throw error;
    }
  }

  async unsubscribe(streamId: string, signal: AbortSignal): Promise<void> {
    if (!this.#roster.find(streamId)) return;
    await this.subscribe(streamId, { audio: false, video: false }, signal);
  }

  async sendMessage(data: string, to?: readonly string[]): Promise<void> {
    await this.#wire.request({
      t: 'message',
      data: checkText('A message', data, 16_384),
      to: to && [...to],
    });
  }

  async kick(user: string): Promise<void> {
    await this.#wire.request({ t: 'kick', user });
  }

  async setUserData(data: string): Promise<void> {
    await this.#wire.request({ t: 'data', data: checkText(USER_DATA, data, 4_096) });
  }

  setAudioLevels(wanted: boolean): void {
    this.#monitor.levels = wanted;
  }

  getStats(): Promise<RTCStatsReport[]> {
    return Promise.all(this.native.peerConnections.map((pc) => pc.getStats()));
  }

  follow(publications: readonly Publication[]): void {
    const all = this.outgoing.publications;
    all.clear();
    for (const one of publications) {
      hint(one);
      all.set(one.type, one);
    }
    this.#send();
  }

  /** Who is received from closes when it has all from elsewhere, as this side does. */
  drained(): Promise<unknown> {
    const from = new Set(this.#roster.received.map(({ session }) => session));
    const only = [...this.#peers.values()].filter(({ connect }) => !from.has(connect.peer));
    return Promise.all(only.map((peer) => peer.gone()));
  }

  // What the wire tells.

  received(message: Parameters<SignallingHost['received']>[0]): void {
    if (this.#over) return;
    switch (message.t) {
      case 'peer-joined':
      case 'peer-updated':
        return this.#refresh(() => this.#roster.set(message.peer));
      case 'peer-left':
        this.outgoing.wanted.delete(message.session);
        for (const [conn, { connect }] of this.#peers)
          if (connect.peer === message.session) this.#disconnect(conn);
        return this.#refresh(() => this.#roster.remove(message.session, message.reason));
      case 'connect':
        return this.#connect(message.connect);
      case 'disconnect':
        return this.#disconnect(message.conn);
      case 'wanted':
        this.outgoing.wanted.set(message.session, message.wishes);
        return this.#send();
      case 'signal':
        return this.#peers.get(message.conn)?.signal(message.signal);
      case 'message':
        return this.#emit({ ...message, type: 'message' });
      case 'role':
        this.#roleIs(message.role);
        return this.#emit({ type: 'role', role: message.role });
      case 'ended':
        return this.lost(message.reason, message.message);
    }
  }

  dropped(): void {
    this.#emit({ type: 'reconnecting' });
  }

  resumed(ice: IceConfig): void {
    this.#iceIs(ice);
    for (const peer of this.#peers.values()) if (!peer.connected) peer.restart();
    this.#monitor.hurry();
    this.#emit({ type: 'reconnected' });
  }

  lost(reason: Extract<ClientEvent, { type: 'ended' }>['reason'], message: string): void {
    if (this.#over) return;
    // Without the server what is connected plays on, until the core has it from elsewhere.
    if (reason === 'connection-lost') this.#silence();
    else this.destroy();
    this.listener({ type: 'ended', reason, message });
  }

  // What a connection asks.

  send(message: ClientMessage): void {
    this.#wire.send(message);
  }

  async fresh(age = FRESH): Promise<RTCConfiguration> {
    // TURN takes a name until the time that it begins with, in seconds.
    const expired = this.#ice.servers.some(
      ({ username = '' }) => parseInt(username) * 1_000 < Date.now() + FRESH,
    );
    if (expired || Date.now() - this.#iceAt > age) {
      const { ice } = await this.#wire.request({ t: 'ice' });
      if (ice) this.#iceIs(ice);
    }
    const { servers: iceServers, policy } = this.#ice;
    const iceTransportPolicy = this.options.iceTransportPolicy === 'relay' ? 'relay' : policy;
    return { ...BUNDLE, iceServers, iceTransportPolicy };
  }

  changed({ pc }: Peer): void {
    // Before the restart that may follow; and it shows whether the socket still lives.
    if (pc.iceConnectionState === 'disconnected') this.fresh().catch(() => undefined);
    this.#refresh();
  }

  // The work.

  #silence(): void {
    this.#over = true;
    this.#wire.close();
    this.#monitor.stop();
  }

  async #enter({
    credentials,
    role,
    userData,
    publications,
    subscribe,
    previousSession,
  }: JoinRequest): Promise<JoinedMessage> {
    const { roomId, mode, link, userId } = this.config;
    this.#wire.open();
    const message: JoinMessage = {
      t: 'join',
      room: roomId,
      mode,
      role,
      want: subscribe,
      streams: publishedStreams(publications),
      user: credentials.userId ?? (userId || undefined),
      data: checkText(USER_DATA, userData, 4_096) || undefined,
      token: credentials.token,
      link: link || undefined,
      previous: previousSession,
    };
    if (role === 'anchor' || subscribe.audio || subscribe.video)
      message.offer = (await this.#park().offer).sdp;
    if (this.#over) throw aborted();
    return this.#wire.join(message);
  }

  #start(joined: JoinedMessage, { publications, subscribe }: JoinRequest): JoinResult {
    const { session, user, data, role, peers, ice, connections } = joined;
    this.#roster.begin(peers, subscribe);
    const published = role === 'anchor' ? publications : [];
    this.follow(published);
    this.#confirmed = JSON.stringify(this.outgoing.streams);
    this.#iceIs(ice);
    for (const connect of connections) this.#connect(connect);
    this.#monitor.start(user);
    return {
      userId: user,
      role,
      userData: data,
      session,
      users: peers.map(userOf),
      streams: peers.flatMap(streamsOf),
      published: published.map(({ type }) => type),
    };
  }

  async #publish(
    type: StreamType,
    publication: Publication | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    throwIfAborted(signal);
    const { publications } = this.outgoing;
    const before = publications.get(type);
    const put = (wanted: Publication | undefined): void => {
      if (wanted) publications.set(type, wanted);
      else publications.delete(type);
      this.#send();
    };
    put(publication);
    const { streams } = this.outgoing;
    const key = JSON.stringify(streams);
    if (key === this.#confirmed) return;
    const last = this.#confirmed;
    this.#confirmed = key;
    try {
      await this.#wire.request({ t: 'publish', streams });
    } catch (error) {
      if (this.#confirmed === key) this.#confirmed = last;
      if (publications.get(type) === publication) put(before);
      throw error;
    }
  }

  /** Makes the tracks that were told what they are now; `change` tells what else is new. */
  #refresh(change?: () => void): void {
    change?.();
    if (this.#over) return;
    this.#roster.tell((session, line) => {
      for (const peer of this.#peers.values()) {
        if (peer.connect.peer === session) return peer.track(line);
      }
      return null;
    });
  }

  #connect(connect: Connect): void {
    const { conn, replaces = '' } = connect;
    const old = this.#peers.get(replaces);
    this.#peers.delete(replaces);
    const reused = connect.offerer ? this.#parked : undefined;
    if (reused) this.#parked = undefined;
    this.#peers.set(conn, new Peer(connect, this, reused, old));
    this.#send();
    this.#refresh();
  }

  #disconnect(conn: string): void {
    this.#peers.get(conn)?.close();
    this.#peers.delete(conn);
    this.#refresh();
  }

  /** Brings what each connection sends to what is published and wanted. */
  #send(): void {
    this.outgoing.plan();
    for (const peer of this.#peers.values()) peer.sync();
  }

  #roleIs(role: UserRole): void {
    if (role === 'anchor') return;
    this.outgoing.publications.clear();
    this.#confirmed = '{}';
    this.#send();
  }

  #iceIs(ice: IceConfig): void {
    this.#ice = ice;
    this.#iceAt = Date.now();
  }

  #park(): Parked {
    return (this.#parked ??= park());
  }

  #emit(event: ClientEvent): void {
    if (!this.#over) this.listener(event);
  }
}
