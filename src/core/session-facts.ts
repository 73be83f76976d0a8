import type { ClientEvent, EndReason, UserRole } from '../drivers/driver.js';
import { Afterglow } from './afterglow.js';
import { RtcError, toRtcError } from './errors.js';
import { KICK_MESSAGE } from './kick-message.js';
import { log } from './logger.js';
import { checkId } from './plan.js';
import type { RemoteStream } from './remote-stream.js';
import type { Stay } from './stay.js';
import type {
  ConnectionState,
  LeaveReason,
  RemoteUser,
  RoomWish,
  SessionHost,
  TakenBack,
} from './types.js';

/** Something whose stay depends on this one: a link. */
export interface Follower {
  follow(): void;
}

/** Why the user is out although nobody asked to leave. */
export interface Ending {
  reason: LeaveReason;
  message: string;
  by?: string;
}

/** What is true of a room, and what can be done inside it. */
export abstract class SessionFacts {
  /** What keeps the wish from being true. */
  error: RtcError | null = null;
  ended: Ending | null = null;
  state: ConnectionState = 'disconnected';
  /** Seconds until the token endpoint is asked again. */
  waiting: number | null = null;

  stay: Stay | null = null;
  /** The connection is lost; while it is being brought back, what was received is shown on. */
  afterglow: Afterglow | null = null;
  wanted: RoomWish | null = null;

  constructor(protected readonly host: SessionHost) {}

  get inRoom(): boolean {
    return !!this.stay;
  }

  get role(): UserRole | null {
    return this.stay?.role ?? null;
  }

  get userId(): string | null {
    return this.stay?.joined.result.userId ?? this.wanted?.userId ?? null;
  }

  get users(): readonly RemoteUser[] {
    return this.stay?.users ?? [];
  }

  get streams(): readonly RemoteStream[] {
    return this.stay?.streams ?? [];
  }

  /** What there is to show: also what still plays while the connection is lost. */
  get shown(): readonly RemoteStream[] {
    return [...this.streams, ...(this.afterglow?.stay.streams ?? [])];
  }

  get client(): unknown {
    return this.stay?.client.native ?? null;
  }

  /** Ids of the users who speak. */
  get speakers(): readonly string[] {
    return this.stay?.speakers ?? [];
  }

  /** The wish as it was joined, with what the token named; else the wish. */
  get wish(): RoomWish | null {
    return this.stay?.wish ?? this.wanted;
  }

  async sendMessage(data: string, to?: string | string[]): Promise<void> {
    const { client } = this.#inside();
    if (typeof data !== 'string') {
      throw new RtcError(
        'argument',
        'A message is a string; use JSON.stringify() for anything else.',
      );
    }
    if (!client.sendMessage) throw this.#unsupported('messages');
    const users = to == null ? undefined : [to].flat();
    for (const id of users ?? []) checkId('Each receiver’s id', id);
    await client.sendMessage(data, users);
  }

  async kick(userId: string): Promise<void> {
    const { client } = this.#inside();
    checkId('The user’s id', userId);
    try {
      if (client.kick) return await client.kick(userId);
    } catch (error) {
      if (toRtcError(error).code !== 'forbidden') throw error;
    }
    await this.sendMessage(KICK_MESSAGE, userId);
  }

  getRemoteUser(userId: string): RemoteUser | undefined {
    return this.stay?.user(userId);
  }

  async getStats(): Promise<RTCStatsReport[]> {
    const { client } = this.#inside();
    if (!client.getStats) throw this.#unsupported('statistics');
    return client.getStats();
  }

  /** The wish was refused: it is taken back, and told by its attribute's name. */
  protected refuse(error: RtcError, attribute: string, wish: TakenBack): void {
    error.fatal = true;
    this.takeBack(wish);
    this.report(error, [attribute]);
  }

  protected takeBack(wish: TakenBack): void {
    if (this.wanted) this.wanted = { ...this.wanted, ...wish };
    this.host.revert(wish);
  }

  /** The connection is lost: what is received is shown on. */
  protected playOn(stay: Stay, changed: () => void): void {
    const glow = new Afterglow(stay, () => {
      if (glow.over && this.afterglow === glow) this.afterglow = null;
      changed();
    });
    this.afterglow = glow;
  }

  /** What is only passed on. */
  protected tell(event: ClientEvent): void {
    const { host } = this;
    if (event.type === 'active-speakers') {
      host.emit('rtc-active-speaker-changed', { userIds: event.userIds });
    } else if (event.type === 'network-quality') {
      host.emit('rtc-network-quality', { uplink: event.uplink, downlink: event.downlink });
    } else if (event.type === 'audio-levels') {
      if (this.wanted?.audioLevels) host.emit('rtc-audio-level', { levels: event.levels });
    } else if (event.type === 'error') this.report(toRtcError(event.error));
  }

  protected banned(reason: Removal, message: string): void {
    this.ended = { reason, message };
    this.setState('disconnected', { reason });
    if (reason !== 'token-expired') this.host.emit('rtc-client-banned', { reason, message });
  }

  report(error: RtcError, reverted: string[] = []): void {
    error.provider ??= this.wanted?.provider;
    log('warn', error.code, error.message);
    this.host.changed();
    this.host.emit('rtc-error', { error, reverted });
  }

  protected setState(
    state: ConnectionState,
    more: { reason?: LeaveReason; error?: RtcError } = {},
  ): void {
    const previousState = this.state;
    if (state === previousState) return;
    this.state = state;
    this.host.changed();
    this.host.emit('rtc-connection-state-changed', { state, previousState, ...more });
  }

  #inside(): Stay {
    if (this.stay) return this.stay;
    throw new RtcError('state', 'Join the room first.');
  }

  #unsupported(what: string): RtcError {
    return new RtcError(
      'unsupported',
      `The back end ${this.wanted?.provider ?? ''} has no ${what}.`,
    );
  }
}

export type Removal = Exclude<EndReason, 'connection-lost'>;

/** The reason for which the back end refuses a rejoin, when that is what a vendor code says. */
export function endReason(code: unknown): Removal | undefined {
  return (['kick', 'banned', 'room_disband', 'token-expired'] as const).find((one) => one === code);
}
