import { css } from 'lit';

export const footStyles = css`
  .foot {
    grid-row: 4;
    position: relative;
    display: flex;
    align-items: center;
    gap: 12px;
    min-inline-size: 0;
    block-size: 30px;
    padding-inline: 12px;
    border-block-start: 1px solid var(--_line);
    color: var(--_muted);
    font-size: 12.5px;
    white-space: nowrap;
  }
  .line {
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .left {
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .hint {
    margin-inline-start: auto;
    visibility: hidden;
  }
  :host([control='you']) .frame:has(canvas:focus) .hint {
    visibility: visible;
  }
  .presence summary {
    display: flex;
    align-items: center;
    gap: 6px;
    padding: 3px 8px;
    margin-inline-end: -8px;
    border-radius: 6px;
    list-style: none;
    cursor: pointer;
  }
  .presence summary::-webkit-details-marker {
    display: none;
  }
  .presence summary:hover {
    background: color-mix(in srgb, var(--_text) 10%, transparent);
  }
  .presence summary:focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: -2px;
  }
  .presence .icon {
    inline-size: 15px;
    block-size: 15px;
  }
  .viewers {
    position: absolute;
    z-index: 2;
    inset-block-end: calc(100% + 6px);
    inset-inline-end: 8px;
    display: grid;
    gap: 4px;
    max-block-size: 12rem;
    margin: 0;
    padding: 10px 16px;
    overflow-y: auto;
    border: 1px solid var(--_line);
    border-radius: 12px;
    color: var(--_text);
    background: var(--_bar);
    box-shadow: 0 8px 30px rgb(0 0 0 / 0.3);
    list-style: none;
  }
  .viewers code {
    color: var(--_muted);
    font-size: 11.5px;
    user-select: all;
  }
  .viewers:focus {
    outline: none;
  }
  @container (max-width: 760px) {
    .hint {
      display: none;
    }
    .foot .presence {
      margin-inline-start: auto;
    }
  }
`;
