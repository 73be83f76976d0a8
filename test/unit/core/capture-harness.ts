import type { Publication, StreamType } from '../../../src/drivers/driver.js';
import { LocalCapture } from '../../../src/core/local-capture.js';
import type {
  CaptureHost,
  CaptureWish,
  Publisher,
  RtcEventDetails,
} from '../../../src/core/types.js';

export const NOTHING: CaptureWish = {
  audio: false,
  video: false,
  screen: false,
  screenAudio: false,
  audioMuted: false,
  videoMuted: false,
  profile: '360p',
  audioProfile: 'speech',
  preview: false,
  noPublish: false,
};

/** Lets every microtask and short timer that is due run. */
export async function tick(times = 3): Promise<void> {
  for (let i = 0; i < times; i++) await new Promise((resolve) => setTimeout(resolve));
}

export async function until(what: () => unknown, limit = 4000): Promise<void> {
  const end = performance.now() + limit;
  while (!what()) {
    if (performance.now() > end) throw new Error(`Waited ${limit} ms in vain for ${String(what)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A room that confirms what is published one task later. */
export class FakeRoom {
  userId = 'alice';
  publishers = new Set<Publisher>();
  changes = 0;
  confirming = true;
  #active = false;
  #confirmed = new Map<Publisher, Map<StreamType, Publication>>();

  addPublisher(publisher: Publisher): () => void {
    this.publishers.add(publisher);
    publisher.roomActive(this.#active);
    this.publisherChanged();
    return () => {
      publisher.roomActive(false);
      this.publishers.delete(publisher);
      this.publisherChanged();
    };
  }

  publisherChanged(): void {
    this.changes++;
    setTimeout(() => this.#settle());
  }

  set active(active: boolean) {
    this.#active = active;
    for (const publisher of this.publishers) publisher.roomActive(active);
    this.publisherChanged();
  }

  get publications(): readonly Publication[] {
    return [...this.publishers].flatMap((publisher) => publisher.publications());
  }

  #settle(): void {
    if (!this.confirming) return;
    for (const publisher of new Set([...this.publishers, ...this.#confirmed.keys()])) {
      const known = this.#confirmed.get(publisher) ?? new Map<StreamType, Publication>();
      this.#confirmed.set(publisher, known);
      const wanted = this.#active && this.publishers.has(publisher) ? publisher.publications() : [];
      for (const type of [...known.keys()]) {
        if (wanted.some((one) => one.type === type)) continue;
        known.delete(type);
        publisher.confirm(type, null);
      }
      for (const one of wanted) {
        // As a room does: only what has changed is published, and confirmed, anew.
        if (same(known.get(one.type), one)) continue;
        known.set(one.type, one);
        publisher.confirm(one.type, one);
      }
    }
  }
}

function same(a: Publication | undefined, b: Publication): boolean {
  return !!a && Object.entries(b).every(([name, value]) => a[name as keyof Publication] === value);
}

/** A local capture with the element played by an object: reverted wishes are taken back. */
export class Stage {
  readonly room = new FakeRoom();
  readonly events: { type: string; detail: unknown }[] = [];
  readonly capture: LocalCapture;
  wish: CaptureWish = { ...NOTHING };

  constructor() {
    const host: CaptureHost = {
      changed: () => undefined,
      emit: (type, detail) => {
        this.events.push({ type, detail });
        return true;
      },
      revert: (names) => {
        for (const name of names) this.wish = { ...this.wish, [name]: false };
        this.capture.update(this.wish);
      },
    };
    this.capture = new LocalCapture(host);
    this.capture.attach(this.room);
  }

  want(wish: Partial<CaptureWish>): void {
    this.wish = { ...this.wish, ...wish };
    this.capture.update(this.wish);
  }

  join(): void {
    this.room.active = true;
  }

  all<K extends keyof RtcEventDetails>(type: K): RtcEventDetails[K][] {
    return this.events
      .filter((event) => event.type === type)
      .map((event) => event.detail as RtcEventDetails[K]);
  }

  get states(): string[] {
    return this.all('rtc-capture-state-changed').map(({ state }) => state);
  }

  track(kind: 'audio' | 'video'): MediaStreamTrack | undefined {
    return this.capture.main?.mediaStream.getTracks().find((track) => track.kind === kind);
  }
}

/** Every track that the browser gave out since, and how it was asked. */
export class Spy {
  readonly tracks: MediaStreamTrack[] = [];
  readonly asked: MediaStreamConstraints[] = [];
  /** Called before the browser; throws or waits to play a failing or slow device. */
  before: (constraints: MediaStreamConstraints) => unknown = () => undefined;
  readonly #real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);

  constructor() {
    navigator.mediaDevices.getUserMedia = async (constraints = {}) => {
      this.asked.push(constraints);
      await this.before(constraints);
      const stream = await this.#real(constraints);
      this.tracks.push(...stream.getTracks());
      return stream;
    };
  }

  get live(): MediaStreamTrack[] {
    return this.tracks.filter((track) => track.readyState === 'live');
  }

  restore(): void {
    for (const track of this.tracks) track.stop();
    // The method is the prototype's; only the stand-in is an own property.
    Reflect.deleteProperty(navigator.mediaDevices, 'getUserMedia');
    Reflect.deleteProperty(navigator.mediaDevices, 'getDisplayMedia');
    Reflect.deleteProperty(navigator, 'userActivation');
  }
}

// In Firefox a listener on a track hears the browser's own events only, unless it asks for more.
const listen = EventTarget.prototype.addEventListener as (
  this: EventTarget,
  ...args: unknown[]
) => void;
MediaStreamTrack.prototype.addEventListener = function (this: EventTarget, ...args: unknown[]) {
  listen.call(this, args[0], args[1], args[2], true);
};

/** As when the device is pulled out: the browser ends the track. */
export function unplug(track: MediaStreamTrack): void {
  track.stop();
  track.dispatchEvent(new Event('ended'));
}

export function failWith(name: string, kinds: ('audio' | 'video')[]) {
  return (constraints: MediaStreamConstraints): void => {
    if (kinds.some((kind) => constraints[kind])) throw new DOMException('no', name);
  };
}
