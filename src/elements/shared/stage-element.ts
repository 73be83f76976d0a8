import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { provideRoom, providersChanged, type RoomProvider } from '../../context/room-context.js';
import type { RoomSession } from '../../core/room-session.js';
import type { StreamView } from '../../core/stream-view.js';
import type { RemoteStream } from '../../core/remote-stream.js';
import { icon, type IconName } from '../../icons.js';
import { bestGrid } from './grid.js';
import { observeSize, unobserveSize } from './resize.js';
import { RtcElement } from './rtc-element.js';

/** What is going on, in one sentence, and the one thing to do about it. */
export interface Situation {
  icon: IconName;
  message: string;
  slot?: 'empty' | 'error';
  /** The name of the button to join, where there is one. */
  action?: string;
}

const PARTS = ['video', 'label', 'badge', 'placeholder', 'resume', 'message', 'button', 'status'];

/** What a room and a link share: a stage of tiles, and being where children take streams from. */
export abstract class StageElement extends RtcElement implements RoomProvider {
  /** @internal */
  abstract readonly view: StreamView | null;
  /** @internal */
  abstract readonly session: RoomSession | null;
  /** How many cells of the grid the link needs in its room's stage. @internal */
  cells = 0;

  #tiles = new Map<RemoteStream, HTMLElement>();
  #room: { width: number; height: number; gap: number; aspect: number } | undefined;
  #width = 0;
  #height = 0;

  static override get observedAttributes(): string[] {
    return [...super.observedAttributes, 'id'];
  }

  constructor() {
    super();
    provideRoom(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.stage) observeSize(this.stage, this);
    providersChanged();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.stage) unobserveSize(this.stage);
    providersChanged();
  }

  protected override firstUpdated(changed: PropertyValues): void {
    super.firstUpdated(changed);
    if (this.stage) observeSize(this.stage, this);
  }

  override attributeChangedCallback(name: string, old: string | null, value: string | null): void {
    super.attributeChangedCallback(name, old, value);
    if (name === 'id') providersChanged();
  }

  /** @internal Measured while the layout is clean: asking later lays out all tiles, unsized yet. */
  fitted(): void {
    if (this.stage) this.#room = measure(this.stage);
  }

  /** @internal */
  sized(): void {
    this.arrange();
  }

  protected get stage(): HTMLElement | null {
    return this.renderRoot.querySelector('.stage');
  }

  /** What stands in the light DOM of the stage and is to be seen. */
  protected get placed(): Element[] {
    const slot = this.renderRoot.querySelector<HTMLSlotElement>('slot:not([name])');
    return slot?.assignedElements({ flatten: true }) ?? [];
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    this.#syncTiles();
    this.arrange();
  }

  /** Tiles are kept by stream and never re-used for another: a picture does not jump to a neighbour. */
  #syncTiles(): void {
    const layoutStreams = this.view?.layoutStreams ?? [];
    const holder = this.renderRoot.querySelector('.tiles');
    for (const [stream, tile] of this.#tiles) {
      if (layoutStreams.includes(stream)) continue;
      tile.remove();
      this.#tiles.delete(stream);
    }
    for (const stream of layoutStreams) {
      if (this.#tiles.has(stream)) continue;
      const tile = document.createElement('rtc-remote-stream');
      Object.assign(tile, { tile: true, stream, room: this, streamType: stream.type });
      tile.setAttribute('part', 'tile');
      tile.setAttribute('exportparts', PARTS.map((name) => `${name}: tile-${name}`).join());
      this.#tiles.set(stream, tile);
      holder?.append(tile);
    }
  }

  protected get tileCount(): number {
    return this.#tiles.size;
  }

  /** Sizes the tiles: one fills the stage, two people are one picture and a small own one. */
  protected arrange(): void {
    const { stage } = this;
    if (!stage) return;
    // Only an own picture is ever hidden; asking every tile would cost a style pass each.
    const isOwn = (item: Element): boolean => item.localName === 'rtc-local-stream';
    const placed = this.placed.filter((item) => !isOwn(item) || item.checkVisibility());
    const own = placed.filter(isOwn).length;
    const count =
      this.#tiles.size +
      placed.reduce((sum, item) => sum + (item instanceof StageElement ? item.cells : 1), 0);
    stage.toggleAttribute('data-bare', !count);
    // A link directly in a room: the room sizes its tiles.
    if (this.internals.states.has('inline')) {
      this.#width = 0;
      stage.removeAttribute('style');
      return;
    }
    const mode = count < 2 ? 'fill' : count === 2 && own === 1 ? 'pair' : 'grid';
    stage.dataset.mode = mode;
    const { width, height, gap, aspect } = (this.#room ??= measure(stage));
    const tile =
      mode === 'grid'
        ? bestGrid(count, width - 2 * gap, height - 2 * gap, aspect, gap)
        : { width, height };
    if (tile.width === this.#width && tile.height === this.#height) return;
    this.#width = tile.width;
    this.#height = tile.height;
    stage.style.setProperty('--_w', `${tile.width}px`);
    stage.style.setProperty('--_h', `${tile.height}px`);
  }

  protected renderStage(situation: Situation | null, off = false): TemplateResult {
    const parts = situation
      ? html`${icon(situation.icon)}
          <p part="message">${situation.message}</p>
          ${
            situation.action
              ? html`<button part="button" class="main" @click=${() => this.onCommand('--join')}>
                  ${situation.action}
                </button>`
              : nothing
          }`
      : nothing;
    // The live region stays, or its first sentence would not be read.
    return html`<div part="stage" class="stage ${off ? 'off' : ''}">
      <slot @slotchange=${() => this.arrange()}></slot>
      <div class="tiles"></div>
      <div part="status" role="status" class=${situation ? '' : 'none'}>
        <slot name=${situation?.slot ?? 'status'}>${parts}</slot>
      </div>
    </div>`;
  }
}

/** In CSS pixels; the gap is the padding too. */
function measure(stage: HTMLElement): {
  width: number;
  height: number;
  gap: number;
  aspect: number;
} {
  const style = getComputedStyle(stage);
  const [across = 0, down = 1] = style.getPropertyValue('--rtc-tile-aspect').split('/').map(Number);
  return {
    width: stage.clientWidth,
    height: stage.clientHeight,
    gap: parseFloat(style.columnGap) || 0,
    aspect: across / down || 16 / 9,
  };
}
