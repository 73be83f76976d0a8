import type { Client, ClientEvent, DefaultSubscription, UserRole } from '../drivers/driver.js';
import { toRtcError } from './errors.js';
import type { Joined } from './join-room.js';
import { Roster, type RosterHost } from './roster.js';
import type { RoomWish } from './types.js';

/** One client's stay in one room, from the confirmed join to its end. */
export class Stay {
  readonly client: Client;
  readonly roster: Roster;
  readonly userId: string;
  readonly session: string | undefined;
  /** What the join asked to receive of everybody. */
  readonly defaults: DefaultSubscription;
  /** As joined: with what the token's answer named. */
  readonly wish: RoomWish;
  role: UserRole;
  speakers: readonly string[] = [];
  readonly #over = new AbortController();

  /**
   * @param identity What the stay is bound to.
   * @param wishedData The `user-data` that the page had set then.
   */
  constructor(
    joined: Joined,
    readonly identity: string,
    public wishedData: string,
    private readonly host: RosterHost,
  ) {
    const { client, result, wish, subscribe } = joined;
    this.client = client;
    this.wish = wish;
    this.defaults = subscribe;
    this.userId = result.userId;
    this.session = result.session;
    this.role = result.role;
    this.roster = new Roster(wish.roomId ?? '', host);
  }

  /** @returns whether the event changed what there is to see, or to receive */
  apply(event: ClientEvent): boolean {
    if (this.roster.apply(event)) return true;
    if (event.type === 'active-speakers') {
      this.speakers = event.userIds;
      for (const one of this.roster.streams) one.speaking = event.userIds.includes(one.userId);
      return true;
    }
    if (event.type !== 'track' && event.type !== 'stream-health') return false;
    const stream = this.roster.stream(event.streamId);
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

  /** Aborted at the end. */
  get gone(): AbortSignal {
    return this.#over.signal;
  }

  /** Out of reach; what is received may still come. */
  lose(): void {
    this.#over.abort();
  }

  end(): void {
    this.lose();
    this.roster.end();
    this.client.destroy();
  }
}
