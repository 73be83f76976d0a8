import type { PropertyValues } from 'lit';
import { observeSize, unobserveSize } from './resize.js';
import { RtcElement } from './rtc-element.js';

/** Widths in CSS pixels from which a tile has room for more; states of these names are for its styles. */
const WIDTHS = Object.entries({ narrow: 140, wide: 240 });
const TALL = 85;

export function picture(): HTMLVideoElement {
  const video = document.createElement('video');
  video.playsInline = true;
  video.part.add('video');
  return video;
}

/** What shows one stream: the styles know how much room there is. */
export abstract class TileElement extends RtcElement {
  /** @internal */
  readonly media = picture();

  constructor() {
    super();
    // Before the element is connected: a <video> put into a living tree one by one costs a third more.
    (this as { renderRoot: HTMLElement | DocumentFragment }).renderRoot = this.createRenderRoot();
    this.renderRoot.append(this.media);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) observeSize(this, this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    unobserveSize(this);
  }

  protected override firstUpdated(changed: PropertyValues): void {
    super.firstUpdated(changed);
    observeSize(this, this);
  }

  /**
   * @internal Before the frame is painted. Not container queries: they lay each tile out twice,
   * an eighth of the time that 200 of them take to show.
   */
  fitted({ width, height }: DOMRectReadOnly): void {
    for (const [name, from] of WIDTHS) this.mark(name, width >= from);
    const tall = height >= TALL;
    this.mark('tall', tall);
    if (!tall) return;
    // Observed from its first rendering on.
    const face = this.renderRoot.querySelector('.face') as HTMLElement;
    face.style.setProperty('--_size', `${Math.min(0.34 * Math.min(width, height), 112)}px`);
  }

  /** @internal */
  sized(_width: number, _height: number): void {}
}
