import type { Client, DefaultSubscription, Subscription } from '../drivers/driver.js';
import { settle } from './async.js';
import { isTransient, RtcError } from './errors.js';
import { Lane, type Step } from './lane.js';
import { widen } from './plan.js';
import type { RemoteStream } from './remote-stream.js';

const PATIENCE = 10_000;
const NOTHING: Subscription = { audio: false, video: false };

interface Entry {
  lane: Lane;
  wanted: Subscription;
  actual: string;
  /** Why the back end does not give it. */
  refused?: RtcError;
}

export interface SubscriptionsHost {
  /** Aborted when the client is gone; nothing waits for its answers any more. */
  readonly gone: AbortSignal | undefined;
  /** The joined client, or null. */
  readonly receiving: Client | null;
  /** Something about a subscription has changed. */
  viewChanged(): void;
}

/** What is received of each stream, on its way to what the views want: one lane for each stream. */
export class Subscriptions {
  #entries = new Map<RemoteStream, Entry>();

  constructor(private readonly host: SubscriptionsHost) {}

  /** A new stream, of which the join's default may already have asked something. */
  add(stream: RemoteStream, defaults: DefaultSubscription): void {
    const given = !defaults.only || defaults.only.includes(stream.userId);
    const actual = keyOf(given ? defaults : NOTHING);
    const lane: Lane = new Lane(
      () => this.#next(stream),
      (error) => {
        if (isTransient(error)) return true;
        if (error.code !== 'stream-gone') entry.refused = stream.failure = error;
        this.host.viewChanged();
        return false;
      },
    );
    const entry: Entry = { lane, wanted: NOTHING, actual };
    this.#entries.set(stream, entry);
  }

  /** @param views What each view wants; the union is received. */
  want(views: readonly ReadonlyMap<RemoteStream, Subscription>[]): void {
    for (const [stream, entry] of this.#entries) {
      entry.wanted = { ...NOTHING };
      for (const view of views) widen(entry.wanted, view.get(stream) ?? entry.wanted);
      entry.lane.poke();
    }
  }

  /** Forgets every stream but these. */
  keep(streams: ReadonlySet<RemoteStream>): void {
    for (const [stream, { lane }] of [...this.#entries]) {
      if (streams.has(stream)) continue;
      this.#entries.delete(stream);
      lane.poke();
    }
  }

  clear(): void {
    this.keep(new Set());
  }

  #next(stream: RemoteStream): Step | null {
    const entry = this.#entries.get(stream);
    const client = this.host.receiving;
    if (!entry || !client) return null;
    const { wanted } = entry;
    const key = keyOf(wanted);
    if (key === entry.actual) return null;
    return {
      key,
      run: async (signal) => {
        const call =
          wanted.audio || wanted.video
            ? client.subscribe(stream.id, wanted, signal)
            : client.unsubscribe(stream.id, signal);
        await settle(call, {
          signal: this.host.gone,
          ms: PATIENCE,
          what: `Subscribing to ${stream.userId}`,
        });
        if (this.#entries.get(stream) !== entry)
          throw new RtcError('stream-gone', 'The stream has ended.');
        entry.actual = key;
        // That no media arrives is not mended by this.
        if (stream.failure === entry.refused) stream.failure = null;
        const subscribed = wanted.audio || wanted.video;
        if (stream.subscribed !== subscribed) {
          stream.subscribed = subscribed;
          if (!subscribed) stream.audioTrack = stream.videoTrack = null;
        }
        this.host.viewChanged();
      },
    };
  }
}

function keyOf({ audio, video, width, height }: Subscription): string {
  return audio || video ? [audio, video, width, height].join() : '';
}
