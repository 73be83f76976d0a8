/** The part of qnweb-rtc that the driver uses, without a network: what it does by itself is noted. */
import type { ClientConfig, ClientEvent, JoinRequest } from '../../../src/drivers/driver.js';
import { qiniu } from '../../../src/drivers/qiniu/index.js';

type Handler = (...values: unknown[]) => void;

class Emitter {
  #handlers = new Map<string, Set<Handler>>();

  on(name: string, handler: Handler): void {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
  }

  off(name: string, handler: Handler): void {
    this.#handlers.get(name)?.delete(handler);
  }

  removeAllListeners(): void {
    this.#handlers.clear();
  }

  emit(name: string, ...values: unknown[]): void {
    for (const handler of this.#handlers.get(name) ?? []) handler(...values);
  }
}

export class FakeTrack extends Emitter {
  muted = false;
  media: MediaStreamTrack | undefined;

  constructor(
    readonly trackID: string,
    readonly userID: string,
    readonly kind: 'audio' | 'video',
    readonly tag = '',
  ) {
    super();
  }

  isAudio = (): boolean => this.kind === 'audio';
  isVideo = (): boolean => this.kind === 'video';
  isMuted = (): boolean => this.muted;
  getMediaStreamTrack = (): MediaStreamTrack | undefined => this.media;
  level = 0;
  bitrate = 1_000;
  getVolumeLevel = (): number => this.level;
  lost = 0;
  getStats = (): object => ({
    downlinkBitrate: this.bitrate,
    downlinkLostRate: this.lost,
    ...(this.kind === 'video' && { downlinkFrameRate: 15 }),
    uplinkRTT: 30,
    uplinkLostRate: 0,
  });

  mute(muted: boolean): void {
    this.muted = muted;
    this.emit('mute-state-changed', muted);
  }
}

export class FakeLocalTrack {
  destroyed = false;
  readonly first: MediaStreamTrack;

  constructor(
    readonly tag: string,
    readonly bitrate: number,
    public media: MediaStreamTrack,
  ) {
    this.first = media;
  }

  getMediaStreamTrack = (): MediaStreamTrack => this.media;
  getStats = (): object => ({
    uplinkBitrate: 500_000,
    uplinkFrameRate: 15,
    uplinkLostRate: 0.02,
    uplinkRTT: 40,
  });

  setMediaStreamTrack(track: MediaStreamTrack): Promise<void> {
    this.media = track;
    return Promise.resolve();
  }

  /** As the SDK does: what is sent at that moment is disabled. */
  setMuted(muted: boolean): void {
    this.media.enabled = !muted;
  }

  destroy(): void {
    this.destroyed = true;
    this.media.stop();
  }
}

export class FakeClient extends Emitter {
  readonly calls: unknown[][] = [];
  readonly published: FakeLocalTrack[] = [];
  remoteUsers: { userID: string }[] = [];
  joining: () => Promise<void> = () => Promise.resolve();
  /** What the SDK has inside, where a test looks at it. */
  session: object | undefined;

  setClientMode = (mode: string): Promise<void> => this.#note('mode', mode);
  setClientRole = (role: string): Promise<void> => this.#note('role', role);
  kickOutUser = (user: string): Promise<void> => this.#note('kick', user);
  leave = (): Promise<void> => this.#note('leave');
  getNetworkQuality = (): string => 'GOOD';

  async join(token: string, userData: string): Promise<void> {
    await this.#note('join', token, userData);
    await this.joining();
  }

  getRemoteUser(userID: string): { userID: string } | undefined {
    return this.remoteUsers.find((user) => user.userID === userID);
  }

  sendMessage(id: string, text: string, users?: { userID: string }[]): Promise<void> {
    return this.#note(
      'message',
      id,
      text,
      users?.map(({ userID }) => userID),
    );
  }

  async publish(tracks: FakeLocalTrack[]): Promise<void> {
    this.published.push(...tracks);
    await this.#note('publish', ...tracks.map(({ tag }) => tag));
  }

  /** As the SDK does: what it does not find by its first track it forgets to unpublish. */
  async unpublish(tracks: FakeLocalTrack[]): Promise<void> {
    for (const { media, first } of tracks) if (media !== first) throw new Error('not found');
    for (const track of tracks) this.published.splice(this.published.indexOf(track), 1);
    await this.#note('unpublish', ...tracks.map(({ tag }) => tag));
  }

  async subscribe(tracks: FakeTrack[]): Promise<void> {
    for (const track of tracks) track.media = picture();
    await this.#note('subscribe', ...tracks.map(({ trackID }) => trackID));
  }

  unsubscribe(tracks: FakeTrack[]): Promise<void> {
    return this.#note('unsubscribe', ...tracks.map(({ trackID }) => trackID));
  }

  named(name: string): unknown[][] {
    return this.calls.flatMap(([call, ...values]) => (call === name ? [values] : []));
  }

  #note(...call: unknown[]): Promise<void> {
    this.calls.push(call);
    return Promise.resolve();
  }
}

export class FakeSdk {
  readonly clients: FakeClient[] = [];
  readonly configs: object[] = [];
  logLevel = '';
  joining: () => Promise<void> = () => Promise.resolve();

  createClient = (): FakeClient => {
    const client = new FakeClient();
    client.joining = this.joining;
    this.clients.push(client);
    return client;
  };
  setConfig = (config: object): void => void this.configs.push(config);
  setLogLevel = (level: string): void => {
    this.logLevel = level;
  };
  createCustomAudioTrack = create;
  createCustomVideoTrack = create;

  get client(): FakeClient {
    const last = this.clients.at(-1);
    if (!last) throw new Error('no client was made');
    return last;
  }
}

function create(config: {
  mediaStreamTrack: MediaStreamTrack;
  tag: string;
  bitrate: number;
}): FakeLocalTrack {
  return new FakeLocalTrack(config.tag, config.bitrate, config.mediaStreamTrack);
}

export function picture(): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  canvas.getContext('2d');
  return canvas.captureStream(0).getVideoTracks()[0] as MediaStreamTrack;
}

export function roomToken(claims: object = {}): string {
  const access = { appId: 'app', roomName: 'r1', userId: 'alice', expireAt: 0, permission: 'user' };
  return `key:signature:${btoa(JSON.stringify({ ...access, ...claims }))}`;
}

export const REQUEST: JoinRequest = {
  credentials: { token: roomToken() },
  role: 'anchor',
  userData: 'Alice',
  publications: [],
  subscribe: { audio: true, video: true },
};

export function setUp(more: Partial<ClientConfig> = {}): {
  sdk: FakeSdk;
  events: ClientEvent[];
  client: ReturnType<typeof qiniu.createClient>;
} {
  const sdk = new FakeSdk();
  Object.assign(window, { QNRTC: sdk });
  const events: ClientEvent[] = [];
  const config: ClientConfig = {
    roomId: 'r1',
    mode: 'rtc',
    link: false,
    userId: 'alice',
    options: {},
    ...more,
  };
  return { sdk, events, client: qiniu.createClient(config, (event) => void events.push(event)) };
}

/** Everything that was begun and waits for no timer is done. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
