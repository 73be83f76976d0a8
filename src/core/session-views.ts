import type { DefaultSubscription, Subscription } from '../drivers/driver.js';
import { wants } from './plan.js';
import type { RemoteStream } from './remote-stream.js';
import type { StreamView } from './stream-view.js';

/** The views of one session: what they want together, decided once per microtask. */
export class SessionViews extends Set<StreamView> {
  #due = false;

  /** @param decided Hears what the views want, all together. */
  constructor(private readonly decided: (wanted: ReadonlyMap<RemoteStream, Subscription>) => void) {
    super();
  }

  changed(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.match();
    });
  }

  match(): void {
    const sounding = new Set<RemoteStream>();
    const wanted = new Map<RemoteStream, Subscription>();
    for (const view of this) view.match(sounding, wanted);
    this.decided(wanted);
  }

  /** What to ask of streams that are not known yet. */
  get defaults(): DefaultSubscription {
    const all = [...this].map((view) => view.defaults).filter(({ mode }) => mode !== 'none');
    const open = all.some(({ only }) => !only);
    const only = [...new Set(all.flatMap((one) => one.only ?? []))];
    return {
      audio: all.some(({ mode }) => wants(mode, 'audio')),
      video: all.some(({ mode }) => wants(mode, 'video')),
      ...(!open && only.length && { only }),
    };
  }
}

/** Tells once, until all is resumed, that the browser refuses to play. */
export class BlockedPlayback {
  #told = false;

  constructor(
    private readonly views: () => StreamView[],
    private readonly tell: (streams: RemoteStream[]) => void,
  ) {}

  changed(): void {
    if (!this.#streams.length) this.#told = false;
    else if (!this.#told) {
      this.#told = true;
      // Streams are refused one by one; those refused together are told at once.
      setTimeout(() => {
        const streams = this.#streams;
        if (streams.length) this.tell(streams);
        else this.#told = false;
      }, 50);
    }
  }

  get #streams(): RemoteStream[] {
    return this.views().flatMap((view) => view.blockedStreams);
  }
}
