import { aTimeout, fixture, html, oneEvent } from '@open-wc/testing';
import type {
  Client,
  ClientConfig,
  ClientEvent,
  ClientListener,
  JoinRequest,
  StreamInfo,
  UserInfo,
} from '../../../src/drivers/driver.js';
import { registerDriver } from '../../../src/drivers/registry.js';
import type { RtcRoom } from '../../../src/elements/rtc-room/rtc-room.js';
import type { RtcElement } from '../../../src/elements/shared/rtc-element.js';
import '../../../src/define.js';

/** A back end in memory whose every call is kept, to be answered as the test says. */
export class Backend {
  readonly clients: TestClient[] = [];
  users: UserInfo[] = [];
  streams: StreamInfo[] = [];
  fail: Error | null = null;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    registerDriver(name, {
      name,
      optionKeys: [],
      createClient: (config, listener) => {
        const client = new TestClient(this, config, listener);
        this.clients.push(client);
        return client;
      },
    });
  }

  get client(): TestClient {
    const client = this.clients.at(-1);
    if (!client) throw new Error('No client was made.');
    return client;
  }

  get joined(): TestClient[] {
    return this.clients.filter(({ state }) => state === 'joined');
  }
}

export class TestClient implements Client {
  readonly native = this;
  state: 'new' | 'joined' | 'left' = 'new';
  role = '';
  readonly subscribed = new Set<string>();

  constructor(
    readonly backend: Backend,
    readonly config: ClientConfig,
    readonly fire: ClientListener,
  ) {}

  emit(event: ClientEvent): void {
    this.fire(event);
  }

  join(request: JoinRequest): ReturnType<Client['join']> {
    const { fail, users, streams } = this.backend;
    if (fail) return Promise.reject(fail);
    this.state = 'joined';
    this.role = request.role;
    const userId = this.config.userId ?? 'guest';
    return Promise.resolve({
      userId,
      role: request.role,
      userData: request.userData,
      users,
      streams,
      published: [],
    });
  }
  leave(): Promise<void> {
    this.state = 'left';
    return Promise.resolve();
  }
  destroy(): void {
    this.state = 'left';
  }
  switchRole(role: string): Promise<void> {
    const { fail } = this.backend;
    if (fail) return Promise.reject(fail);
    this.role = role;
    return Promise.resolve();
  }
  publish(): Promise<void> {
    return Promise.resolve();
  }
  unpublish(): Promise<void> {
    return Promise.resolve();
  }
  subscribe(streamId: string): Promise<void> {
    this.subscribed.add(streamId);
    return Promise.resolve();
  }
  unsubscribe(streamId: string): Promise<void> {
    this.subscribed.delete(streamId);
    return Promise.resolve();
  }
}

export function stream(userId: string, more: Partial<StreamInfo> = {}): StreamInfo {
  return {
    id: `${userId}:${more.type ?? 'main'}`,
    userId,
    type: 'main',
    hasAudio: true,
    hasVideo: true,
    audioMuted: false,
    videoMuted: false,
    ...more,
  };
}

export function user(userId: string): UserInfo {
  return { id: userId, userId, userData: '', userRole: 'anchor' };
}

/** A moving picture. */
export function pictureTrack(): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  let turn = 0;
  const timer = setInterval(() => context?.fillRect(turn++ % 100, 0, 1, 1), 30);
  const [track] = canvas.captureStream(30).getVideoTracks();
  if (!track) throw new Error('The canvas gave no track.');
  track.addEventListener('ended', () => clearInterval(timer));
  return track;
}

/** The first drawing waits for a pause of the page: all of them, then a moment. */
export async function tasks(ms = 20): Promise<void> {
  const all = document.querySelectorAll<RtcElement>(
    'rtc-room, rtc-cross-room-link, rtc-local-stream, rtc-remote-stream',
  );
  await Promise.all([...all].map(({ updateComplete }) => updateComplete));
  await aTimeout(ms);
}

/** A joined room with this inside, all of it drawn. */
export async function roomWith(
  { name }: Backend,
  userId: string,
  inner: string,
  attributes = '',
): Promise<RtcRoom> {
  const holder = await fixture(html`<div></div>`);
  const markup = `<rtc-room provider="${name}" room-id="r" user-id="${userId}" joined ${attributes}>${inner}</rtc-room>`;
  holder.append(document.createRange().createContextualFragment(markup));
  const room = holder.firstElementChild as RtcRoom;
  if (!room.inRoom) await oneEvent(room, 'rtc-joined');
  await tasks();
  return room;
}
