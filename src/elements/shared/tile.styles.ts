import { css } from 'lit';

export const tileStyles = css`
  :host {
    display: block;
    min-width: 8rem;
    aspect-ratio: var(--rtc-tile-aspect, 16 / 9);
    background: var(--_tile);
  }
  .tile {
    position: absolute;
    inset: 0;
    container-type: size;
    border-radius: inherit;
  }
  video {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: cover;
    border-radius: inherit;
  }
  .contain {
    object-fit: contain;
    background: #000;
  }
  .tile::after {
    content: '';
    position: absolute;
    inset: 0;
    border: 2px solid var(--_accent);
    border-radius: inherit;
    pointer-events: none;
    opacity: 0;
    transition: opacity 0.15s;
  }
  :host(:state(speaking)) .tile::after {
    opacity: 1;
  }
  [part='placeholder'] {
    position: absolute;
    inset: 0;
    display: grid;
    place-content: center;
    background: var(--_tile);
    border-radius: inherit;
  }
  .face {
    --_size: clamp(28px, 34cqmin, 112px);
    display: grid;
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
    left: 8px;
    bottom: 8px;
    max-width: calc(100% - 16px);
    display: flex;
    align-items: center;
    gap: 4px;
    padding: 3px 8px;
    border-radius: 13px;
    font-size: 13px;
    color: #fff;
    background: #000a;
  }
  [part='label'] span {
    overflow: hidden;
    white-space: nowrap;
    text-overflow: ellipsis;
  }
  [part='badge'] {
    display: flex;
    color: #ff9d94;
  }
  [part='badge'] svg {
    width: 14px;
    height: 14px;
  }
  .controls {
    position: absolute;
    inset: auto 4px 8px;
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 4px;
  }
  .topped [part='label'] {
    inset: 8px auto auto 8px;
  }
  [part~='resume'] {
    position: absolute;
    inset: 0;
    margin: auto;
    width: fit-content;
    height: fit-content;
    padding: 8px 18px;
    max-width: calc(100% - 16px);
    z-index: 1;
  }
  /* The drawing alone; the text stays for assistive technology. */
  @container (max-width: 300px) {
    [part~='resume'] {
      padding: 0;
      gap: 0;
      font-size: 0;
    }
  }
  /* On a small picture the buttons would hide the face. */
  @media (hover: hover) {
    @container (max-width: 300px) {
      :host(:not(:hover, :focus-within)) .controls {
        opacity: 0;
      }
    }
  }
  @container (max-width: 200px) {
    .topped [part='label'] {
      display: none;
    }
    .tile .controls {
      bottom: 4px;
      gap: 3px;
    }
  }
  @container (max-width: 146px) {
    .controls :nth-child(n + 3) {
      display: none;
    }
  }
  @container (max-height: 84px) {
    .face {
      display: none;
    }
    [part='label'] {
      left: 2px;
      bottom: 2px;
    }
  }
`;
