import { settle, throwIfAborted } from '../../core/async.js';
import { aborted, RtcError } from '../../core/errors.js';
import type {
  ClientMessage,
  Connect,
  DefaultWish,
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
  DefaultSubscription,
  JoinRequest,
  JoinResult,
  Publication,
  StreamType,
  Subscription,
  UserRole,
} from '../driver.js';
import { checkText, checkUser } from './errors.js';
import { Monitor } from './monitor.js';
import { hint, Outgoing, publishedStreams, type Sending } from './outgoing.js';
import { BUNDLE, park, Peer, type Parked, type PeerHost } from './peer.js';
import { UPLINK } from './quality.js';
import { Roster } from './roster.js';
import { Signalling, socketUrl, type SignallingHost } from './signalling.js';

/** The socket and the answer to a join. */
const PATIENCE = 10_000;
/** Milliseconds for which ICE servers are used again without asking. */
const FRESH = 30_000;
const USER_DATA = 'user-data';

export interface Options {
  iceTransportPolicy?: RTCIceTransportPolicy;
  uplink?: number;
}

/** A stay in one room of our own server: signalling, and a connection with each peer. */
export class EmbeddedClient implements Client, SignallingHost, PeerHost {
  /** The socket and the connections there are now, to look at. */
  readonly native: {
    readonly socket: WebSocket | null;
    readonly peerConnections: RTCPeerConnection[];
  };

  #wire: Signalling;
  #peers = new Map<string, Peer>();
  #roster: Roster | null = null;
  #outgoing: Outgoing;
  #monitor: Monitor;
  #parked: Parked | undefined;
  #ice: IceConfig = { servers: [], policy: 'all' };
  #iceAt = 0;
  #batch: Map<string, StreamWish> | null = null;
  #sent: Promise<unknown> = Promise.resolve();
  #confirmed = '{}';
  #token: string | undefined;
  #userId = '';
  #over = false;

  constructor(
    private readonly config: ClientConfig,
    private readonly options: Options,
    private readonly listener: ClientListener,
  ) {
    const wire = (this.#wire = new Signalling(socketUrl(config.url), this));
    const peers = this.#peers;
    this.#outgoing = new Outgoing(options.uplink ?? UPLINK);
    this.#monitor = new Monitor(
      () => ({
        peers: [...peers.values()],
        received: this.#roster?.received ?? [],
        outgoing: this.#outgoing,
        userId: this.#userId,
      }),
      (event) => this.#emit(event),
    );
    this.native = {
      get socket() {
        return wire.socket;
      },
      get peerConnections() {
        return [...peers.values()].map(({ pc }) => pc);
      },
    };
  }

  warm(): void {
    if (this.#over) return;
    this.#wire.open();
    this.#park();
  }

  async join(request: JoinRequest, signal: AbortSignal): Promise<JoinResult> {
    try {
      throwIfAborted(signal);
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
    this.#parked = undefined;
  }

  async switchRole(role: UserRole, credentials: Credentials, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    this.#token = credentials.token ?? this.#token;
    await this.#wire.request({ t: 'role', role, token: this.#token });
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
    const found = this.#roster?.find(streamId);
    if (!found || !this.#roster)
      throw new RtcError('stream-gone', 'The stream is no longer published.');
    const before = this.#roster.explicit(streamId);
    this.#roster.want(streamId, wanted);
    this.#refresh();
    const { audio, video, height } = wanted;
    if (!this.#batch) {
      const batch = (this.#batch = new Map<string, StreamWish>());
      this.#sent = Promise.resolve().then(() => {
        this.#batch = null;
        return this.#wire.request({ t: 'subscribe', wishes: [...batch.values()] });
      });
    }
    const batch = this.#batch;
    const wish = { ...found, audio, video, h: height ? Math.round(height) : undefined };
    batch.set(streamId, wish);
    try {
      await this.#sent.catch((error: unknown) => {
        // One refusal refuses all of them.
        if (batch.size < 2 || this.#roster?.explicit(streamId) !== wanted) throw error;
        return this.#wire.request({ t: 'subscribe', wishes: [wish] });
      });
    } catch (error) {
      if (this.#roster.explicit(streamId) === wanted) this.#roster.want(streamId, before);
      this.#refresh();
      throw error;
    }
  }

  async unsubscribe(streamId: string, signal: AbortSignal): Promise<void> {
    if (!this.#roster?.find(streamId)) return;
    await this.subscribe(streamId, { audio: false, video: false }, signal);
  }

  async sendMessage(data: string, to?: readonly string[]): Promise<void> {
    await this.#wire.request({
      t: 'message',
      data: checkText('A message', data, 16_384),
      to: to?.map(checkUser),
    });
  }

  async kick(user: string): Promise<void> {
    await this.#wire.request({ t: 'kick', user: checkUser(user) });
  }

  async setUserData(data: string): Promise<void> {
    await this.#wire.request({ t: 'data', data: checkText(USER_DATA, data, 4_096) });
  }

  /** Tokens are looked at when joining and switching roles only; this one is used then. */
  updateToken({ token }: Credentials): Promise<void> {
    this.#token = token;
    return Promise.resolve();
  }

  setAudioLevels(wanted: boolean): void {
    this.#monitor.levels = wanted;
  }

  getStats(): Promise<RTCStatsReport[]> {
    return Promise.all([...this.#peers.values()].map(({ pc }) => pc.getStats()));
  }

  follow(publications: readonly Publication[]): void {
    const all = this.#outgoing.publications;
    all.clear();
    for (const one of publications) {
      hint(one);
      all.set(one.type, one);
    }
    this.#send();
  }

  /** Who is received from closes when it has all from elsewhere, as this side does. */
  drained(): Promise<unknown> {
    const from = new Set(this.#roster?.received.map(({ session }) => session));
    const only = [...this.#peers.values()].filter(({ connect }) => !from.has(connect.peer));
    return Promise.all(only.map((peer) => peer.gone()));
  }

  // What the wire tells.

  received(message: Parameters<SignallingHost['received']>[0]): void {
    const roster = this.#roster;
    if (!roster || this.#over) return;
    switch (message.t) {
      case 'peer-joined':
      case 'peer-updated':
        return this.#refresh(() => roster.set(message.peer));
      case 'peer-left':
        this.#outgoing.forget(message.session);
        for (const [conn, { connect }] of this.#peers)
          if (connect.peer === message.session) this.#disconnect(conn);
        return this.#refresh(() => roster.remove(message.session, message.reason));
      case 'connect':
        return this.#connect(message.connect);
      case 'disconnect':
        return this.#disconnect(message.conn);
      case 'wanted':
        this.#outgoing.want(message.session, message.wishes);
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

  sending(session: string, line: number, begins: boolean): Sending | null {
    return this.#outgoing.to(session, line, begins);
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
    this.#token = credentials.token;
    const message: JoinMessage = {
      t: 'join',
      room: roomId,
      mode,
      role,
      want: wishOf(subscribe),
      streams: publishedStreams(publications),
      user: credentials.userId ?? (userId || undefined),
      data: checkText(USER_DATA, userData, 4_096) || undefined,
      token: this.#token,
      link: link || undefined,
      previous: previousSession,
    };
    if (role === 'anchor' || subscribe.audio || subscribe.video)
      message.offer = (await this.#park()?.offer)?.sdp;
    if (this.#over) throw aborted();
    return this.#wire.join(message);
  }

  #start(joined: JoinedMessage, { publications, subscribe }: JoinRequest): JoinResult {
    const { session, user, data, role, peers, ice, connections } = joined;
    const roster = new Roster(wishOf(subscribe), (event) => this.#emit(event));
    for (const peer of peers) roster.peers.set(peer.session, peer);
    this.#roster = roster;
    this.#userId = user;
    const published = role === 'anchor' ? publications : [];
    this.follow(published);
    this.#confirmed = JSON.stringify(this.#outgoing.streams);
    this.#iceIs(ice);
    // The parked one first; after it, what is parked may serve any other.
    for (const connect of connections.sort((a, b) => +!!b.parked - +!!a.parked))
      this.#connect(connect);
    this.#monitor.start();
    return {
      userId: user,
      role,
      userData: data,
      session,
      users: roster.users,
      streams: roster.streams,
      published: published.map(({ type }) => type),
    };
  }

  async #publish(
    type: StreamType,
    publication: Publication | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    throwIfAborted(signal);
    const { publications } = this.#outgoing;
    const before = publications.get(type);
    const put = (wanted: Publication | undefined): void => {
      if (wanted) publications.set(type, wanted);
      else publications.delete(type);
      this.#send();
    };
    put(publication);
    const { streams } = this.#outgoing;
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
    if (this.#over || !this.#roster) return;
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
    this.#outgoing.plan();
    for (const peer of this.#peers.values()) peer.sync();
  }

  #roleIs(role: UserRole): void {
    if (role === 'anchor') return;
    this.#outgoing.publications.clear();
    this.#confirmed = '{}';
    this.#send();
  }

  #iceIs(ice: IceConfig): void {
    this.#ice = ice;
    this.#iceAt = Date.now();
  }

  #park(): Parked | undefined {
    return (this.#parked ??= this.#roster ? undefined : park());
  }

  #emit(event: ClientEvent): void {
    if (!this.#over) this.listener(event);
  }
}

function wishOf({ audio, video, only }: DefaultSubscription): DefaultWish {
  return { audio, video, only: only && [...only] };
}
