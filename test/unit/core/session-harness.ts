import * as core from '../../../src/elements/engine.js';
import { RoomLink, type LinkWish } from '../../../src/core/room-link.js';
import { RoomSession } from '../../../src/core/room-session.js';
import type { RemoteStream } from '../../../src/core/remote-stream.js';
import type { Publisher, RoomWish, RtcEventDetails, Sink } from '../../../src/core/types.js';
import type { Publication, StreamType } from '../../../src/drivers/driver.js';
import {
  createFakeBackend,
  type FakeBackend,
  type FakeBackendOptions,
} from '../../../src/drivers/fake/index.js';
import { registerDriver } from '../../../src/drivers/registry.js';
import type { RtcError } from '../../../src/core/errors.js';

let backends = 0;

/** A back end under a provider name of its own. */
export function startBackend(options: FakeBackendOptions = {}): FakeBackend {
  const name = options.name ?? `fake-${++backends}`;
  const backend = createFakeBackend({ createTrack: () => null, ...options, name });
  registerDriver(name, backend.driver);
  return backend;
}

/** Hears events as an element would, and can cancel them. */
class Ear {
  readonly events: { type: string; detail: unknown }[] = [];
  cancels = new Set<string>();

  readonly emit = (type: string, detail: unknown): boolean => {
    this.events.push({ type, detail });
    return !this.cancels.has(type);
  };

  all<K extends keyof RtcEventDetails>(type: K): RtcEventDetails[K][] {
    return this.events
      .filter((event) => event.type === type)
      .map((event) => event.detail as RtcEventDetails[K]);
  }
}

/** A room session with the element played by an object: reverted wishes are taken back. */
export class TestRoom extends Ear {
  readonly session: RoomSession;
  wish: RoomWish;

  constructor(
    readonly backend: FakeBackend,
    wish: Partial<RoomWish> = {},
  ) {
    super();
    this.wish = {
      joined: false,
      provider: backend.driver.name,
      roomId: '1',
      userId: 'alice',
      userData: '',
      mode: 'live',
      userRole: 'anchor',
      kickFrom: [],
      audioLevels: false,
      ...wish,
    };
    this.session = new RoomSession({
      emit: this.emit,
      changed: () => undefined,
      revert: (reverted) => this.set(reverted),
    });
    this.session.update(this.wish);
  }

  set(wish: Partial<RoomWish>): void {
    this.wish = { ...this.wish, ...wish };
    this.session.update(this.wish);
  }

  async join(wish: Partial<RoomWish> = {}): Promise<this> {
    this.set({ ...wish, joined: true });
    const joined = this.session.whenJoined();
    await this.backend.flush();
    await joined;
    return this;
  }

  get states(): string[] {
    return this.all('rtc-connection-state-changed').map(({ state }) => state);
  }

  get errors(): RtcError[] {
    return this.all('rtc-error').map(({ error }) => error);
  }

  get left(): string[] {
    return this.all('rtc-left').map(({ reason }) => reason);
  }
}

export class TestLink extends Ear {
  readonly link: RoomLink;

  constructor(public wish: LinkWish) {
    super();
    this.link = new RoomLink(core, { emit: this.emit, changed: () => undefined });
    this.link.update(wish);
  }

  set(wish: Partial<LinkWish>): void {
    this.wish = { ...this.wish, ...wish };
    this.link.update(this.wish);
  }

  get states(): string[] {
    return this.all('rtc-link-state-changed').map(({ state }) => state);
  }
}

export class TestPublisher implements Publisher {
  active = false;
  wanted: Publication[] = [];
  readonly confirmed = new Map<StreamType, Publication>();
  readonly failures: RtcError[] = [];

  publications(): readonly Publication[] {
    return this.wanted;
  }

  roomActive(active: boolean): void {
    this.active = active;
  }

  confirm(type: StreamType, publication: Publication | null): void {
    if (publication) this.confirmed.set(type, publication);
    else this.confirmed.delete(type);
  }

  publishFailed(_type: StreamType, error: RtcError): void {
    this.failures.push(error);
  }
}

/** A remote-stream element, at a place in the document of its own. */
export class TestSink implements Sink {
  readonly node: Node = document.body.appendChild(document.createElement('i'));
  userId?: string;
  streamType: StreamType = 'main';
  subscribe?: Sink['subscribe'];
  visible = true;
  width = 0;
  height = 0;
  stream?: RemoteStream | null;
  shown: RemoteStream | null = null;
  sounds = false;
  unblocked = 0;

  constructor(wish: Partial<Omit<Sink, 'node'>> = {}) {
    Object.assign(this, wish);
  }

  assigned(stream: RemoteStream | null, sounds: boolean): void {
    this.shown = stream;
    this.sounds = sounds;
  }

  unblock(): Promise<void> {
    this.unblocked++;
    return Promise.resolve();
  }
}

export async function failure(promise: Promise<unknown>): Promise<RtcError> {
  try {
    await promise;
  } catch (error) {
    return error as RtcError;
  }
  throw new Error('It should have failed.');
}
