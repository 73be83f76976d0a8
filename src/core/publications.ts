import type { Client, Publication, StreamType } from '../drivers/driver.js';
import { settle } from './async.js';
import { isTransient, RtcError } from './errors.js';
import { Lane, type Step } from './lane.js';
import { STREAM_TYPES } from './plan.js';
import type { Publisher } from './types.js';

const PATIENCE = 15_000;

export interface PublicationsHost {
  /** Aborted when the client is gone; nothing waits for its answers any more. */
  readonly gone: AbortSignal | undefined;
  /** The joined client while this user is an anchor, else null. */
  readonly publishing: Client | null;
  /** What there is to publish may be another. */
  follow(): void;
}

interface Actual {
  client: Client;
  publisher: Publisher;
  key: string;
}

/** What is published under each stream type, on its way to what the publishers want. */
export class Publications {
  readonly publishers = new Set<Publisher>();
  #active = false;
  #actual = new Map<StreamType, Actual>();
  #refused = new WeakMap<Publisher, Set<StreamType>>();
  #lanes = STREAM_TYPES.map(
    (type) =>
      new Lane(
        () => this.#next(type),
        (error) => {
          const retried = isTransient(error);
          error.fatal = !retried;
          this.#wanted(type)?.[0].publishFailed(type, error);
          return retried;
        },
      ),
  );

  constructor(private readonly host: PublicationsHost) {}

  add(publisher: Publisher): () => void {
    this.publishers.add(publisher);
    this.#tell(publisher);
    this.poke();
    return () => {
      publisher.roomActive(false);
      this.publishers.delete(publisher);
      this.#refused.delete(publisher);
      this.poke();
    };
  }

  /** Whether local media is wanted. */
  activate(active: boolean): void {
    if (active === this.#active) return;
    this.#active = active;
    for (const publisher of this.publishers) this.#tell(publisher);
  }

  poke(): void {
    for (const type of STREAM_TYPES) this.#refuseSecond(type);
    for (const lane of this.#lanes) lane.poke();
    this.host.follow();
  }

  /** Everything there is to publish at this moment. */
  ready(): Publication[] {
    return STREAM_TYPES.flatMap((type) => this.#wanted(type)?.[1] ?? []);
  }

  /** The join has published these already. */
  confirm(types: readonly StreamType[], sent: readonly Publication[], client: Client): void {
    for (const publication of sent) {
      if (!types.includes(publication.type)) continue;
      const [publisher] = this.#wanted(publication.type) ?? [];
      if (!publisher) continue;
      this.#actual.set(publication.type, { client, publisher, key: keyOf(publication) });
      publisher.confirm(publication.type, publication);
    }
  }

  /** The client is gone, and with it all that it published. */
  clear(): void {
    for (const [type, { publisher }] of this.#actual) publisher.confirm(type, null);
    this.#actual.clear();
    this.poke();
  }

  /** A task later when it begins: opening devices takes the page's time, and the socket goes first. */
  #tell(publisher: Publisher): void {
    if (!this.#active) publisher.roomActive(false);
    else setTimeout(() => this.publishers.has(publisher) && publisher.roomActive(this.#active));
  }

  #wanted(type: StreamType): [Publisher, Publication] | undefined {
    for (const publisher of this.publishers) {
      const publication = publisher.publications().find((one) => one.type === type);
      if (publication) return [publisher, publication];
    }
    return undefined;
  }

  #refuseSecond(type: StreamType): void {
    const [first] = this.#wanted(type) ?? [];
    for (const publisher of this.publishers) {
      const refused = this.#refused.get(publisher) ?? new Set();
      this.#refused.set(publisher, refused);
      const second =
        publisher !== first && publisher.publications().some((one) => one.type === type);
      if (!second) {
        refused.delete(type);
      } else if (!refused.has(type)) {
        refused.add(type);
        publisher.publishFailed(
          type,
          new RtcError(
            'state',
            `Another rtc-local-stream publishes the ${type} stream of this room. Remove one, or set no-publish on it.`,
            { fatal: true },
          ),
        );
      }
    }
  }

  #next(type: StreamType): Step | null {
    const client = this.host.publishing;
    const [publisher, publication] = this.#wanted(type) ?? [];
    const found = this.#actual.get(type);
    const actual = found?.client === client ? found : undefined;
    if (!client) return null;
    if (!publisher || !publication) {
      if (!actual) return null;
      return { key: 'none', run: () => this.#withdraw(client, type, actual) };
    }
    const key = keyOf(publication);
    if (actual?.publisher === publisher && actual.key === key) return null;
    return {
      key,
      run: async (signal) => {
        await settle(client.publish(publication, signal), {
          signal: this.host.gone,
          ms: PATIENCE,
          what: 'Publishing',
        });
        if (this.host.publishing !== client) return;
        if (actual && actual.publisher !== publisher) actual.publisher.confirm(type, null);
        this.#actual.set(type, { client, publisher, key });
        publisher.confirm(type, publication);
      },
    };
  }

  async #withdraw(client: Client, type: StreamType, actual: Actual): Promise<void> {
    const { signal } = new AbortController();
    await settle(client.unpublish(type, signal), {
      signal: this.host.gone,
      ms: PATIENCE,
      what: 'Unpublishing',
    });
    if (this.#actual.get(type) !== actual) return;
    this.#actual.delete(type);
    actual.publisher.confirm(type, null);
  }
}

function keyOf(publication: Publication): string {
  const { audio, video, ...rest } = publication;
  return JSON.stringify([audio?.id, video?.id, rest]);
}
