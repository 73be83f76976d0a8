import { css } from 'lit';

/** Directly in a room, the link's tiles are tiles of the room's stage. */
export const linkStyles = css`
  :host(:state(inline)),
  :host(:state(inline)) .stage {
    display: contents;
  }
  :host(:state(inline)) [data-bare] [part='status'] {
    width: var(--_w);
    height: var(--_h);
    max-width: none;
    z-index: 0;
    margin: 0;
    justify-content: center;
    border-radius: var(--rtc-radius, 12px);
    background: var(--_tile);
  }
`;
