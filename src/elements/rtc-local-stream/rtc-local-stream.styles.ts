import { css } from 'lit';

export const localStyles = css`
  .mirror {
    scale: -1 1;
  }
  .inset {
    z-index: 1;
    inset: auto 8px 8px auto;
    width: 28%;
    height: auto;
    border-radius: inherit;
  }
`;
