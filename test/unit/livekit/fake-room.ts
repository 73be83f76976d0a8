/** What the driver reads of livekit-client's objects, without a server. */
import {
  Track,
  type LocalParticipant,
  type RemoteParticipant,
  type RemoteTrackPublication,
  type Room,
} from 'livekit-client';

type Callback = (...args: never[]) => void;

/** A Room's events, fired by hand. */
export class FakeRoom {
  readonly listeners = new Map<string, Set<Callback>>();

  readonly surface = this as unknown as Pick<Room, 'on' | 'off'>;

  on(name: string, callback: Callback): this {
    const all = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, all.add(callback));
    return this;
  }

  off(name: string, callback: Callback): this {
    this.listeners.get(name)?.delete(callback);
    return this;
  }

  fire(name: string, ...args: unknown[]): void {
    for (const callback of this.listeners.get(name) ?? []) callback(...(args as never[]));
  }

  get heard(): number {
    return [...this.listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

/** A remote publication that notes what it is told. */
export class FakePublication {
  isMuted = false;
  isDesired = false;
  isEnabled = true;
  told: string[] = [];
  track: { mediaStreamTrack: MediaStreamTrack; streamState: string } | undefined;

  constructor(
    readonly source: Track.Source,
    readonly kind = /audio|microphone/.test(source) ? Track.Kind.Audio : Track.Kind.Video,
  ) {}

  get isSubscribed(): boolean {
    return this.isDesired && !!this.track;
  }

  get real(): RemoteTrackPublication {
    return this as unknown as RemoteTrackPublication;
  }

  /** The track has arrived; nothing flows in it yet when it is muted. */
  arrive(muted = false): MediaStreamTrack & { muted: boolean } {
    const made = Object.assign(new EventTarget(), { id: crypto.randomUUID(), muted });
    const mediaStreamTrack = made as unknown as MediaStreamTrack & { muted: boolean };
    this.track = { mediaStreamTrack, streamState: 'active' };
    return mediaStreamTrack;
  }

  setSubscribed(wanted: boolean): void {
    this.isDesired = wanted;
    if (!wanted) this.track = undefined;
    this.told.push(wanted ? 'subscribe' : 'unsubscribe');
  }

  setEnabled(enabled: boolean): void {
    this.isEnabled = enabled;
    this.told.push(enabled ? 'enable' : 'disable');
  }

  setVideoDimensions({ width, height }: Track.Dimensions): void {
    this.told.push(`${width}x${height}`);
  }

  emitTrackUpdate(): void {
    this.told.push('again');
  }
}

export interface FakeParticipant {
  identity: string;
  isLocal: boolean;
  metadata?: string;
  attributes: Record<string, string>;
  permissions?: RemoteParticipant['permissions'];
  trackPublications: Map<string, FakePublication>;
}

/** What of a grant the driver reads. */
export function permissions(canPublish: boolean, hidden = false): RemoteParticipant['permissions'] {
  return { canPublish, hidden } as RemoteParticipant['permissions'];
}

export function participant(
  identity: string,
  sources: Track.Source[] = [],
  more: Partial<FakeParticipant> = {},
): FakeParticipant & RemoteParticipant & LocalParticipant {
  const fake: FakeParticipant = {
    identity,
    isLocal: false,
    attributes: {},
    permissions: permissions(true),
    trackPublications: new Map(sources.map((source) => [source, new FakePublication(source)])),
    ...more,
  };
  return fake as FakeParticipant & RemoteParticipant & LocalParticipant;
}
