import { html, type PropertyValues, type TemplateResult } from 'lit';
import type { LinkWish, RoomLink } from '../../core/room-link.js';
import type { RoomSession } from '../../core/room-session.js';
import type { StreamView } from '../../core/stream-view.js';
import type { LinkState, SubscribeMode } from '../../core/types.js';
import { providersChanged } from '../../context/room-context.js';
import { isText } from '../../texts.js';
import { baseStyles } from '../shared/base.styles.js';
import { flag, object, wishes, word } from '../shared/rtc-element.js';
import { StageElement, type Situation } from '../shared/stage-element.js';
import { stageStyles } from '../shared/stage.styles.js';
import { loadLinks } from './loader.js';
import { linkStyles } from './rtc-cross-room-link.styles.js';

/**
 * A second client in another room: receives that room's anchors beside one's own room.
 *
 * @tag rtc-cross-room-link
 * @attr {string} room-id - The other room.
 * @attr {string} user-id - Whose streams; absent: of every anchor there.
 * @attr {string} token - The credential for the other room.
 * @attr {string} token-url - Endpoint asked for it.
 * @attr {'all'|'audio'|'video'|'none'} [subscribe=all] - What to receive by default.
 * @attr {'grid'|'spotlight'|'none'} [layout=grid] - How streams that no element claims are shown.
 * @attr {boolean} disabled - Do not link.
 * @attr {string} for - Id of the room it belongs to.
 * @attr {string} link-state - Reflected, read-only.
 *
 * @slot - Remote streams, taken from the linked room; a local stream belongs to the room around.
 * @slot toolbar - Buttons.
 * @slot empty - Instead of the sentence that nobody is there yet.
 * @slot error - Instead of the sentence that says what failed.
 *
 * @csspart stage - Where tiles stand.
 * @csspart tile - One tile of the layout; its parts are exported as in a room.
 * @csspart status - What is going on.
 * @csspart message - Its sentence.
 *
 * @event {RtcLinkStateChangedEvent} rtc-link-state-changed
 * @event {RtcUserJoinedEvent} rtc-user-joined
 * @event {RtcUserUpdatedEvent} rtc-user-updated
 * @event {RtcUserLeftEvent} rtc-user-left
 * @event {RtcStreamAddedEvent} rtc-stream-added
 * @event {RtcStreamUpdatedEvent} rtc-stream-updated
 * @event {RtcStreamRemovedEvent} rtc-stream-removed
 * @event {RtcErrorEvent} rtc-error
 */
export class RtcCrossRoomLink extends StageElement {
  static override styles = [baseStyles, stageStyles, linkStyles];

  static {
    wishes(this, {
      roomId: word(),
      userId: word(),
      token: { ...word(), reflect: false },
      tokenUrl: word(),
      subscribe: word('all'),
      layout: word('grid'),
      disabled: flag,
      for: word(),
      room: object,
    });
  }

  declare roomId?: string;
  declare userId?: string;
  declare token?: string;
  declare tokenUrl?: string;
  declare subscribe: SubscribeMode;
  declare layout: 'grid' | 'spotlight' | 'none';
  declare disabled: boolean;
  declare for?: string;
  /** The room it belongs to. */
  declare room?: Element | null;

  #link: RoomLink | null = null;
  /** @internal */
  view: StreamView | null = null;

  get linkState(): LinkState {
    return this.#link?.state ?? 'idle';
  }

  /** @internal */
  get session(): RoomSession | null {
    return this.home?.session ?? null;
  }

  get speakerId(): string | undefined {
    return this.home?.speakerId;
  }

  protected override carryOut(): void {
    const { home } = this;
    this.mark('inline', !!home && this.parentElement === home);
    if (!this.#link) {
      // A link has nothing to do before its room has begun.
      if (this.session) {
        void this.engine(async (core) => {
          const { RoomLink } = await loadLinks();
          if (!this.isConnected) return;
          this.#link ??= new RoomLink(core, this);
          this.view = this.#link.view;
          providersChanged();
          this.carryOut();
        });
      }
      return;
    }
    this.#link.update({
      // Declared above under the names of LinkWish.
      ...(this.wish() as LinkWish),
      room: this.session,
      layout: this.layout !== 'none',
      nested: home instanceof RtcCrossRoomLink,
    });
  }

  protected override release(): void {
    this.#link?.end();
  }

  protected override reflectState(): void {
    this.setAttribute('link-state', this.linkState);
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const shown = this.placed.length + this.tileCount;
    const cells = shown || (this.linkState === 'idle' ? 0 : 1);
    if (cells === this.cells) return;
    this.cells = cells;
    if (this.home instanceof StageElement) this.home.requestUpdate();
  }

  #situation(): Situation | null {
    const { error = null, state = 'idle' } = this.#link ?? {};
    if (error && state !== 'linked') {
      const message = isText(error.code) ? this.text(error.code) : error.message;
      return { icon: 'alert', message, slot: 'error' };
    }
    if (state === 'connecting') {
      return { icon: 'spinner', message: this.text('link-connecting', this.roomId) };
    }
    if (state === 'waiting') {
      return { icon: 'user', message: this.text('link-waiting', this.roomId), slot: 'empty' };
    }
    return null;
  }

  protected override render(): TemplateResult {
    return html`${this.renderStage(this.#situation())}<slot name="toolbar"></slot>`;
  }
}
