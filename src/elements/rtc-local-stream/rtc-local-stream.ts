import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { LocalCapture } from '../../core/local-capture.js';
import type { CaptureState, CaptureWish, LocalStream, TrackProcessor } from '../../core/types.js';
import { baseStyles } from '../shared/base.styles.js';
import type { IconName } from '../../icons.js';
import type { TextKey } from '../../texts.js';
import { button } from '../shared/button.js';
import { loadEngine } from '../shared/engine.js';
import { controls, flag, object, wishes, word } from '../shared/rtc-element.js';
import { nameOf, renderStatus, renderTile, tint } from '../shared/tile.js';
import { picture, TileElement } from '../shared/tile-element.js';
import { tileStyles } from '../shared/tile.styles.js';
import { localStyles } from './rtc-local-stream.styles.js';

/**
 * Captures and publishes this page's camera, microphone and screen.
 *
 * @tag rtc-local-stream
 * @attr {boolean} audio - Capture the microphone.
 * @attr {boolean} video - Capture the camera.
 * @attr {boolean} screen - Share the screen, as a stream of type `auxiliary`.
 * @attr {boolean} screen-audio - With its sound.
 * @attr {boolean} audio-muted - Keep the microphone, send silence.
 * @attr {boolean} video-muted - Release the camera, stay published.
 * @attr {string} microphone-id - Which microphone.
 * @attr {string} camera-id - Which camera.
 * @attr {string} facing-mode - `user` or `environment`.
 * @attr {string} [profile=480p] - `120p` … `1080p`, or `WIDTHxHEIGHT@FPS`.
 * @attr {'speech'|'music'} [audio-profile=speech] - What the sound is tuned for.
 * @attr {boolean} preview - Capture and show before, outside or without a room.
 * @attr {boolean} no-publish - Never publish.
 * @attr {'auto'|'on'|'off'} [mirror=auto] - `auto`: the front camera only.
 * @attr {string} controls - Empty: all; or a list of `microphone`, `camera`, `screen`.
 * @attr {string} for - Id of the room.
 * @attr {string} capture-state - Reflected, read-only.
 * @attr {boolean} published - Reflected, read-only.
 *
 * @slot placeholder - Shown while there is no picture.
 * @slot label - Instead of the name.
 *
 * @csspart video - The media element.
 * @csspart label - The pill with the name.
 * @csspart badge - The crossed-out microphone in it.
 * @csspart placeholder - What is shown while there is no picture.
 * @csspart toolbar - The row of buttons.
 * @csspart button - Each button.
 * @csspart status - Says what keeps the camera or microphone from working.
 * @csspart message - Its sentence.
 *
 * @cssstate speaking - The user speaks.
 * @cssstate muted - The microphone is muted.
 *
 * @event {RtcCaptureStateChangedEvent} rtc-capture-state-changed
 * @event {RtcStreamPublishedEvent} rtc-stream-published
 * @event {RtcStreamUnpublishedEvent} rtc-stream-unpublished
 * @event {RtcDeviceChangedEvent} rtc-device-changed
 * @event {RtcScreenSharingStoppedEvent} rtc-screen-sharing-stopped
 * @event {RtcRequestEvent} rtc-request
 * @event {RtcErrorEvent} rtc-error
 */
export class RtcLocalStream extends TileElement {
  static override styles = [baseStyles, tileStyles, localStyles];

  static {
    wishes(this, {
      audio: flag,
      video: flag,
      screen: flag,
      screenAudio: flag,
      audioMuted: flag,
      videoMuted: flag,
      microphoneId: word(),
      cameraId: word(),
      facingMode: word(),
      profile: word('480p'),
      audioProfile: word('speech'),
      preview: flag,
      noPublish: flag,
      mirror: word('auto'),
      controls,
      for: word(),
      room: object,
      mediaStream: object,
      trackProcessor: object,
    });
  }

  declare audio: boolean;
  declare video: boolean;
  declare screen: boolean;
  declare screenAudio: boolean;
  declare audioMuted: boolean;
  declare videoMuted: boolean;
  declare microphoneId?: string;
  declare cameraId?: string;
  declare facingMode?: string;
  declare profile: string;
  declare audioProfile: 'speech' | 'music';
  declare preview: boolean;
  declare noPublish: boolean;
  declare mirror: 'auto' | 'on' | 'off';
  declare controls?: string;
  declare for?: string;
  /** The room it belongs to. */
  declare room?: Element | null;
  /** Published instead of a device; its tracks stay the page's. */
  declare mediaStream?: MediaStream;
  /** Changes each track before it is shown and sent. */
  declare trackProcessor?: TrackProcessor;

  #capture: LocalCapture | null = null;
  readonly #screen = ownPicture(picture());
  #heard: HTMLElement | null = null;
  readonly #onSpeakers = (): void => this.changed();

  constructor() {
    super();
    ownPicture(this.media);
  }

  get captureState(): CaptureState {
    return this.#capture?.state ?? 'idle';
  }
  /** All that is captured is published. */
  get published(): boolean {
    return !!this.#capture?.published;
  }

  /** Sets `preview`; resolves when capture is live. @throws RtcError the first failure, `aborted` */
  initialize(): Promise<void> {
    return this.#want({ preview: true });
  }

  /** Removes `no-publish`; resolves when the back end has confirmed. @throws RtcError */
  publish(): Promise<void> {
    return this.#want({ noPublish: false }, (capture) => capture.whenPublished());
  }

  /** Sets `no-publish`. */
  unpublish(): Promise<void> {
    return this.#want({ noPublish: true }, (capture) => capture.whenUnpublished());
  }

  /** Unpublishes and stops everything. */
  close(): Promise<void> {
    const off = {
      audio: false,
      video: false,
      screen: false,
      preview: false,
      mediaStream: undefined,
    };
    return this.#want(off, (capture) => capture.whenUnpublished());
  }

  /**
   * Captures with another device.
   * @throws RtcError `argument` for another kind, `device-missing` and others when it fails
   */
  async switchDevice(kind: 'microphone' | 'camera' | 'audio' | 'video', id: string): Promise<void> {
    if (kind === 'microphone' || kind === 'audio')
      await this.#want({ microphoneId: id }, (capture) => capture.whenCaptured('audio'));
    else if (kind === 'camera' || kind === 'video')
      await this.#want({ cameraId: id }, (capture) => capture.whenCaptured('video'));
    else {
      const { RtcError } = await loadEngine();
      throw new RtcError('argument', 'switchDevice() takes “microphone” or “camera”, and an id.');
    }
  }

  /** @internal */
  revert(names: ('audio' | 'video' | 'screen' | 'preview')[]): void {
    for (const name of names) this[name] = false;
  }

  async #want(
    wish: Partial<RtcLocalStream>,
    done = (capture: LocalCapture): Promise<void> => capture.whenCaptured(),
  ): Promise<void> {
    this.want(wish);
    const names = Object.keys(wish) as (keyof this)[];
    const asked = names.map((name) => this[name]);
    const check = async (): Promise<void> => {
      if (names.some((name, at) => this[name] !== asked[at])) throw (await loadEngine()).aborted();
    };
    if (wish.preview || wish.noPublish === false) {
      // Made by a script, it begins once it is in the document.
      if (!this.hasUpdated) await this.updateComplete;
      if (!this.begun) this.#begin();
    }
    await this.begun;
    await check();
    if (this.#capture) await done(this.#capture);
    await check();
  }

  #begin(): void {
    this.begun = this.engine((engine) => {
      this.#capture ??= new engine.LocalCapture(this);
      this.carryOut();
    });
  }

  protected override carryOut(): void {
    const capture = this.#capture;
    this.#listen(this.home);
    if (!capture) {
      this.reflectState();
      // Before its room has begun, only a preview has something to do.
      if (this.preview || this.home?.session) this.#begin();
      return;
    }
    capture.attach(this.home?.session ?? null);
    // Declared above under the names of CaptureWish.
    capture.update(this.wish() as CaptureWish);
  }

  protected override release(): void {
    this.#listen(null);
    this.#capture?.end();
    this.#capture?.attach(null);
  }

  protected override reflectState(): void {
    this.setAttribute('capture-state', this.captureState);
    this.toggleAttribute('published', this.published);
    this.mark('muted', this.audioMuted);
    const { userId, speakers = [] } = this.home?.session ?? {};
    this.mark('speaking', !this.audioMuted && !!userId && speakers.includes(userId));
    show(this.media, this.#capture?.main);
    show(this.#screen, this.#capture?.auxiliary);
  }

  /** Whether oneself speaks is told to the room only. */
  #listen(room: HTMLElement | null): void {
    this.#heard?.removeEventListener('rtc-active-speaker-changed', this.#onSpeakers);
    this.#heard = room;
    room?.addEventListener('rtc-active-speaker-changed', this.#onSpeakers);
  }

  protected override onCommand(command: string): void {
    if (command === '--toggle-audio') this.#toggle('audio');
    else if (command === '--toggle-video') this.#toggle('video');
    else if (command === '--toggle-screen') this.request('screen', !this.screen);
  }

  #toggle(kind: 'audio' | 'video'): void {
    if (!this[kind] && !this.mediaStream) this.request(kind, true);
    else this.request(`${kind}Muted`, !this[`${kind}Muted`]);
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    tint(this.renderRoot, this.home?.session?.userId ?? '');
  }

  protected override render(): TemplateResult {
    const { error, auxiliary, mirrored = false } = this.#capture ?? {};
    const { wish, userId } = this.home?.session ?? {};
    const camera = this.media;
    const mirror = this.mirror === 'auto' ? mirrored : this.mirror === 'on';
    camera.classList.toggle('mirror', mirror);
    camera.classList.toggle('inset', !!auxiliary);
    const screen = this.#screen;
    screen.classList.add('contain');
    const own = userId ? nameOf(wish?.userData ?? '', userId) : '';
    return renderTile({
      picture: hasPicture(camera) || !!auxiliary,
      name: own ? `${own} (${this.text('you')})` : this.text('you'),
      muted: this.audioMuted && this.text('muted'),
      controls: this.controls !== undefined,
      note: html`${auxiliary ? screen : nothing} ${renderStatus(error?.message)}
      ${this.controls === undefined ? nothing : this.#renderControls()}`,
    });
  }

  #renderControls(): TemplateResult {
    const hears = (this.audio || !!this.mediaStream) && !this.audioMuted;
    const sees = (this.video || !!this.mediaStream) && !this.videoMuted;
    const item = (
      control: string,
      name: IconName,
      label: TextKey,
      run: () => void,
      pressed: boolean,
      kind = pressed ? 'danger' : '',
    ): unknown =>
      this.offers(control) ? button(name, this.text(label), run, kind, pressed) : nothing;
    return html`<div
      part="toolbar"
      class="controls"
      role="group"
      aria-label=${this.text('toolbar')}
    >
      ${item('microphone', hears ? 'mic' : 'mic-off', 'mute', () => this.#toggle('audio'), !hears)}
      ${item('camera', sees ? 'video' : 'video-off', 'camera-off', () => this.#toggle('video'), !sees)}
      ${item('screen', 'screen', 'share', () => this.request('screen', !this.screen), this.screen, '')}
    </div>`;
  }
}

/** Not heard: it is oneself. */
function ownPicture(video: HTMLVideoElement): HTMLVideoElement {
  video.muted = video.autoplay = true;
  return video;
}

function hasPicture({ srcObject }: HTMLVideoElement): boolean {
  const tracks = (srcObject as MediaStream | null)?.getVideoTracks() ?? [];
  return tracks.some(({ readyState }) => readyState === 'live');
}

function show(video: HTMLVideoElement, stream?: LocalStream | null): void {
  // Without a picture it would hold up the page's load event: its first frame never comes.
  const media = stream?.mediaStream.getVideoTracks().length ? stream.mediaStream : null;
  if (video.srcObject !== media) video.srcObject = media;
  // Moving a media element pauses it.
  if (media && video.paused && hasPicture(video)) video.play().catch(() => undefined);
}
