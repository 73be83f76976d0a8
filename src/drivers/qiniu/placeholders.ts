/** Samples of which one level is made, and all since the last look: 21 and 341 ms at 48 kHz. */
const WINDOW = 1_024;
const HISTORY = 16 * WINDOW;

/**
 * Tracks that hold a place while nothing is sent, and the level of the track that is: one audio
 * context for each client, made when first needed.
 */
export class Placeholders {
  #context: AudioContext | undefined;
  #meter:
    | { track: MediaStreamTrack; source: MediaStreamAudioSourceNode; analyser: AnalyserNode }
    | undefined;

  audio(): MediaStreamTrack {
    const { stream } = this.#audio().createMediaStreamDestination();
    // A destination has one track, always.
    return stream.getAudioTracks()[0] as MediaStreamTrack;
  }

  /** Never a frame: a canvas that is not drawn on. */
  video(): MediaStreamTrack {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 2;
    canvas.getContext('2d');
    // The capture of a canvas has one track, always.
    return canvas.captureStream(0).getVideoTracks()[0] as MediaStreamTrack;
  }

  /**
   * The loudest of what was sent lately, 0–1; 0 until the page was touched, where the browser asks
   * for that.
   */
  level(track: MediaStreamTrack | null): number {
    if (this.#meter?.track !== track) this.#measure(track);
    const { analyser } = this.#meter ?? {};
    if (!analyser) return 0;
    const samples = new Float32Array(HISTORY);
    analyser.getFloatTimeDomainData(samples);
    let most = 0;
    for (let from = 0; from < HISTORY; from += WINDOW) {
      const some = samples.subarray(from, from + WINDOW);
      most = Math.max(most, some.reduce((sum, one) => sum + one * one, 0) / WINDOW);
    }
    return Math.min(1, Math.sqrt(most));
  }

  close(): void {
    this.#measure(null);
    void this.#context?.close();
    this.#context = undefined;
  }

  #audio(): AudioContext {
    return (this.#context ??= new AudioContext());
  }

  #measure(track: MediaStreamTrack | null): void {
    this.#meter?.source.disconnect();
    this.#meter = undefined;
    if (!track) return;
    const context = this.#audio();
    void context.resume();
    const source = context.createMediaStreamSource(new MediaStream([track]));
    const analyser = context.createAnalyser();
    analyser.fftSize = HISTORY;
    source.connect(analyser);
    this.#meter = { track, source, analyser };
  }
}
