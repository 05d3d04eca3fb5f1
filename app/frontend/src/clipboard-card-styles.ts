import { css } from 'lit';

export const clipboardCardStyles = css`
  .clipboard {
    max-inline-size: 100%;
  }
  .ask:has(> .close) {
    max-inline-size: min(36rem, 100%);
    padding-inline-end: 44px;
  }
  .ask .close {
    position: absolute;
    inset-block-start: 6px;
    inset-inline-end: 6px;
  }
`;
