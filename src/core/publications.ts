import type { Publication, StreamType } from '../drivers/driver.js';
import { isTransient, RtcError } from './errors.js';
import { Lane, type Step } from './lane.js';
import { STREAM_TYPES } from './plan.js';
import type { Stay } from './stay.js';
import type { Publisher } from './types.js';

const PATIENCE = 15_000;

export interface PublicationsHost {
  readonly stay: Stay | null;
  /** What there is to publish may be another. */
  follow(): void;
}

interface Actual {
  /** None any more when it went while the join published it. */
  publisher?: Publisher;
  key: string;
}

/** What is published under each stream type, on its way to what the publishers want. */
export class Publications {
  readonly publishers = new Set<Publisher>();
  #active = false;
  #actual = new Map<StreamType, Actual>();
  #refused: Record<StreamType, Publisher[]> = { main: [], auxiliary: [] };
  #lanes = STREAM_TYPES.map(
    (type) =>
      new Lane(
        () => this.#next(type),
        (error) => {
          error.fatal = !isTransient(error);
          const [publisher] = this.#wanted(type) ?? [];
          publisher?.publishFailed(type, error);
          // What nobody wants to be sent is not left on the air.
          return !error.fatal || !publisher;
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
  confirm(types: readonly StreamType[], sent: readonly Publication[]): void {
    for (const publication of sent) {
      if (!types.includes(publication.type)) continue;
      // What nobody wants by now is taken back by the next step.
      this.#confirm(this.#wanted(publication.type)?.[0], publication);
    }
  }

  /** The client is gone, and with it all that it published. */
  clear(): void {
    for (const [type, { publisher }] of this.#actual) publisher?.confirm(type, null);
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
      const publication = of(publisher, type);
      if (publication) return [publisher, publication];
    }
    return undefined;
  }

  #refuseSecond(type: StreamType): void {
    const [first] = this.#wanted(type) ?? [];
    const before = this.#refused[type];
    const refused = [...this.publishers].filter((one) => one !== first && of(one, type));
    this.#refused[type] = refused;
    for (const publisher of refused) {
      if (before.includes(publisher)) continue;
      const error = new RtcError(
        'state',
        `Another rtc-local-stream publishes the ${type} stream of this room. Remove one, or set no-publish on it.`,
        { fatal: true },
      );
      publisher.publishFailed(type, error);
    }
  }

  #next(type: StreamType): Step | null {
    const { stay } = this.host;
    if (stay?.role !== 'anchor') return null;
    const [publisher, publication] = this.#wanted(type) ?? [];
    const actual = this.#actual.get(type);
    const key = publication && keyOf(publication);
    if (actual?.publisher === publisher && actual?.key === key) return null;
    return {
      key: `${key}`,
      run: async (signal) => {
        const call = publication
          ? stay.client.publish(publication, signal)
          : // What is withdrawn half would not be known.
            stay.client.unpublish(type, new AbortController().signal);
        const what = publication ? 'Publishing' : 'Unpublishing';
        await stay.answer(call, PATIENCE, what);
        if (this.host.stay !== stay || stay.role !== 'anchor') return;
        this.#actual.delete(type);
        if (actual?.publisher !== publisher) actual?.publisher?.confirm(type, null);
        if (publication) this.#confirm(publisher, publication);
      },
    };
  }

  #confirm(publisher: Publisher | undefined, publication: Publication): void {
    const { type } = publication;
    this.#actual.set(type, { publisher, key: keyOf(publication) });
    publisher?.confirm(type, publication);
  }
}

function of(publisher: Publisher, type: StreamType): Publication | undefined {
  return publisher.publications().find((one) => one.type === type);
}

function keyOf(publication: Publication): string {
  const { audio, video, ...rest } = publication;
  return JSON.stringify([audio?.id, video?.id, rest]);
}
