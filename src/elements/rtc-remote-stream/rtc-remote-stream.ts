import { html, type PropertyValues, type TemplateResult } from 'lit';
import type { RemoteStream } from '../../core/remote-stream.js';
import type { StreamView } from '../../core/stream-view.js';
import type { PlaybackState, Sink, SubscribeMode } from '../../core/types.js';
import type { StreamType } from '../../drivers/driver.js';
import { icon } from '../../icons.js';
import { baseStyles } from '../shared/base.styles.js';
import { flag, number, object, wishes, word } from '../shared/rtc-element.js';
import { nameOf, renderStatus, renderTile, tint } from '../shared/tile.js';
import { TileElement } from '../shared/tile-element.js';
import { tileStyles } from '../shared/tile.styles.js';
import type { Player } from './player.js';

/** Sizes are told in steps of device pixels, or each pixel of a resize would be a message. */
const STEP = 64;

/**
 * A remote stream: is the subscription, and plays it.
 *
 * @tag rtc-remote-stream
 * @attr {string} user-id - Whose stream; absent: any that no other element has.
 * @attr {'main'|'auxiliary'} [stream-type=main] - Camera and microphone, or the screen.
 * @attr {'all'|'audio'|'video'|'none'} subscribe - Beats the room's.
 * @attr {'always'|'visible'} [when=always] - `visible`: receive the picture only while on screen.
 * @attr {boolean} muted - Do not sound.
 * @attr {number} [volume=1] - 0–1.
 * @attr {'contain'|'cover'} fit - How the picture fills the tile; screens `contain`, cameras `cover`.
 * @attr {string} for - Id of the room or link.
 * @attr {string} playback-state - Reflected, read-only.
 *
 * @slot placeholder - Shown while there is no picture.
 * @slot label - Instead of the name.
 * @slot blocked - Instead of the button that resumes blocked playback.
 *
 * @csspart video - The media element.
 * @csspart label - The pill with the name.
 * @csspart badge - The crossed-out microphone in it.
 * @csspart placeholder - What is shown while there is no picture.
 * @csspart resume - The button that resumes blocked playback.
 * @csspart button - The same.
 * @csspart status - Says that no media arrives.
 * @csspart message - Its sentence.
 *
 * @cssstate speaking - The user speaks.
 * @cssstate muted - The user's microphone is off.
 * @cssstate blocked - The browser refuses to play without a gesture.
 *
 * @event {RtcStreamSubscribedEvent} rtc-stream-subscribed
 * @event {RtcStreamUnsubscribedEvent} rtc-stream-unsubscribed
 * @event {RtcPlaybackStateChangedEvent} rtc-playback-state-changed
 * @event {RtcRequestEvent} rtc-request
 * @event {RtcErrorEvent} rtc-error
 */
export class RtcRemoteStream extends TileElement implements Sink {
  static override styles = [baseStyles, tileStyles];

  static {
    wishes(this, {
      userId: word(),
      streamType: word('main'),
      subscribe: word(),
      when: word('always'),
      muted: flag,
      volume: number,
      fit: word(),
      for: word(),
      room: object,
      stream: object,
    });
  }

  declare userId?: string;
  declare streamType: StreamType;
  declare subscribe?: SubscribeMode;
  declare when: 'always' | 'visible';
  declare muted: boolean;
  declare volume: number;
  declare fit?: 'contain' | 'cover';
  declare for?: string;
  /** The room or link whose stream it shows. */
  declare room?: Element | null;
  /** This very stream, whatever the ids say. */
  declare stream?: RemoteStream;

  /** @internal A tile of a layout. */
  tile = false;
  /** @internal */
  readonly node: Node = this;
  /** @internal In device pixels. */
  width = 0;
  /** @internal */
  height = 0;

  #view: StreamView | null = null;
  #remove: (() => void) | undefined;
  #shown: RemoteStream | null = null;
  #sounds = false;
  #subscribed = false;
  #state: PlaybackState = 'waiting';
  #onScreen = false;
  #watcher: IntersectionObserver | undefined;
  #player: Player | null = null;

  get playbackState(): PlaybackState {
    return this.#state;
  }

  /** @internal */
  get visible(): boolean {
    return this.when !== 'visible' || this.#onScreen;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#player?.revive();
  }

  /** Plays what the browser has refused to play, all over the room; call it in a gesture. */
  async resume(): Promise<void> {
    await this.#view?.startPlayback();
  }

  /** @internal */
  async unblock(): Promise<void> {
    await this.#player?.resume();
  }

  /** @internal */
  override sized(width: number, height: number): void {
    const steps = (length: number): number => Math.ceil((length * devicePixelRatio) / STEP) * STEP;
    const [w, h] = [steps(width), steps(height)];
    if (w === this.width && h === this.height) return;
    this.width = w;
    this.height = h;
    this.#view?.sinkChanged(this);
  }

  /** @internal */
  assigned(stream: RemoteStream | null, sounds: boolean): void {
    const fresh = stream !== this.#shown;
    if (fresh) {
      this.#setSubscribed(false);
      // What has ended stays told until something else is there.
      if (!stream && this.#shown?.ended) this.#setState('ended', this.#shown);
      else if (stream) this.#setState('waiting', stream);
    }
    this.#shown = stream;
    this.#sounds = sounds;
    if (stream && !this.#player) this.#equip();
    this.#setSubscribed(!!stream?.subscribed);
    this.#play(fresh);
    this.changed();
  }

  /** Where there is a stream the core is loaded, so the player is there in a microtask. */
  #equip(): void {
    void this.engine(({ Player }) => {
      this.#player ??= new Player(this.media, () => this.changed());
      this.#play(true);
      this.changed();
    });
  }

  protected override carryOut(): void {
    const view = this.home?.view ?? null;
    if (view !== this.#view) {
      this.#remove?.();
      this.#view = view;
      this.#remove = view?.addSink(this);
      if (!view) this.assigned(null, false);
    } else view?.sinkChanged(this);
    this.#watch(this.when === 'visible');
    this.#play(false);
    const video = this.media;
    if (video.volume !== this.volume) video.volume = this.volume;
    const speaker = this.home?.speakerId ?? '';
    if ('setSinkId' in video && video.sinkId !== speaker) {
      // A loudspeaker that is not there any more: the default one goes on.
      video.setSinkId(speaker).catch(() => undefined);
    }
  }

  protected override release(): void {
    this.#remove?.();
    this.#remove = undefined;
    this.#view = null;
    this.#watch(false);
    this.assigned(null, false);
  }

  protected override reflectState(): void {
    const stream = this.#shown;
    const { blocked = false, playing = false } = this.#player ?? {};
    if (stream) {
      const media = playing ? 'playing' : 'subscribing';
      this.#setState(stream.failure ? 'failed' : blocked ? 'blocked' : media, stream);
    } else if (this.#state !== 'ended') this.#setState('waiting', null);
    this.setAttribute('playback-state', this.#state);
    this.mark('speaking', !!stream?.speaking && !stream.audioMuted);
    this.mark('muted', !!stream?.audioMuted);
    this.mark('blocked', blocked);
    if (stream && blocked) this.#view?.playbackBlocked(this, stream);
    else this.#view?.playbackResumed(this);
  }

  protected override onCommand(command: string): void {
    const video = this.media;
    const failed = (): undefined => undefined;
    if (command === '--toggle-muted') this.request('muted', !this.muted);
    else if (command === '--resume') void this.resume();
    else if (command === '--picture-in-picture') {
      void (
        document.pictureInPictureElement
          ? document.exitPictureInPicture()
          : video.requestPictureInPicture()
      ).catch(failed);
    } else if (command === '--fullscreen') {
      void (
        document.fullscreenElement ? document.exitFullscreen() : this.requestFullscreen()
      ).catch(failed);
    }
  }

  get #picture(): boolean {
    const stream = this.#shown;
    return !!stream?.videoTrack && stream.hasVideo && !stream.videoMuted;
  }

  #play(fresh: boolean): void {
    const stream = this.#shown;
    const tracks = stream
      ? [this.#picture && stream.videoTrack, stream.audioTrack].filter((track) => !!track)
      : [];
    this.#player?.show(tracks, this.#sounds && !this.muted, fresh);
  }

  #setSubscribed(subscribed: boolean): void {
    const stream = this.#shown;
    if (!stream || subscribed === this.#subscribed) return;
    this.#subscribed = subscribed;
    this.emit(subscribed ? 'rtc-stream-subscribed' : 'rtc-stream-unsubscribed', { stream });
  }

  #setState(state: PlaybackState, stream: RemoteStream | null): void {
    const previousState = this.#state;
    if (state === previousState) return;
    this.#state = state;
    this.setAttribute('playback-state', state);
    this.emit('rtc-playback-state-changed', { state, previousState, stream });
    const error = state === 'failed' && stream?.failure;
    if (error) this.emit('rtc-error', { error, reverted: [] });
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
    this.#watcher.observe(this);
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    tint(this.renderRoot, this.#shown?.userId ?? this.userId ?? '');
  }

  #renderResume(): TemplateResult {
    const label = this.text(this.#picture ? 'hear' : 'play');
    return html`<slot name="blocked" @click=${() => this.#view?.startPlayback()}>
      <button part="resume button" class="main" title=${label}>${icon('play')}${label}</button>
    </slot>`;
  }

  protected override render(): TemplateResult {
    const stream = this.#shown;
    const { blocked = false, playing = false } = this.#player ?? {};
    const video = this.media;
    const screen = (stream?.type ?? this.streamType) === 'auxiliary';
    const userId = stream?.userId ?? this.userId ?? '';
    const name = stream ? nameOf(stream.userData, userId) : userId;
    video.classList.toggle('contain', this.fit ? this.fit === 'contain' : screen);
    const note = blocked
      ? this.#renderResume()
      : renderStatus(stream?.failure ? this.text('lost', name) : '');
    return renderTile({
      picture: this.#picture && (playing || blocked),
      name: screen && name ? this.text('screen', name) : name,
      muted: !!stream?.audioMuted && !screen && this.text('muted'),
      note,
    });
  }
}
