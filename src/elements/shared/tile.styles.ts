import { css } from 'lit';

export const tileStyles = css`
  /* Clipped once: each rounded clip around a picture costs a pass over every frame of it. */
  :host {
    display: block;
    overflow: hidden;
    min-width: 8rem;
    aspect-ratio: var(--rtc-tile-aspect, 16 / 9);
    background: var(--_tile);
  }
  video {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  .contain {
    object-fit: contain;
    background: #000;
  }
  :host(:state(speaking))::after {
    content: '';
    position: absolute;
    inset: 0;
    pointer-events: none;
    border: 2px solid var(--_accent);
    border-radius: inherit;
    animation: appear 0.15s;
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }
  [part='placeholder'] {
    position: absolute;
    inset: 0;
    display: grid;
    place-content: center;
    background: var(--_tile);
  }
  .face {
    display: none;
    place-content: center;
    width: var(--_size);
    height: var(--_size);
    border-radius: 50%;
    font-size: calc(var(--_size) * 0.4);
    line-height: 1;
    font-weight: 600;
    color: #fff;
    background: hsl(var(--_hue, 215) 45% 32%);
  }
  .face svg {
    width: calc(var(--_size) * 0.5);
    height: calc(var(--_size) * 0.5);
  }
  [part='label'] {
    position: absolute;
    left: 2px;
    bottom: 2px;
    max-width: calc(100% - 16px);
    padding: 3px 8px;
    overflow: hidden;
    white-space: nowrap;
    text-overflow: ellipsis;
    border-radius: 13px;
    font-size: 13px;
    color: #fff;
    background: #000a;
  }
  [part='badge'] {
    margin-inline-end: 4px;
    color: #ff9d94;
  }
  [part='badge'] svg {
    width: 14px;
    height: 14px;
    vertical-align: -2px;
  }
  .controls {
    position: absolute;
    inset: auto 4px 4px;
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
  }
  /* Smaller to look at than to hit, for there is a face behind them. */
  .controls > * {
    color: #fff;
    border: 4px solid transparent;
    background: #000a padding-box;
  }
  .controls > .danger {
    background-color: var(--_danger);
  }
  :host(:state(tall)) .face {
    display: grid;
  }
  :host(:state(tall)) [part='label'] {
    left: 8px;
    bottom: 8px;
  }
  /* As specific as the rule before it, which it overrides. */
  :host [part='label'].topped {
    inset: 8px auto auto 8px;
  }
  ::slotted([slot='blocked']),
  [part~='resume'] {
    position: absolute;
    inset: 0;
    margin: auto;
    width: fit-content;
    height: fit-content;
    max-width: calc(100% - 16px);
    z-index: 1;
  }
  /* On a small picture the drawing alone; the text stays for assistive technology. */
  :host(:not(:state(wide))) [part~='resume'] {
    padding: 0;
    gap: 0;
    font-size: 0;
  }
  :host(:not(:state(wide))) .topped {
    display: none;
  }
  :host(:not(:state(narrow))) .controls > :nth-child(n + 3) {
    display: none;
  }
  [hidden] {
    display: none !important;
  }
`;
