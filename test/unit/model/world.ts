import '../../../src/elements/rtc-cross-room-link/define.js';
import '../../../src/elements/rtc-local-stream/define.js';
import '../../../src/elements/rtc-remote-stream/define.js';
import '../../../src/elements/rtc-room/define.js';
import type { RtcCrossRoomLink } from '../../../src/elements/rtc-cross-room-link/rtc-cross-room-link.js';
import type { RtcLocalStream } from '../../../src/elements/rtc-local-stream/rtc-local-stream.js';
import type { RtcRoom } from '../../../src/elements/rtc-room/rtc-room.js';
import {
  createFakeBackend,
  type FakeClient,
  type FakeStep,
  type FakeUser,
} from '../../../src/drivers/fake/index.js';
import { makeTrack } from '../../../src/drivers/fake/tracks.js';
import { registerDriver } from '../../../src/drivers/registry.js';

/** One step of a sequence; `who`, `where` and `n` are taken modulo what there is. */
export type Op =
  | { op: 'room'; who: number; name: RoomAttribute; value: string | null }
  | { op: 'local'; who: number; name: LocalAttribute; on: boolean }
  | { op: 'remote'; who: number; name: 'user-id' | 'subscribe'; value: string | null }
  | { op: 'link'; name: 'room-id' | 'disabled'; value: string | null }
  | { op: 'put'; who: number; where: number }
  | { op: 'remove'; who: number }
  | { op: 'clone'; who: number; where: number }
  | { op: 'fail'; step: FakeStep; how: 'network' | 'forbidden' | 'never' | 'late' }
  | { op: 'end'; n: number; reason: 'kick' | 'banned' | 'room_disband' | 'connection-lost' }
  | { op: 'drop' | 'restore' | 'role'; n: number }
  | { op: 'guest'; room: '1' | '2'; act: 'publish' | 'unpublish' | 'leave' | 'mute' }
  | { op: 'device'; name: 'NotFoundError' | 'NotReadableError'; kind: 'audio' | 'video' }
  | { op: 'prompt'; open: boolean }
  | { op: 'step'; count: number }
  | { op: 'task' }
  | { op: 'settle' };

export const ROOM_VALUES = {
  joined: ['', null],
  'room-id': ['1', '2', 'no id', null],
  'user-id': ['ann', 'bea'],
  'user-role': ['anchor', 'audience'],
  mode: ['live', 'rtc'],
  'user-data': ['x', 'y'],
  subscribe: ['all', 'audio', 'none'],
  layout: ['grid', 'none'],
} as const;
export type RoomAttribute = keyof typeof ROOM_VALUES;
export const LOCAL_NAMES = [
  'audio',
  'video',
  'audio-muted',
  'video-muted',
  'preview',
  'no-publish',
] as const;
export type LocalAttribute = (typeof LOCAL_NAMES)[number];

/** Time limits and pauses pass this much faster, so that a sequence takes no minutes. */
const HURRY = 500;

/** Real elements on a back end and devices that do as the sequence says. */
export class World {
  readonly backend = createFakeBackend({ manual: true });
  readonly arenas: HTMLElement[] = [];
  readonly rooms: RtcRoom[] = [];
  readonly locals: RtcLocalStream[] = [];
  readonly remotes: HTMLElement[] = [];
  readonly link: RtcCrossRoomLink;
  readonly tracks: MediaStreamTrack[] = [];
  readonly owners = new Map<FakeClient, string>();
  readonly problems: string[] = [];

  #guests = new Map<string, FakeUser>();
  #deviceFailure: { name: string; kind: 'audio' | 'video' } | null = null;
  #open: (() => void)[] | null = null;
  readonly #setTimeout = window.setTimeout.bind(window);
  readonly #onRejection = (event: PromiseRejectionEvent): void => {
    this.problems.push(`unhandled rejection: ${String(event.reason)}`);
  };

  constructor() {
    window.setTimeout = ((act: () => void, ms = 0) =>
      this.#setTimeout(act, ms / HURRY)) as typeof setTimeout;
    addEventListener('unhandledrejection', this.#onRejection);
    navigator.mediaDevices.getUserMedia = (constraints = {}) => this.#capture(constraints);
    for (const name of ['p0', 'p1']) {
      registerDriver(name, {
        ...this.backend.driver,
        createClient: (config, listener) => {
          const client = this.backend.driver.createClient(config, listener) as FakeClient;
          this.owners.set(client, name);
          return client;
        },
      });
    }
    for (let i = 0; i < 2; i++)
      this.arenas.push(document.body.appendChild(document.createElement('div')));
    // In a document without a window nothing is upgraded before it is moved: defined late.
    const inert = document.implementation.createHTMLDocument();
    for (const [i, user] of ['ann', 'bob'].entries()) {
      const room = inert.createElement('rtc-room');
      const given = { provider: `p${i}`, mode: 'live', 'room-id': '1', 'user-id': user };
      for (const [name, value] of Object.entries(given)) room.setAttribute(name, value);
      this.rooms.push(room);
      this.locals.push((i ? document : inert).createElement('rtc-local-stream'));
      this.remotes.push(document.createElement('rtc-remote-stream'));
    }
    this.link = document.createElement('rtc-cross-room-link');
    this.link.setAttribute('room-id', '2');
    this.arenas[0]?.append(...this.rooms);
    this.rooms[0]?.append(...this.locals.slice(0, 1), ...this.remotes);
    this.rooms[1]?.append(...this.locals.slice(1));
  }

  get movable(): HTMLElement[] {
    return [...this.rooms, ...this.locals, ...this.remotes, this.link];
  }

  get live(): MediaStreamTrack[] {
    return this.tracks.filter(({ readyState }) => readyState === 'live');
  }

  async run(op: Op): Promise<void> {
    switch (op.op) {
      case 'room':
        return write(pick(this.rooms, op.who), op.name, op.value);
      case 'local':
        return write(pick(this.locals, op.who), op.name, op.on ? '' : null);
      case 'remote':
        return write(pick(this.remotes, op.who), op.name, op.value);
      case 'link':
        return write(this.link, op.name, op.value);
      case 'put':
        return this.#put(pick(this.movable, op.who), op.where);
      case 'remove':
        return pick(this.movable, op.who).remove();
      case 'clone':
        return this.#clone(pick(this.movable, op.who), op.where);
      case 'fail':
        return this.backend.fail(op.step, op.how);
      case 'end': {
        const client = this.#joined(op.n);
        if (client) this.backend.end(client, op.reason);
        return;
      }
      case 'drop':
      case 'restore': {
        const client = this.#joined(op.n);
        if (client) this.backend[op.op](client);
        return;
      }
      case 'role': {
        const client = this.#joined(op.n);
        if (client?.config.mode === 'live' && !client.config.link)
          this.backend.forceRole(client, 'audience');
        return;
      }
      case 'guest':
        return this.#guest(op.room, op.act);
      case 'device':
        this.#deviceFailure = op;
        return;
      case 'prompt':
        this.#prompt(op.open);
        // Answers that nobody waits for any more are stopped as they come, not before.
        return this.#turn();
      case 'step':
        this.backend.step(op.count);
        return this.#turn();
      case 'task':
        return this.#turn();
      case 'settle':
        await this.backend.flush();
    }
  }

  /** No more failures; everything is answered until nothing changes any more. */
  async quiesce(): Promise<void> {
    this.backend.heal();
    this.#deviceFailure = null;
    this.#prompt(false);
    this.backend.scheduler.manual = false;
    let before = '';
    for (let calm = 0; calm < 3;) {
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
      // Three rounds are longer than the longest patience (20 s) in this world's time.
      await new Promise((resolve) => this.#setTimeout(resolve, 20));
      await this.backend.flush();
      const now = this.#picture();
      calm = now === before ? calm + 1 : 0;
      before = now;
    }
  }

  async end(): Promise<void> {
    for (const arena of this.arenas) arena.replaceChildren();
    await this.quiesce();
    for (const arena of this.arenas) arena.remove();
    window.setTimeout = this.#setTimeout;
    removeEventListener('unhandledrejection', this.#onRejection);
    Reflect.deleteProperty(navigator.mediaDevices, 'getUserMedia');
  }

  #picture(): string {
    return JSON.stringify([
      this.backend.created.length,
      this.backend.joins,
      this.backend.created.map(({ calls, state }) => [calls.length, state]),
      this.tracks.length,
      this.live.length,
      this.arenas.map(({ innerHTML }) => innerHTML),
    ]);
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#setTimeout(resolve));
  }

  #joined(n: number): FakeClient | undefined {
    const { joined } = this.backend;
    return joined[n % (joined.length || 1)];
  }

  #put(element: HTMLElement, where: number): void {
    const isRoom = this.rooms.includes(element as RtcRoom);
    const places: HTMLElement[] = isRoom ? this.arenas : [...this.rooms, ...this.arenas];
    if (!isRoom && element !== this.link) places.push(this.link);
    pick(places, where).append(element);
  }

  #clone(element: HTMLElement, where: number): void {
    if (element === this.link || this.movable.length > 9) return;
    const copy = element.cloneNode(true) as HTMLElement;
    if (this.rooms.includes(element as RtcRoom)) {
      this.rooms.push(copy as RtcRoom);
      for (const child of copy.querySelectorAll('rtc-cross-room-link')) child.remove();
      this.locals.push(...copy.querySelectorAll<RtcLocalStream>('rtc-local-stream'));
      this.remotes.push(...copy.querySelectorAll<HTMLElement>('rtc-remote-stream'));
    } else if (this.locals.includes(element as RtcLocalStream))
      this.locals.push(copy as RtcLocalStream);
    else this.remotes.push(copy);
    this.#put(copy, where);
  }

  #guest(room: '1' | '2', act: 'publish' | 'unpublish' | 'leave' | 'mute'): void {
    let guest = this.#guests.get(room);
    if (act === 'leave') {
      guest?.leave();
      this.#guests.delete(room);
      return;
    }
    if (!guest)
      this.#guests.set(
        room,
        (guest = this.backend.addUser(room, `guest${room}`, { mode: 'live' })),
      );
    if (act === 'unpublish') guest.unpublish();
    else guest.publish({ videoMuted: act === 'mute' });
  }

  #prompt(open: boolean): void {
    const waiting = this.#open;
    this.#open = open ? (waiting ?? []) : null;
    if (!open) for (const answer of waiting ?? []) answer();
  }

  async #capture({ audio, video }: MediaStreamConstraints): Promise<MediaStream> {
    const open = this.#open;
    if (open) await new Promise<void>((resolve) => open.push(resolve));
    await Promise.resolve();
    const failure = this.#deviceFailure;
    if (failure && (failure.kind === 'audio' ? audio : video))
      throw new DOMException('no', failure.name);
    const kinds = [audio && 'audio', video && 'video'].filter(
      (kind) => kind === 'audio' || kind === 'video',
    );
    const tracks = kinds.flatMap((kind) => makeTrack(kind, 'me') ?? []);
    this.tracks.push(...tracks);
    return new MediaStream(tracks);
  }
}

function pick<T>(all: readonly T[], n: number): T {
  // Never empty: the world begins with some of each.
  return all[n % all.length] as T;
}

function write(element: HTMLElement, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}
