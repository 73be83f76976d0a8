import { css } from 'lit';

/** Colours from the few custom properties, type, drawings and buttons. */
export const baseStyles = css`
  :host {
    --_accent: var(--rtc-accent, light-dark(#1d5fd1, #8ab4ff));
    --_surface: var(--rtc-surface, light-dark(#eceff3, #131518));
    --_ink: var(--rtc-on-surface, light-dark(#1c2026, #eef1f4));
    --_danger: var(--rtc-danger, light-dark(#c62828, #d93a3a));
    --_tile: color-mix(in oklab, var(--_surface), var(--_ink) 9%);
    box-sizing: border-box;
    color: var(--_ink);
    font: 14px/20px var(--rtc-font, system-ui, sans-serif);
    position: relative;
    border-radius: var(--rtc-radius, 12px);
  }
  :host([hidden]) {
    display: none !important;
  }
  * {
    box-sizing: border-box;
  }
  svg {
    width: 20px;
    height: 20px;
    flex: none;
    fill: none;
    stroke: currentColor;
    stroke-width: 2;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  p {
    margin: 0;
    overflow-wrap: anywhere;
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-width: 44px;
    min-height: 44px;
    padding: 0 18px;
    border: 0;
    border-radius: 22px;
    font: inherit;
    font-weight: 600;
    cursor: pointer;
    color: inherit;
    background: color-mix(in oklab, var(--_surface), var(--_ink) 14%);
    transition: filter 0.15s;
  }
  button:hover {
    filter: brightness(1.12);
  }
  button:focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
  }
  .round {
    padding: 0;
  }
  .main {
    color: light-dark(#fff, #101318);
    background: var(--_accent);
  }
  .danger {
    color: #fff;
    background: var(--_danger);
  }
  .spinner {
    animation: turn 1s linear infinite;
  }
  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }
  [part='status'] {
    position: absolute;
    inset: 44px 12px auto;
    margin: auto;
    width: fit-content;
    max-width: calc(100% - 24px);
    z-index: 2;
    display: flex;
    align-items: center;
    gap: 10px;
    padding: 10px 16px;
    border-radius: 22px;
    color: var(--_ink);
    background: color-mix(in oklab, var(--_surface) 88%, transparent);
  }
  /* Not display: none, or assistive technology would not hear of its first sentence. */
  [part='status'].none {
    position: absolute !important;
    opacity: 0;
    pointer-events: none;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    :host::after {
      animation: none !important;
      transition: none !important;
    }
  }
`;
