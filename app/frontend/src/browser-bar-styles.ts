import { css } from 'lit';

const tabs = css`
  .browser {
    grid-row: 2;
    min-inline-size: 0;
    border-block-end: 1px solid var(--_line);
    background: color-mix(in srgb, var(--_stage) 55%, var(--_bar));
  }
  .tabs {
    display: flex;
    gap: 2px;
    margin: 0;
    padding: 4px 8px 0;
    overflow-x: auto;
    scrollbar-width: none;
    list-style: none;
  }
  .tab {
    display: flex;
    align-items: center;
    flex: 0 1 14rem;
    min-inline-size: 5.5rem;
    border: 1px solid transparent;
    border-block-end: 0;
    border-radius: 8px 8px 0 0;
    color: var(--_muted);
  }
  .tab:hover {
    background: color-mix(in srgb, var(--_bar) 60%, transparent);
  }
  .tab.active {
    border-color: var(--_line);
    color: var(--_text);
    background: var(--_bar);
  }
  .choose {
    display: flex;
    align-items: center;
    gap: 7px;
    flex: 1;
    min-inline-size: 0;
    padding-inline: 8px 2px;
    font-weight: 500;
  }
  .title {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .favicon {
    flex: none;
    inline-size: 16px;
    block-size: 16px;
    border-radius: 4px;
    object-fit: contain;
  }
  span.favicon {
    display: grid;
    place-items: center;
    color: var(--_bar);
    background: var(--_muted);
    font-size: 11px;
    font-weight: 700;
    line-height: 1;
  }
`;

const tools = css`
  .tools {
    display: flex;
    align-items: center;
    gap: 2px;
    padding: 4px 8px;
    border-block-start: 1px solid var(--_line);
    margin-block-start: -1px;
    background: var(--_bar);
  }
  .browser button,
  .ask .close {
    min-block-size: 28px;
    border: 0;
    color: inherit;
    background: none;
  }
  .browser .tool,
  .browser .close,
  .ask .close {
    display: grid;
    place-items: center;
    flex: none;
    padding: 0;
    inline-size: 32px;
    border-radius: 6px;
  }
  .browser .tool:has(.word) {
    display: flex;
    gap: 6px;
    inline-size: auto;
    padding-inline: 8px;
    font-weight: 500;
  }
  @container (max-width: 560px) {
    .word {
      display: none;
    }
  }
  .browser .close {
    inline-size: 22px;
    min-block-size: 22px;
    margin-inline-end: 4px;
  }
  .browser .close .icon {
    inline-size: 14px;
    block-size: 14px;
  }
  :is(.tool, .close):enabled:hover {
    background: color-mix(in srgb, var(--_text) 12%, transparent);
    filter: none;
  }
  .tool:disabled,
  .close:disabled {
    opacity: 0.45;
  }
  .browser button:focus-visible {
    outline-offset: -2px;
  }
  .address {
    flex: 1;
    min-inline-size: 0;
    min-block-size: 28px;
    box-sizing: border-box;
    margin-inline: 6px;
    padding: 2px 12px;
    border: 1px solid var(--_line);
    border-radius: 999px;
    color: var(--_text);
    background: color-mix(in srgb, var(--_stage) 70%, var(--_bar));
    font: inherit;
    font-size: 13px;
    text-overflow: ellipsis;
  }
  .address:read-only {
    color: var(--_muted);
  }
  .address:focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: -1px;
  }
  @media (pointer: coarse) {
    .browser button,
    .address {
      min-block-size: 40px;
    }
    .browser .tool {
      inline-size: 40px;
    }
    .browser .close {
      inline-size: 32px;
    }
  }
`;

export const browserBarStyles = css`
  ${tabs}
  ${tools}
`;
