import { css } from 'lit';

export const stageStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    width: 100%;
    min-width: 0;
    aspect-ratio: 16 / 10;
    min-height: min(30rem, 85vh);
    max-height: 90vh;
    background: var(--_surface);
  }
  .stage {
    position: relative;
    flex: 1;
    min-height: 0;
    display: flex;
    flex-wrap: wrap;
    place-content: center;
    align-items: center;
    gap: var(--rtc-gap, 8px);
    padding: var(--rtc-gap, 8px);
    overflow: hidden;
  }
  .tiles {
    display: contents;
  }
  .tiles > *,
  ::slotted(rtc-local-stream),
  ::slotted(rtc-remote-stream) {
    width: var(--_w);
    height: var(--_h);
    min-width: 0;
    aspect-ratio: auto;
  }
  .off ::slotted(rtc-local-stream[capture-state='idle']) {
    display: none;
  }
  [data-mode='fill'],
  [data-mode='pair'] {
    padding: 0;
  }
  [data-mode='pair'] ::slotted(rtc-local-stream) {
    position: absolute;
    z-index: 1;
    inset: auto 12px 12px auto;
    width: clamp(152px, 28%, 260px);
    height: auto;
    aspect-ratio: var(--rtc-tile-aspect, 16 / 9);
    box-shadow: 0 2px 12px #0006;
  }
  /* Nothing to look at: the sentence is what the stage shows. */
  [data-bare] [part='status'] {
    position: relative;
    inset: auto;
    margin: 0;
    flex-direction: column;
    gap: 14px;
    max-width: 30em;
    padding: 24px;
    text-align: center;
    text-wrap: balance;
    background: none;
  }
  [data-bare] svg {
    width: 40px;
    height: 40px;
    stroke-width: 1.5;
    opacity: 0.7;
  }
  .toolbar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: center;
    gap: 8px;
    padding: 10px;
  }
  .toolbar:not(:has(button, .state)) {
    padding: 0;
  }
  .state {
    font-size: 13px;
    padding: 0 8px;
    opacity: 0.8;
  }
`;
