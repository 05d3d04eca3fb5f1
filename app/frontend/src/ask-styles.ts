import { css } from 'lit';

/** What asks the person for an answer, above the picture: it covers some of it, and moves nothing. */
export const askStyles = css`
  .asks {
    grid-area: 3 / 1;
    z-index: 1;
    align-self: start;
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    justify-items: center;
    gap: 8px;
    box-sizing: border-box;
    max-block-size: 100%;
    padding: 12px 16px 32px;
    overflow-y: auto;
    pointer-events: none;
  }
  .ask {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 12px;
    box-sizing: border-box;
    max-inline-size: min(40rem, 100%);
    padding: 10px 16px;
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
    font-variant-numeric: tabular-nums;
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
  .answers {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    margin-inline-start: auto;
  }
  .help {
    inline-size: 44rem;
    max-inline-size: 100%;
    border: 2px solid var(--_agent);
  }
  .help > .icon {
    flex: none;
    align-self: start;
    inline-size: 26px;
    block-size: 26px;
    color: var(--_agent);
  }
  .plea {
    flex: 1 1 18rem;
    min-inline-size: 0;
    overflow-wrap: anywhere;
  }
  .plea .left {
    color: var(--_muted);
  }
  .plea .detail {
    max-block-size: 6.5rem;
    margin-block-start: 2px;
    overflow-y: auto;
    white-space: pre-wrap;
  }
  .note {
    flex: 1 0 100%;
    display: grid;
    gap: 6px;
  }
  .note label {
    color: var(--_muted);
    font-size: 13px;
  }
`;
