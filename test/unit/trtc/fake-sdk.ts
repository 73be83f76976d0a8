/** What the driver calls of trtc-js-sdk, answering when the test says so. */

type Handler = (detail: never) => void;

/** A call that waits to be answered. */
export interface Pending {
  name: string;
  args: unknown[];
  resolve(): void;
  reject(error: unknown): void;
}

export class FakeRemoteStream {
  tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null } = {
    audio: null,
    video: null,
  };
  #handlers = new Map<string, Handler>();

  constructor(
    readonly userId: string,
    readonly type: 'main' | 'auxiliary' = 'main',
  ) {}

  getUserId = (): string => this.userId;
  getType = (): string => this.type;
  hasAudio = (): boolean => this.type === 'main';
  hasVideo = (): boolean => true;
  getAudioTrack = (): MediaStreamTrack | null => this.tracks.audio;
  getVideoTrack = (): MediaStreamTrack | null => this.tracks.video;

  on(name: string, handler: Handler): void {
    this.#handlers.set(name, handler);
  }

  fire(name: string, detail: unknown): void {
    this.#handlers.get(name)?.(detail as never);
  }
}

export class FakeLocalStream {
  closed = false;
  readonly calls: string[] = [];
  readonly #tracks = new Set<MediaStreamTrack>();

  constructor({ audioSource, videoSource }: Record<string, MediaStreamTrack | undefined>) {
    for (const track of [audioSource, videoSource]) if (track) this.#tracks.add(track);
  }

  getAudioTrack = (): MediaStreamTrack | null =>
    [...this.#tracks].find(({ kind }) => kind === 'audio') ?? null;
  getVideoTrack = (): MediaStreamTrack | null =>
    [...this.#tracks].find(({ kind }) => kind === 'video') ?? null;

  initialize = (): Promise<void> => this.#done('initialize');
  setVideoProfile = (): Promise<void> => this.#done('setVideoProfile');
  setAudioProfile = (): Promise<void> => this.#done('setAudioProfile');
  muteAudio = (): boolean => this.#mute('muteAudio');
  muteVideo = (): boolean => this.#mute('muteVideo');
  unmuteAudio = (): boolean => this.#mute('unmuteAudio');
  unmuteVideo = (): boolean => this.#mute('unmuteVideo');

  addTrack(track: MediaStreamTrack): Promise<void> {
    this.#tracks.add(track);
    return this.#done('addTrack');
  }

  removeTrack(track: MediaStreamTrack): Promise<void> {
    this.#tracks.delete(track);
    return this.#done('removeTrack');
  }

  replaceTrack(track: MediaStreamTrack): Promise<void> {
    for (const one of this.#tracks) if (one.kind === track.kind) this.#tracks.delete(one);
    this.#tracks.add(track);
    return this.#done('replaceTrack');
  }

  /** As the SDK's: it stops what it holds. */
  close(): void {
    this.closed = true;
    for (const track of this.#tracks) track.stop();
  }

  #mute(name: string): boolean {
    this.calls.push(name);
    return true;
  }

  #done(name: string): Promise<void> {
    this.calls.push(name);
    return Promise.resolve();
  }
}

export class FakeClient {
  readonly calls: string[] = [];
  readonly pending: Pending[] = [];
  /** Calls of these names wait for `answer()`; others succeed at once. */
  readonly held = new Set<string>();
  #handlers = new Map<string, Handler>();

  constructor(readonly config: Record<string, unknown>) {}

  join = (...args: unknown[]): Promise<void> => this.#call('join', args);
  leave = (...args: unknown[]): Promise<void> => this.#call('leave', args);
  publish = (...args: unknown[]): Promise<void> => this.#call('publish', args);
  unpublish = (...args: unknown[]): Promise<void> => this.#call('unpublish', args);
  subscribe = (...args: unknown[]): Promise<void> => this.#call('subscribe', args);
  unsubscribe = (...args: unknown[]): Promise<void> => this.#call('unsubscribe', args);
  switchRole = (...args: unknown[]): Promise<void> => this.#call('switchRole', args);
  callExperimentalAPI = (...args: unknown[]): Promise<void> =>
    this.#call('callExperimentalAPI', args);

  setProxyServer(): void {
    this.calls.push('setProxyServer');
  }

  destroy(): void {
    this.calls.push('destroy');
  }

  on(name: string, handler: Handler): void {
    this.#handlers.set(name, handler);
  }

  off(): void {
    this.#handlers.clear();
  }

  fire(name: string, detail: unknown): void {
    this.#handlers.get(name)?.(detail as never);
  }

  /** The oldest call of this name that waits. */
  next(name: string): Pending {
    const index = this.pending.findIndex((one) => one.name === name);
    const [found] = index < 0 ? [] : this.pending.splice(index, 1);
    if (!found) throw new Error(`no ${name} is waiting`);
    return found;
  }

  #call(name: string, args: unknown[]): Promise<void> {
    this.calls.push(name);
    if (!this.held.has(name)) return Promise.resolve();
    return new Promise((resolve, reject) => this.pending.push({ name, args, resolve, reject }));
  }
}

/** Stands in `window.TRTC` until `remove()`. */
export class FakeSdk {
  readonly clients: FakeClient[] = [];
  readonly streams: FakeLocalStream[] = [];
  readonly Logger = { setLogLevel: (): void => undefined, disableUploadLog: (): void => undefined };

  constructor(private readonly prepare: (client: FakeClient) => void = () => undefined) {
    (globalThis as Record<string, unknown>)['TRTC'] = this;
  }

  createClient(config: Record<string, unknown>): FakeClient {
    const client = new FakeClient(config);
    this.prepare(client);
    this.clients.push(client);
    return client;
  }

  createStream(config: Record<string, MediaStreamTrack | undefined>): FakeLocalStream {
    const stream = new FakeLocalStream(config);
    this.streams.push(stream);
    return stream;
  }

  remove(): void {
    delete (globalThis as Record<string, unknown>)['TRTC'];
  }
}
