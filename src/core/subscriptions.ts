import type { DefaultSubscription, Subscription } from '../drivers/driver.js';
import { isTransient, RtcError } from './errors.js';
import { Lane, type Step } from './lane.js';
import type { RemoteStream } from './remote-stream.js';
import type { Stay } from './stay.js';

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
  readonly stay: Stay | null;
  /** Hears that something about a subscription has changed. */
  readonly views: { changed(): void };
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
        this.host.views.changed();
        return false;
      },
    );
    const entry: Entry = { lane, wanted: NOTHING, actual };
    this.#entries.set(stream, entry);
  }

  /** Forgets the streams that have ended, and all with the stay. */
  want(wanted: ReadonlyMap<RemoteStream, Subscription>): void {
    for (const [stream, entry] of this.#entries) {
      if (stream.ended || !this.host.stay) this.#entries.delete(stream);
      entry.wanted = wanted.get(stream) ?? NOTHING;
      entry.lane.poke();
    }
  }

  #next(stream: RemoteStream): Step | null {
    const entry = this.#entries.get(stream);
    const { stay } = this.host;
    if (!entry || !stay) return null;
    const { wanted } = entry;
    const key = keyOf(wanted);
    if (key === entry.actual) return null;
    const { client } = stay;
    const subscribed = wanted.audio || wanted.video;
    return {
      key,
      run: async (signal) => {
        const call = subscribed
          ? client.subscribe(stream.id, wanted, signal)
          : client.unsubscribe(stream.id, signal);
        await stay.answer(call, PATIENCE, `Subscribing to ${stream.userId}`);
        if (stream.ended) throw new RtcError('stream-gone', 'The stream is no longer published.');
        entry.actual = key;
        // That no media arrives is not mended by this.
        if (stream.failure === entry.refused) stream.failure = null;
        stream.subscribed = subscribed;
        if (!subscribed) stream.audioTrack = stream.videoTrack = null;
        this.host.views.changed();
      },
    };
  }
}

function keyOf({ audio, video, width, height }: Subscription): string {
  return audio || video ? [audio, video, width, height].join() : '';
}
