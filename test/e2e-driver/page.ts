/** One user of the embedded driver alone, without core or elements; driven by e2e/driver.test.ts. */
import type {
  Client,
  ClientConfig,
  ClientEvent,
  JoinRequest,
  JoinResult,
  Publication,
  StreamType,
} from '../../src/drivers/driver.js';
import { embedded } from '../../src/drivers/embedded/index.js';

export class User {
  readonly client: Client;
  readonly events: ClientEvent[] = [];
  readonly streams = new Set<string>();
  readonly tracks = new Map<string, MediaStreamTrack | null>();
  /** Pictures that were really presented, by stream. */
  readonly frames: Record<string, number> = {};
  readonly never = new AbortController().signal;
  media: MediaStream | null = null;
  result: JoinResult | null = null;

  constructor(config: Partial<ClientConfig>) {
    this.client = embedded.createClient(
      { roomId: '8888', mode: 'live', link: false, options: {}, ...config },
      (event) => this.#heard(event),
    );
  }

  get connections(): RTCPeerConnection[] {
    return (this.client.native as { peerConnections: RTCPeerConnection[] }).peerConnections;
  }

  get socket(): WebSocket | null {
    return (this.client.native as { socket: WebSocket | null }).socket;
  }

  get messages(): string[] {
    return this.events.flatMap((event) => (event.type === 'message' ? event.data : []));
  }

  types(pattern: RegExp): string[] {
    return this.events.map(({ type }) => type).filter((type) => pattern.test(type));
  }

  async capture(): Promise<void> {
    this.media ??= await navigator.mediaDevices.getUserMedia({
      audio: true,
      video: { width: 320, height: 240, frameRate: 15 },
    });
  }

  publication(type: StreamType = 'main'): Publication {
    return {
      type,
      hasAudio: true,
      hasVideo: true,
      audio: this.media?.getAudioTracks()[0] ?? null,
      video: this.media?.getVideoTracks()[0] ?? null,
      audioMuted: false,
      videoMuted: false,
      audioProfile: 'speech',
      width: 320,
      height: 240,
      frameRate: 15,
    };
  }

  async join(
    role: 'anchor' | 'audience' = 'anchor',
    more: Partial<JoinRequest> = {},
  ): Promise<void> {
    this.client.warm?.();
    if (role === 'anchor') await this.capture();
    const publications = role === 'anchor' ? [this.publication()] : [];
    const request: JoinRequest = {
      credentials: {},
      role,
      userData: '',
      publications,
      subscribe: { audio: true, video: true },
      ...more,
    };
    this.result = await this.client.join(request, this.never);
    for (const { id } of this.result.streams) this.streams.add(id);
  }

  async sum(type: string, field: string, kind: string): Promise<number> {
    let total = 0;
    for (const report of (await this.client.getStats?.()) ?? []) {
      for (const stat of report.values() as Iterable<Record<string, unknown>>) {
        if (stat.type === type && stat.kind === kind) total += Number(stat[field] ?? 0);
      }
    }
    return total;
  }

  #heard(event: ClientEvent): void {
    this.events.push(event);
    if (event.type === 'stream-added') this.streams.add(event.stream.id);
    if (event.type === 'stream-removed') this.streams.delete(event.streamId);
    if (event.type !== 'track') return;
    const { streamId, kind, track } = event;
    this.tracks.set(`${streamId}:${kind}`, track);
    if (!track) return;
    const element = document.body.appendChild(document.createElement('video'));
    element.srcObject = new MediaStream([track]);
    void element.play().catch(() => undefined);
    const count = (): void => {
      if (element.srcObject && this.tracks.get(`${streamId}:${kind}`) === track) {
        this.frames[streamId] = (this.frames[streamId] ?? 0) + 1;
      }
      element.requestVideoFrameCallback(count);
    };
    element.requestVideoFrameCallback(count);
  }
}

declare global {
  interface Window {
    User: typeof User;
    user: User;
  }
}
window.User = User;
