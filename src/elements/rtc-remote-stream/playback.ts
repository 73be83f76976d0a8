import type { RemoteStream } from '../../core/remote-stream.js';
import type { StreamView } from '../../core/stream-view.js';
import type { PlaybackState, Sink, SubscribeMode } from '../../core/types.js';
import type { StreamType } from '../../drivers/driver.js';
import { Player } from './player.js';
import type { RtcRemoteStream } from './rtc-remote-stream.js';

/** Sizes are told in steps of device pixels, or each pixel of a resize would be a message. */
const STEP = 64;

const steps = (length: number): number => Math.ceil((length * devicePixelRatio) / STEP) * STEP;

/** The subscription that a remote-stream element is, from the first view on that it can take streams of. */
export class Playback extends Player implements Sink {
  state: PlaybackState = 'waiting';
  /** What the view has decided on. */
  shown: RemoteStream | null = null;
  width = 0;
  height = 0;

  #view: StreamView | null = null;
  #remove: (() => void) | undefined;
  #sounds = false;
  #subscribed = false;
  #onScreen = false;
  #watcher: IntersectionObserver | undefined;

  constructor(readonly node: RtcRemoteStream) {
    super(node.media, () => node.changed());
    this.sized();
  }

  get userId(): string | undefined {
    return this.node.userId;
  }
  get streamType(): StreamType {
    return this.node.streamType;
  }
  get subscribe(): SubscribeMode | undefined {
    return this.node.subscribe;
  }
  get stream(): RemoteStream | undefined {
    return this.node.stream;
  }
  get tile(): boolean {
    return this.node.tile;
  }
  get visible(): boolean {
    return this.node.when !== 'visible' || this.#onScreen;
  }
  /** Whether there is a picture to be seen. */
  get picture(): boolean {
    const stream = this.shown;
    return !!stream?.videoTrack && stream.hasVideo && !stream.videoMuted;
  }

  /** The element has other wishes, or stands in another room. */
  update(): void {
    const { node } = this;
    const view = node.home?.view ?? null;
    if (view !== this.#view) {
      this.#remove?.();
      this.#view = view;
      this.#remove = view?.addSink(this);
      if (!view) this.assigned(null, false);
    } else view?.sinkChanged(this);
    this.#watch(node.when === 'visible');
    this.#play(false);
    const { video } = this;
    if (video.volume !== node.volume) video.volume = node.volume;
    const speaker = node.home?.speakerId ?? '';
    if ('setSinkId' in video && video.sinkId !== speaker) {
      // A loudspeaker that is not there any more: the default one goes on.
      video.setSinkId(speaker).catch(() => undefined);
    }
  }

  /** The element is gone. */
  end(): void {
    this.#remove?.();
    this.#remove = undefined;
    this.#view = null;
    this.#watch(false);
    this.assigned(null, false);
  }

  assigned(stream: RemoteStream | null, sounds: boolean): void {
    const fresh = stream !== this.shown;
    if (fresh) {
      this.#setSubscribed(false);
      // What has ended stays told until something else is there.
      if (!stream && this.shown?.ended) this.#setState('ended', this.shown);
      else if (stream) this.#setState('waiting', stream);
    }
    this.shown = stream;
    this.#sounds = sounds;
    this.#setSubscribed(!!stream?.subscribed);
    this.#play(fresh);
    this.node.changed();
  }

  /** The element has another size. */
  sized(): void {
    const [w, h] = [steps(this.node.width), steps(this.node.height)];
    if (w === this.width && h === this.height) return;
    this.width = w;
    this.height = h;
    this.#view?.sinkChanged(this);
  }

  /** Writes what is true into the element's states. */
  reflect(): void {
    const { node, shown: stream, blocked, playing } = this;
    const unwanted = !this.#subscribed && (this.#view?.modeOf(this) === 'none' || !this.visible);
    if (stream && !unwanted) {
      const media = playing ? 'playing' : 'subscribing';
      this.#setState(stream.failure ? 'failed' : blocked ? 'blocked' : media, stream);
    } else if (this.state !== 'ended') this.#setState('waiting', stream);
    node.mark('speaking', !!stream?.speaking && !stream.audioMuted);
    node.mark('muted', !!stream?.audioMuted);
    node.mark('blocked', blocked);
    if (stream && blocked) this.#view?.playbackBlocked(this, stream);
    else this.#view?.playbackResumed(this);
  }

  onCommand(command: string): void {
    const { node } = this;
    if (command === '--picture-in-picture') {
      void (
        document.pictureInPictureElement
          ? document.exitPictureInPicture()
          : this.video.requestPictureInPicture()
      ).catch(() => undefined);
    } else if (command === '--fullscreen') {
      void (
        document.fullscreenElement ? document.exitFullscreen() : node.requestFullscreen()
      ).catch(() => undefined);
    }
  }

  #play(fresh: boolean): void {
    const stream = this.shown;
    const tracks = stream
      ? [this.picture && stream.videoTrack, stream.audioTrack].filter((track) => !!track)
      : [];
    this.show(tracks, this.#sounds && !this.node.muted, fresh);
  }

  #setSubscribed(subscribed: boolean): void {
    const stream = this.shown;
    if (!stream || subscribed === this.#subscribed) return;
    this.#subscribed = subscribed;
    if (!subscribed) this.playing = false;
    this.node.emit(subscribed ? 'rtc-stream-subscribed' : 'rtc-stream-unsubscribed', { stream });
  }

  #setState(state: PlaybackState, stream: RemoteStream | null): void {
    const { node, state: previousState } = this;
    if (state === previousState) return;
    this.state = state;
    node.setAttribute('playback-state', state);
    node.emit('rtc-playback-state-changed', { state, previousState, stream });
    const error = state === 'failed' && stream?.failure;
    if (error) node.emit('rtc-error', { error, reverted: [] });
  }

  #watch(wanted: boolean): void {
    if (wanted === !!this.#watcher) return;
    this.#watcher?.disconnect();
    this.#watcher = undefined;
    this.#onScreen = false;
    if (!wanted) return;
    this.#watcher = new IntersectionObserver((entries) => {
      this.#onScreen = !!entries.at(-1)?.isIntersecting;
      this.#view?.sinkChanged(this);
    });
    this.#watcher.observe(this.node);
  }
}
