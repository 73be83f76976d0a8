import { html, type PropertyValues, type TemplateResult } from 'lit';
import type { RemoteStream } from '../../core/remote-stream.js';
import type { PlaybackState, SubscribeMode } from '../../core/types.js';
import type { StreamType } from '../../drivers/driver.js';
import { icon } from '../../icons.js';
import { baseStyles } from '../shared/base.styles.js';
import { flag, number, object, wishes, word } from '../shared/rtc-element.js';
import { nameOf, renderStatus, renderTile, tint } from '../shared/tile.js';
import { TileElement } from '../shared/tile-element.js';
import { tileStyles } from '../shared/tile.styles.js';
import type { Playback } from './playback.js';

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
export class RtcRemoteStream extends TileElement {
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
  /** @internal In CSS pixels. */
  width = 0;
  /** @internal */
  height = 0;

  /** Drawn at once: hundreds that came empty, and filled a frame later, were laid out and painted twice. */
  protected override readonly opens = false;
  #playback: Playback | undefined;

  get playbackState(): PlaybackState {
    return this.#playback?.state ?? 'waiting';
  }

  constructor() {
    super();
    // Any gesture on it; the button is what can be reached by keyboard too.
    this.addEventListener('click', () => {
      if (this.#playback?.blocked) void this.resume();
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#playback?.revive();
  }

  /** Plays what the browser has refused to play, all over the room; call it in a gesture. */
  async resume(): Promise<void> {
    await this.home?.view?.startPlayback();
  }

  /** @internal */
  override sized(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.#playback?.sized();
  }

  /** Where there is a view the core is loaded, so this is done at once. */
  #withPlayback(act: (playback: Playback) => void): void {
    void this.engine(({ Playback }) => act((this.#playback ??= new Playback(this))));
  }

  protected override carryOut(): void {
    if (this.home?.view || this.#playback) this.#withPlayback((playback) => playback.update());
  }

  protected override release(): void {
    this.#playback?.end();
  }

  protected override reflectState(): void {
    this.#playback?.reflect();
    this.setAttribute('playback-state', this.playbackState);
  }

  protected override onCommand(command: string): void {
    if (command === '--toggle-muted') this.request('muted', !this.muted);
    else if (command === '--resume') void this.resume();
    else this.#withPlayback((playback) => playback.onCommand(command));
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    tint(this.renderRoot, this.#playback?.shown?.userId ?? this.userId ?? '');
  }

  protected override render(): TemplateResult {
    const { shown: stream, picture = false, blocked, playing } = this.#playback ?? {};
    const screen = (stream?.type ?? this.streamType) === 'auxiliary';
    const userId = stream?.userId ?? this.userId ?? '';
    const name = stream ? nameOf(stream.userData, userId) : userId;
    this.media.classList.toggle('contain', this.fit ? this.fit === 'contain' : screen);
    const { code, message } = stream?.failure ?? {};
    const label = blocked && this.text(picture ? 'hear' : 'play');
    const note = label
      ? html`<slot name="blocked">
          <button part="resume button" class="main" title=${label}>${icon('play')}${label}</button>
        </slot>`
      : renderStatus(code === 'network' ? this.text('lost', name) : message);
    return renderTile({
      picture: picture && !!(playing || blocked),
      name: screen && name ? this.text('screen', name) : name,
      muted: !!stream?.audioMuted && !screen && this.text('muted'),
      note,
    });
  }
}
