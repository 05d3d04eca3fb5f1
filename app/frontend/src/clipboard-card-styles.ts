import { css } from 'lit';

export const clipboardCardStyles = css`
  .clipboard {
    position: absolute;
    inset-inline: 0;
    inset-block-start: 12px;
    display: grid;
    place-items: center;
    padding-inline: 16px;
    pointer-events: none;
  }
  .ask {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 12px;
    box-sizing: border-box;
    max-inline-size: min(36rem, 100%);
    padding: 10px 44px 10px 16px;
    position: relative;
    border: 1px solid var(--_line);
    border-radius: 12px;
    background: var(--_bar);
    box-shadow: 0 8px 30px rgb(0 0 0 / 0.3);
    pointer-events: auto;
  }
  .ask :is(p, label) {
    flex: 1 1 14rem;
    margin: 0;
  }
  .ask textarea {
    flex: 1 1 8rem;
    box-sizing: border-box;
    padding: 6px 12px;
    border: 1px solid var(--_accent);
    border-radius: 8px;
    color: var(--_text);
    background: var(--_stage);
    font: inherit;
    resize: none;
  }
  .ask textarea:focus-visible {
    outline: 2px solid var(--_accent);
  }
  .ask .close {
    position: absolute;
    inset-block-start: 6px;
    inset-inline-end: 6px;
  }
`;
