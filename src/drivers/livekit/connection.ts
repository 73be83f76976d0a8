import type { DisconnectReason, Room, RoomConnectOptions } from 'livekit-client';
import { settle, throwIfAborted } from '../../core/async.js';
import { isTransient, toRtcError, type RtcError } from '../../core/errors.js';
import type { EndReason } from '../driver.js';
import { answers } from './addresses.js';
import { asks, noteTransports, whenFlowing } from './engine.js';
import { endOf, fromLivekit, noRoute } from './errors.js';
import { Failover, type FailoverHost } from './failover.js';

/** Milliseconds for the word of one address: when there are others; when it is asked again. */
const ATTEMPT = 5_000;
const PATIENCE = 10_000;
/** Milliseconds for the media to follow the word, as livekit-client gives it. */
const MEDIA = 15_000;

export interface ConnectionHost {
  /** The connection drops and is brought back. */
  interrupted(): void;
  /** It is in order again; `told`: it had been told to be interrupted. */
  back(told: boolean): void;
  /** The Room was connected anew: what was published is not any more. */
  restore(): void;
  failed(error: RtcError): void;
  ended(reason: EndReason, message: string): void;
}

/** A Room's way into its room, to another node when its own is dead, and out. */
export class Connection implements FailoverHost {
  readonly answers = answers;
  token = '';
  /** Resolves when media can flow: over this node or, when it dies before, over the next. */
  media = Promise.resolve();
  #flows: (() => void) | null = null;
  #blocked: ReturnType<typeof setTimeout> | undefined;

  /** There from the end of the join on. */
  #failover: Failover | null = null;
  #interrupted = false;
  /** The Room is being connected anew: what it says of that is no news. */
  #moving = false;

  /** @param gone Aborted when the client is destroyed. */
  constructor(
    readonly room: Room,
    private readonly addresses: readonly string[],
    private readonly options: RoomConnectOptions,
    private readonly gone: AbortSignal,
    private readonly host: ConnectionHost,
  ) {}

  get joined(): boolean {
    return !!this.#failover;
  }

  /** Whether what the Room shows is what is in the room: while it begins anew it is empty. */
  get settled(): boolean {
    return this.joined && !this.#interrupted && !this.#moving;
  }

  /** The node through which this user is in the room. */
  get address(): string {
    return this.#failover?.current ?? '';
  }

  async join(signal: AbortSignal): Promise<void> {
    const ms = this.addresses.length > 1 ? ATTEMPT : undefined;
    let failure: unknown;
    for (const address of this.addresses) {
      try {
        await this.#connect(address, signal, ms);
        this.#failover = new Failover(this.addresses, address, this);
        return;
      } catch (cause) {
        throwIfAborted(signal);
        failure = fromLivekit(cause);
        if (!isTransient(toRtcError(failure))) break;
      }
    }
    throw failure;
  }

  /** Joins the same node with the present token. */
  async renew(): Promise<void> {
    if (!this.#failover) return;
    try {
      await this.#rejoin(this.#failover.current, PATIENCE);
    } catch (error) {
      this.#dead();
      throw error;
    }
    this.#back();
  }

  stop(): void {
    clearTimeout(this.#blocked);
    this.#failover?.stop();
  }

  // What the Room tells.

  signalled(): void {
    this.room.options.adaptiveStream = false;
  }

  interrupted(): void {
    if (!this.#failover || this.#moving) return;
    this.#interrupt();
    this.#failover.interrupted();
  }

  restored(): void {
    if (!this.#failover || this.#moving) return;
    this.#failover.stop();
    this.#back();
  }

  disconnected(reason?: DisconnectReason): void {
    if (!this.joined || this.#moving) return;
    const [end, message] = endOf(reason);
    if (end === 'connection-lost') this.#dead();
    else this.host.ended(end, message);
  }

  /** Nothing arrives where something did: is the node that carries the media still there? */
  async silent(): Promise<void> {
    if (!this.settled || (await asks(this.room))) return;
    if (this.settled && !this.gone.aborted) this.#dead();
  }

  // What the failover asks for.

  async move(address: string, ms: number): Promise<void> {
    this.#interrupt();
    try {
      await this.#rejoin(address, ms);
    } catch (error) {
      throw fromLivekit(error);
    }
    this.#back();
  }

  gaveUp(error?: RtcError): void {
    this.host.ended('connection-lost', error?.message ?? endOf()[1]);
  }

  // The work.

  /**
   * To the node's word that this user is in; media follows.
   * @param ms How long it has for that; absent: as long as it takes.
   */
  async #connect(address: string, signal: AbortSignal, ms?: number): Promise<void> {
    const { room } = this;
    const transports = noteTransports(room);
    // Asks the node to begin with the smallest layer; what it sends afterwards is the driver's to say.
    room.options.adaptiveStream = true;
    if (!this.#flows) this.media = new Promise((resolve) => (this.#flows = resolve));
    clearTimeout(this.#blocked);
    const connected = room.connect(address, this.token, this.options);
    try {
      await settle(connected, { signal, ms, what: `LiveKit at ${address}` });
    } catch (error) {
      // Once it is destroyed the Room may be another client's.
      if (!this.gone.aborted) await room.disconnect(false);
      transports.close();
      throw error;
    } finally {
      transports.done();
    }
    this.#blocked = setTimeout(() => {
      if (this.gone.aborted) return;
      this.host.failed(noRoute());
      this.#dead();
    }, MEDIA);
    whenFlowing(room, () => {
      clearTimeout(this.#blocked);
      this.#flows?.();
      this.#flows = null;
    });
  }

  async #rejoin(address: string, ms: number): Promise<void> {
    this.#moving = true;
    try {
      await this.room.disconnect(false);
      throwIfAborted(this.gone);
      await this.#connect(address, this.gone, ms);
    } finally {
      this.#moving = false;
    }
    this.host.restore();
  }

  #interrupt(): void {
    if (!this.#interrupted) this.host.interrupted();
    this.#interrupted = true;
  }

  #dead(): void {
    this.#interrupt();
    this.#failover?.dead();
  }

  #back(): void {
    const told = this.#interrupted;
    this.#interrupted = false;
    this.host.back(told);
  }
}
