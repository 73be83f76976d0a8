import { aborted, RtcError } from '../../core/errors.js';
import type {
  Client,
  ClientConfig,
  ClientEvent,
  ClientListener,
  Credentials,
  JoinRequest,
  JoinResult,
  Publication,
  StreamType,
  Subscription,
  UserRole,
} from '../driver.js';
import type { FakeBackend, FakeStep } from './backend.js';
import type { Member } from './room.js';

/** Members of a client that a back end may lack. */
export const CAPABILITIES = [
  'warm',
  'sendMessage',
  'kick',
  'setUserData',
  'updateToken',
  'setAudioLevels',
  'getStats',
] as const;
export type FakeCapability = (typeof CAPABILITIES)[number];

/** A client of the fake back end: what a driver's user sees, and what a test looks at. */
export class FakeClient implements Client {
  /** From `joining` on, what the core asked for. */
  request: JoinRequest | null = null;
  state: 'new' | 'joining' | 'joined' | 'ended' | 'destroyed' = 'new';
  /** Its place in the room while joined. */
  member: Member | null = null;
  warmed = false;
  /** The latest credentials, of the join, a role switch or a renewal. */
  credentials: Credentials = {};
  audioLevels = false;
  /** What it receives now, by stream id. */
  readonly subscribed = new Map<string, Subscription>();
  /** The media it has been handed, by stream id and kind. */
  readonly received = new Map<string, { source: unknown; track: MediaStreamTrack | null }>();
  /** Every call, by its name, in order. */
  readonly calls: string[] = [];

  constructor(
    private readonly backend: FakeBackend,
    readonly config: ClientConfig,
    private readonly listener: ClientListener,
  ) {
    for (const name of CAPABILITIES) {
      // A capability that is not there must be absent, not a method that fails.
      if (!backend.capabilities.has(name)) Object.defineProperty(this, name, { value: undefined });
    }
  }

  get native(): this {
    return this;
  }

  get published(): readonly StreamType[] {
    return [...(this.member?.streams.keys() ?? [])];
  }

  warm(): void {
    this.#called('warm');
    this.warmed = true;
  }

  join(request: JoinRequest, signal: AbortSignal): Promise<JoinResult> {
    this.#called('join');
    if (this.state !== 'new') this.backend.violations.push(`join() in state ${this.state}`);
    this.state = 'joining';
    this.request = request;
    this.credentials = request.credentials;
    this.backend.joins++;
    return this.#answer(
      'join',
      () => this.backend.enter(this, request),
      signal,
      () => this.destroy(),
    );
  }

  leave(): Promise<void> {
    this.#called('leave');
    return this.#answer('leave', () => {
      this.backend.exit(this, 'leave');
      if (this.state === 'joined') this.state = 'ended';
    });
  }

  destroy(): void {
    this.calls.push('destroy');
    if (this.state === 'destroyed') return;
    this.backend.exit(this, 'leave');
    this.state = 'destroyed';
    this.backend.forget(this);
  }

  switchRole(role: UserRole, credentials: Credentials, signal: AbortSignal): Promise<void> {
    this.#called('switchRole');
    return this.#answer(
      'switchRole',
      () => {
        this.credentials = credentials;
        this.backend.changeRole(this.#joined(), role);
      },
      signal,
    );
  }

  publish(publication: Publication, signal: AbortSignal): Promise<void> {
    this.#called('publish');
    const { audio, video } = publication;
    for (const track of [audio, video]) {
      if (track?.readyState === 'ended')
        this.backend.violations.push(`publish() with an ended ${track.kind} track`);
    }
    return this.#answer(
      'publish',
      () => {
        const member = this.#joined();
        if (member.role !== 'anchor') {
          throw new RtcError('forbidden', 'Only an anchor may publish.');
        }
        this.backend.publish(member, publication);
      },
      signal,
    );
  }

  unpublish(type: StreamType, signal: AbortSignal): Promise<void> {
    this.#called('unpublish');
    return this.#answer('unpublish', () => this.backend.unpublish(this.#joined(), type), signal);
  }

  subscribe(streamId: string, wanted: Subscription, signal: AbortSignal): Promise<void> {
    this.#called('subscribe');
    return this.#answer('subscribe', () => this.backend.subscribe(this, streamId, wanted), signal);
  }

  unsubscribe(streamId: string, signal: AbortSignal): Promise<void> {
    this.#called('unsubscribe');
    return this.#answer('unsubscribe', () => this.backend.subscribe(this, streamId, null), signal);
  }

  sendMessage(data: string, to?: readonly string[]): Promise<void> {
    this.#called('sendMessage');
    return this.#answer('sendMessage', () => this.backend.send(this.#joined(), data, to));
  }

  kick(userId: string): Promise<void> {
    this.#called('kick');
    return this.#answer('kick', () => {
      const { userId: own } = this.#joined();
      if (!this.backend.moderators.has(own)) {
        throw new RtcError('forbidden', 'The token does not let this user remove others.');
      }
      this.backend.remove(this.config.roomId, userId);
    });
  }

  setUserData(userData: string): Promise<void> {
    this.#called('setUserData');
    return this.#answer('setUserData', () => this.backend.describe(this.#joined(), userData));
  }

  updateToken(credentials: Credentials): Promise<void> {
    this.#called('updateToken');
    return this.#answer('updateToken', () => {
      this.credentials = credentials;
    });
  }

  setAudioLevels(wanted: boolean): void {
    this.#called('setAudioLevels');
    this.audioLevels = wanted;
  }

  /** Nothing here has a connection to count on. */
  getStats(): Promise<RTCStatsReport[]> {
    this.#called('getStats');
    return this.#answer('getStats', () => []);
  }

  /** Tells the client's owner, in its turn; nothing after `destroy()`. */
  emit(event: ClientEvent): void {
    this.backend.scheduler.add(() => {
      if (this.state === 'joined' || (this.state === 'ended' && event.type === 'ended'))
        this.listener(event);
    });
  }

  #called(name: string): void {
    this.calls.push(name);
    if (this.state === 'destroyed') this.backend.violations.push(`${name}() after destroy()`);
  }

  #joined(): Member {
    if (this.member) return this.member;
    throw new RtcError('state', 'The client is not in a room.');
  }

  /**
   * Answers in the queue's turn, as the backend's script says. An abort before that undoes the call;
   * after it, or scripted `late`, the call has happened.
   */
  #answer<T>(step: FakeStep, act: () => T, signal?: AbortSignal, undo?: () => void): Promise<T> {
    const script = this.backend.next(step);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        undo?.();
        reject(aborted(signal?.reason));
      };
      if (script !== 'never' && script !== 'late') {
        if (signal?.aborted) return abort();
        signal?.addEventListener('abort', abort, { once: true });
      }
      if (script === 'never') return;
      this.backend.scheduler.add(() => {
        if (signal?.aborted && script !== 'late') return;
        signal?.removeEventListener('abort', abort);
        try {
          // To be out already is what a leave wants.
          if (this.state === 'destroyed' && step !== 'leave') throw aborted();
          if (script instanceof RtcError) throw script;
          resolve(act());
        } catch (error) {
          // What failed is undone by the driver, too.
          undo?.();
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- always an RtcError
          reject(error);
        }
      });
    });
  }
}
