import type { Client, ClientEvent, UserRole } from '../drivers/driver.js';
import { settle } from './async.js';
import { toRtcError } from './errors.js';
import type { Joined } from './join-room.js';
import { identityOf } from './plan.js';
import { Roster, type RosterHost } from './roster.js';
import type { RoomWish } from './types.js';

/** One client's stay in one room, from the confirmed join to its end. */
export class Stay extends Roster {
  readonly client: Client;
  /** As joined: with what the token's answer named. */
  readonly wish: RoomWish;
  /** What the stay is bound to. */
  readonly identity: string;
  /** The `user-data` that the page has set. */
  wishedData: string;
  role: UserRole;
  /** A switch was called off when its token had been asked for: that alone may have switched. */
  unsure: boolean | undefined;
  speakers: readonly string[] = [];
  readonly #over = new AbortController();
  /** Aborted at the end. */
  readonly gone = this.#over.signal;

  /**
   * @param wished What the page wanted then.
   */
  constructor(
    readonly joined: Joined,
    wished: RoomWish,
    host: RosterHost,
  ) {
    const { client, result, wish } = joined;
    super(wish.roomId ?? '', host);
    this.identity = identityOf(wished);
    this.wishedData = wished.userData;
    this.client = client;
    this.wish = wish;
    this.role = result.role;
  }

  /** @returns whether the event changed what there is to see, or to receive */
  override apply(event: ClientEvent): boolean {
    if (super.apply(event)) return true;
    if (event.type === 'active-speakers') {
      this.speakers = event.userIds;
      for (const one of this.streams) one.speaking = event.userIds.includes(one.userId);
      return true;
    }
    if (event.type !== 'track' && event.type !== 'stream-health') return false;
    const stream = this.stream(event.streamId);
    if (!stream) return false;
    if (event.type === 'stream-health') {
      stream.failure = event.error ? toRtcError(event.error) : null;
    } else {
      if (event.track) stream.subscribed = true;
      const { afterglow } = this.host;
      if (afterglow) afterglow.take(stream, event.kind, event.track);
      else stream[`${event.kind}Track`] = event.track;
    }
    return true;
  }

  /**
   * What the back end answers in time, and before the end.
   * @throws RtcError `aborted` or `timeout`
   */
  answer<T>(asked: Promise<T>, ms: number, what?: string): Promise<T> {
    return settle(asked, { signal: this.gone, ms, what });
  }

  /** Out of reach; what is received may still come. */
  lose(): void {
    this.#over.abort();
  }

  override end(): void {
    this.lose();
    super.end();
    this.client.destroy();
  }
}
