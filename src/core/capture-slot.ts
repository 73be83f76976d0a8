import type { StreamType, TrackKind } from '../drivers/driver.js';
import type { Device } from './devices.js';
import { RtcError, textOf } from './errors.js';
import type { TrackProcessor } from './types.js';

/** One track from the moment it is asked for until it is released. */
export class Capture {
  source: MediaStreamTrack | null = null;
  /** What the page's processor makes of the source; without one the source itself. */
  track: MediaStreamTrack | null = null;
  /** What it is captured for; another key needs another capture. */
  readonly key: string | null;
  readonly #over = new AbortController();

  /** @param foreign The source is the page's: never stopped, never switched off. */
  constructor(
    readonly slot: Slot,
    readonly foreign: boolean,
  ) {
    this.key = slot.wanted;
  }

  get released(): boolean {
    return this.#over.signal.aborted;
  }

  get deviceId(): string | undefined {
    return this.source?.getSettings().deviceId;
  }

  /** @throws RtcError `argument` when the processor fails; nothing unprocessed gets out then */
  async fill(
    source: MediaStreamTrack,
    processor: TrackProcessor | null | undefined,
    ended: () => void,
  ): Promise<void> {
    const { signal } = this.#over;
    const { kind } = this.slot;
    this.source = source;
    source.addEventListener('ended', ended, { signal });
    if (!processor || signal.aborted) {
      this.track = source;
    } else {
      try {
        this.track = await processor(source, { kind, signal });
        if ((this.track as MediaStreamTrack | undefined)?.kind !== kind)
          throw new TypeError(`it gave no ${kind} track`);
      } catch (cause) {
        if (!signal.aborted) this.slot.drop();
        throw new RtcError(
          'argument',
          `trackProcessor failed (${textOf(cause)}); no ${kind} is sent without it.`,
          { cause },
        );
      }
    }
    if (signal.aborted) this.release();
  }

  /** Stops what is ours of it; what comes later stops as it comes. */
  release(): void {
    this.#over.abort();
    if (!this.foreign) this.source?.stop();
    if (this.track !== this.source) this.track?.stop();
  }

  enable(enabled: boolean): void {
    for (const track of [this.source, this.track]) {
      if (track && !(this.foreign && track === this.source)) track.enabled = enabled;
    }
  }
}

export type Attribute = 'audio' | 'video' | 'screen';

/** A place for one track in the local streams: what is there, and what is on its way. */
export class Slot {
  wanted: string | null = null;
  held: Capture | null = null;
  next: Capture | null = null;
  /** What could not be captured; not asked for again while it is the same. */
  failed: { key: string | null; error: RtcError } | null = null;
  /** The track ended by itself and has no successor yet. */
  lost = false;
  /** The id of a device that is not there any more; the default one stands in for it. */
  unplugged: string | undefined;

  constructor(
    readonly type: StreamType,
    readonly kind: TrackKind,
    readonly device: Device,
    readonly attribute: Attribute,
  ) {}

  /** @returns whether it is to be captured now */
  want(key: string | null): boolean {
    this.wanted = key;
    if (this.next?.key !== key) this.cancel();
    if (this.failed?.key !== key) this.failed = null;
    if (key === null) {
      this.drop();
      this.lost = false;
    }
    return key !== null && this.held?.key !== key && !this.next && this.failed?.key !== key;
  }

  drop(): void {
    this.held?.release();
    this.held = null;
  }

  cancel(): void {
    this.next?.release();
    this.next = null;
  }

  keep(capture: Capture): void {
    this.held?.release();
    this.held = capture;
    this.next = this.failed = null;
    this.lost = false;
  }
}
