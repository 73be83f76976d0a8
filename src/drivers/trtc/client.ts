import { settle, throwIfAborted } from '../../core/async.js';
import { aborted, toRtcError } from '../../core/errors.js';
import type {
  Client,
  ClientConfig,
  ClientEvent,
  ClientListener,
  Credentials,
  EndReason,
  JoinRequest,
  JoinResult,
  Publication,
  StreamType,
  Subscription,
  TrackKind,
  UserInfo,
  UserRole,
} from '../driver.js';
import { fromSdk } from './errors.js';
import { listen, type EventHost } from './events.js';
import { PublishedStream } from './local-stream.js';
import { Meter, type Sound } from './meter.js';
import { placeOf, type Place } from './place.js';
import { RemoteStreams } from './remote-streams.js';
import {
  loadTrtc,
  type NativeClient,
  type ProxyServer,
  type RemoteStream,
  type Trtc,
} from './sdk.js';
import { readStats } from './stats.js';

export interface Options {
  useStringRoomId: boolean;
  proxy?: string | ProxyServer;
}

interface Session {
  sdk: Trtc;
  native: NativeClient;
  place: Place;
}

/**
 * Stays that are being left, by app, room and user: until that is done the SDK refuses the same
 * user in the same room of this page.
 */
const departures = new Map<string, Promise<void>>();

/** A stay in one room of TRTC. */
export class TrtcClient implements Client, EventHost {
  #session: Session | null = null;
  #remote: RemoteStreams | null = null;
  #users = new Set<string>();
  #published = new Map<StreamType, PublishedStream>();
  #publications = new Map<StreamType, Publication>();
  /** What publishes, one call after the other: the SDK refuses two at a time. */
  #tail: Promise<unknown> = Promise.resolve();
  /** Aborted when what is being published is pointless. */
  #sending = new AbortController();
  #meter: Meter;
  #joined = false;
  #dropped = false;
  #over = false;
  #departed: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: ClientConfig,
    private readonly options: Options,
    private readonly listener: ClientListener,
  ) {
    this.#meter = new Meter(
      () => this.#sounds(),
      (event) => this.#emit(event),
    );
  }

  /** The SDK's client; null before the SDK is there. */
  get native(): NativeClient | null {
    return this.#session?.native ?? null;
  }

  async join(request: JoinRequest, wanted: AbortSignal): Promise<JoinResult> {
    const signal = AbortSignal.any([wanted, this.#sending.signal]);
    try {
      throwIfAborted(signal);
      const { credentials, role, subscribe } = request;
      const place = placeOf(this.config, credentials, this.options.useStringRoomId);
      const sdk = await loadTrtc(this.config, signal);
      await settle(departures.get(keyOf(place)) ?? Promise.resolve(), { signal });
      throwIfAborted(signal);
      const { roomId, ...who } = place;
      const native = sdk.createClient({
        ...who,
        mode: this.config.mode,
        autoSubscribe: false,
        enableAutoPlayDialog: false,
      });
      if (this.options.proxy) native.setProxyServer(this.options.proxy);
      this.#session = { sdk, native, place };
      this.#remote = new RemoteStreams(native, (event) => this.#emit(event));
      this.#remote.setDefaults(subscribe);
      listen(native, this);
      const { privateMapKey } = credentials;
      await settle(native.join({ roomId, role, ...(privateMapKey && { privateMapKey }) }), {
        signal,
      });
      throwIfAborted(signal);
      this.#joined = true;
      this.#meter.start();
      return {
        userId: place.userId,
        role,
        userData: '',
        users: [...this.#users].map(userOf),
        streams: this.#remote.infos,
        published: [],
      };
    } catch (error) {
      this.destroy();
      throw fromSdk(error);
    }
  }

  leave(): Promise<void> {
    this.destroy();
    return this.#departed;
  }

  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    this.#sending.abort();
    this.#meter.stop();
    this.#remote?.clear();
    if (!this.#session) return;
    const key = keyOf(this.#session.place);
    const departed = this.#depart(this.#session.native).finally(() => {
      if (departures.get(key) === departed) departures.delete(key);
    });
    this.#departed = departed;
    departures.set(key, departed);
  }

  async switchRole(role: UserRole, credentials: Credentials, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const native = this.#need().native;
    const publications = [...this.#publications.values()];
    try {
      await this.updateToken(credentials);
      // The SDK ends what is published by itself, before it has asked.
      if (role === 'audience') await this.#forgetPublished();
      await native.switchRole(role);
    } catch (error) {
      if (!this.#over && role === 'audience') this.#publishAgain(publications);
      throw fromSdk(error);
    }
  }

  publish(publication: Publication, signal: AbortSignal): Promise<void> {
    return this.#send(signal, async ({ native, sdk, place }, pointless) => {
      const { type } = publication;
      const present = this.#published.get(type);
      if (present) await present.update(publication);
      else {
        const stream = await PublishedStream.publish(native, sdk, place.userId, publication);
        if (pointless.aborted) return stream.unpublish();
        this.#published.set(type, stream);
      }
      this.#publications.set(type, publication);
    });
  }

  unpublish(type: StreamType, signal: AbortSignal): Promise<void> {
    return this.#send(signal, async () => {
      const present = this.#published.get(type);
      this.#published.delete(type);
      this.#publications.delete(type);
      await present?.unpublish();
    });
  }

  async subscribe(streamId: string, wanted: Subscription, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const { audio, video } = wanted;
    await this.#remote?.subscribe(streamId, { audio, video });
  }

  async unsubscribe(streamId: string, signal: AbortSignal): Promise<void> {
    await this.subscribe(streamId, { audio: false, video: false }, signal);
  }

  /** The UserSig is looked at when joining only; the key of a role again when switching. */
  async updateToken({ privateMapKey }: Credentials): Promise<void> {
    if (privateMapKey)
      await this.#session?.native.callExperimentalAPI('updatePrivateMapKey', { privateMapKey });
  }

  setAudioLevels(wanted: boolean): void {
    this.#meter.levels = wanted;
  }

  async getStats(): Promise<RTCStatsReport[]> {
    const { native, place } = this.#need();
    try {
      return await readStats(native, place.userId, this.#published.has('main'));
    } catch (error) {
      throw fromSdk(error);
    }
  }

  // What the SDK tells.

  userJoined(userId: string): void {
    if (this.#users.has(userId)) return;
    this.#users.add(userId);
    this.#emit({ type: 'user-joined', user: userOf(userId) });
  }

  userLeft(userId: string): void {
    this.#remote?.forget(userId);
    if (this.#users.delete(userId)) this.#emit({ type: 'user-left', id: userId });
  }

  streamAdded(stream: RemoteStream): void {
    if (!this.#over) this.#remote?.add(stream);
  }

  streamUpdated(stream: RemoteStream): void {
    this.#remote?.update(stream);
  }

  streamRemoved(stream: RemoteStream): void {
    this.#remote?.remove(stream);
  }

  mute(userId: string, kind: TrackKind, muted: boolean): void {
    this.#remote?.mute(userId, kind, muted);
  }

  reconnecting(): void {
    if (!this.#joined || this.#dropped) return;
    this.#dropped = true;
    this.#emit({ type: 'reconnecting' });
  }

  connected(): void {
    if (!this.#dropped) return;
    this.#dropped = false;
    for (const stream of this.#published.values()) stream.repeatMuted();
    this.#emit({ type: 'reconnected' });
  }

  ended(reason: EndReason, message: string): void {
    if (!this.#joined || this.#over) return;
    this.destroy();
    this.listener({ type: 'ended', reason, message });
  }

  quality(uplink: number, downlink: number): void {
    this.#emit({ type: 'network-quality', uplink, downlink });
  }

  failed(error: unknown): void {
    this.#emit({ type: 'error', error: toRtcError(fromSdk(error)) });
  }

  // The work.

  /** Before the join is answered, users and streams are part of its result. */
  #emit(event: ClientEvent): void {
    if (this.#over) return;
    const { type } = event;
    const early = type === 'user-joined' || type === 'user-left' || type.startsWith('stream-');
    if (this.#joined || !early) this.listener(event);
  }

  #need(): Session {
    if (!this.#session || this.#over) throw aborted();
    return this.#session;
  }

  /** @throws RtcError */
  async #send(
    signal: AbortSignal,
    work: (session: Session, pointless: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const pointless = this.#sending.signal;
    const turn = this.#tail.then(async () => {
      throwIfAborted(signal);
      // One that waited while the role changed is of the role before.
      throwIfAborted(pointless);
      await work(this.#need(), pointless);
    });
    this.#tail = turn.catch(() => undefined);
    try {
      // A leave in the midst of it would leave it pending for 20 s.
      await settle(turn, { signal: pointless });
    } catch (error) {
      throw fromSdk(error);
    }
  }

  async #forgetPublished(): Promise<void> {
    this.#sending.abort();
    this.#sending = new AbortController();
    this.#tail = Promise.resolve();
    const streams = [...this.#published.values()];
    this.#published.clear();
    this.#publications.clear();
    await Promise.all(streams.map((stream) => stream.unpublish().catch(() => undefined)));
  }

  /** The role stayed, so what was published with it stays. */
  #publishAgain(publications: readonly Publication[]): void {
    const { signal } = new AbortController();
    for (const publication of publications)
      this.publish(publication, signal).catch((error: unknown) => this.failed(error));
  }

  #sounds(): Sound[] {
    const { hasAudio, audio, audioMuted } = this.#publications.get('main') ?? {};
    const userId = this.#session?.place.userId;
    const own = hasAudio && userId ? [{ userId, track: audioMuted ? null : (audio ?? null) }] : [];
    return [...own, ...(this.#remote?.sounds ?? [])];
  }

  async #depart(native: NativeClient): Promise<void> {
    const streams = [...this.#published.values()];
    this.#published.clear();
    // A join under way is only ended by destroy(), and a ban only forgotten by leave().
    if (this.#joined) await native.leave().catch(() => undefined);
    try {
      native.off('*');
      native.destroy();
    } catch {
      // There is nobody to tell; the SDK has let go of what it can.
    }
    await Promise.all(streams.map((stream) => stream.release().catch(() => undefined)));
  }
}

function userOf(userId: string): UserInfo {
  // TRTC announces only who may publish.
  return { id: userId, userId, userData: '', userRole: 'anchor' };
}

function keyOf({ sdkAppId, roomId, userId }: Place): string {
  return JSON.stringify([sdkAppId, roomId, userId]);
}
