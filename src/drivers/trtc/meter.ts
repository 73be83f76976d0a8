import type { ClientEvent } from '../driver.js';
import { loudest, Speakers, type Level } from '../shared/speakers.js';

const INTERVAL = 200;

export interface Sound {
  userId: string;
  /** Null: muted. */
  track: MediaStreamTrack | null;
}

interface Tap {
  analyser: AnalyserNode;
  source: MediaStreamAudioSourceNode;
}

/**
 * Who speaks, and how loud. The SDK measures only what it plays itself, and here the elements play:
 * so the tracks are listened to.
 */
export class Meter {
  /** Whether levels are told. */
  levels = false;
  #context: AudioContext | undefined;
  #taps = new Map<MediaStreamTrack, Tap>();
  /** Most of what is heard between two looks. */
  #samples = new Float32Array(8192);
  #speakers = new Speakers();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly sounds: () => readonly Sound[],
    private readonly emit: (event: ClientEvent) => void,
  ) {}

  start(): void {
    this.#timer ??= setInterval(() => this.#listen(), INTERVAL);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const track of [...this.#taps.keys()]) this.#untap(track);
    void this.#context?.close();
    this.#context = undefined;
  }

  #listen(): void {
    const sounds = this.sounds();
    // Before the first gesture it is refused, and each attempt is a warning on the console.
    if (this.#context?.state === 'suspended' && navigator.userActivation.hasBeenActive)
      this.#context.resume().catch(() => undefined);
    for (const track of [...this.#taps.keys()])
      if (!sounds.some((sound) => sound.track === track)) this.#untap(track);
    const levels: Level[] = loudest(
      sounds.map(({ userId, track }) => ({ userId, level: track ? this.#level(track) : 0 })),
    );
    const userIds = this.#speakers.update(levels, Date.now());
    if (userIds) this.emit({ type: 'active-speakers', userIds });
    if (this.levels && levels.length) this.emit({ type: 'audio-levels', levels });
  }

  /** The largest amplitude, 0–1, as WebRTC's own levels. */
  #level(track: MediaStreamTrack): number {
    const { analyser } = this.#taps.get(track) ?? this.#tap(track);
    analyser.getFloatTimeDomainData(this.#samples);
    return Math.min(
      1,
      this.#samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0),
    );
  }

  #tap(track: MediaStreamTrack): Tap {
    const context = (this.#context ??= new AudioContext());
    const analyser = context.createAnalyser();
    analyser.fftSize = this.#samples.length;
    const source = context.createMediaStreamSource(new MediaStream([track]));
    source.connect(analyser);
    const tap = { analyser, source };
    this.#taps.set(track, tap);
    return tap;
  }

  #untap(track: MediaStreamTrack): void {
    this.#taps.get(track)?.source.disconnect();
    this.#taps.delete(track);
  }
}
