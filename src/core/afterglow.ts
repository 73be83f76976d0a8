import type { StreamInfo, TrackKind } from '../drivers/driver.js';
import type { RemoteStream } from './remote-stream.js';
import type { Stay } from './stay.js';

/** Milliseconds from the next join on for which what is not there again plays on. */
const PATIENCE = 10_000;

/** A stay whose connection to the server is lost: its media plays on until the next stay has it. */
export class Afterglow {
  readonly #old = new Set<MediaStreamTrack | null>();
  readonly #again = new Set<RemoteStream>();
  readonly #puts = new Set<() => void>();
  #drained = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  over = false;

  /** @param changed Streams have other tracks, or are gone. */
  constructor(
    /** Its streams are those that are not there again. */
    readonly stay: Stay,
    private readonly changed: () => void,
  ) {
    stay.lose();
    for (const { audioTrack, videoTrack } of this.stay.streams)
      this.#old.add(audioTrack).add(videoTrack);
    this.#old.delete(null);
  }

  /** The next stay has begun. */
  fade(): void {
    this.#timer = setTimeout(() => this.end(), PATIENCE);
    void Promise.resolve(this.stay.client.drained?.()).then(() => {
      this.#drained = true;
      this.#check();
    });
  }

  /** The stream that was this one before. */
  again(info: StreamInfo): RemoteStream | undefined {
    const stream = this.stay.handOver(info);
    if (stream) this.#again.add(stream);
    return stream;
  }

  /** Takes a track of the next stay, at once or when something arrives on it. */
  take(stream: RemoteStream, kind: TrackKind, track: MediaStreamTrack | null): void {
    const key = `${kind}Track` as const;
    const put = (): void => {
      this.#puts.delete(put);
      if (this.#old.has(stream[key])) stream[key] = track;
      this.#check();
      this.changed();
    };
    if (track?.muted && this.#old.has(stream[key])) {
      this.#puts.add(put);
      track.addEventListener('unmute', put, { once: true });
    } else {
      stream[key] = track;
      this.#check();
    }
  }

  /** Idempotent. */
  end(): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.#timer);
    for (const put of this.#puts) put();
    this.#old.clear();
    this.stay.end();
    this.changed();
  }

  #check(): void {
    const waits = [...this.#again].some(
      ({ audioTrack, videoTrack }) => this.#old.has(audioTrack) || this.#old.has(videoTrack),
    );
    if (this.#drained && !waits && !this.stay.streams.length) this.end();
  }
}
