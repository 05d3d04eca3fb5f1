import { css } from 'lit';

import { askStyles } from './ask-styles';
import { browserBarStyles } from './browser-bar-styles';
import { clipboardCardStyles } from './clipboard-card-styles';
import { footStyles } from './foot-styles';

const theme = css`
  :host {
    color-scheme: light dark;
    --_accent: var(--pilothouse-accent, light-dark(#0b6e69, #4fd1c5));
    --_on-accent: var(--pilothouse-on-accent, light-dark(#ffffff, #06201e));
    --_bar: var(--pilothouse-bar-background, light-dark(#ffffff, #161b22));
    --_text: var(--pilothouse-text, light-dark(#1b2430, #e6ebf1));
    --_muted: var(--pilothouse-muted, light-dark(#55606e, #9aa7b5));
    --_line: var(--pilothouse-line, light-dark(#d5dbe2, #2c343e));
    --_stage: var(--pilothouse-stage-background, light-dark(#e9edf1, #0b0e12));
    --_good: light-dark(#157a3d, #4cc38a);
    --_wait: light-dark(#8a5a00, #f0b429);
    --_bad: light-dark(#b42318, #ff8a80);
    --_agent: light-dark(#3f4bb8, #a5b0ff);
    font: 14px/1.4 var(--pilothouse-font, system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif);
  }
`;

const frame = css`
  :host {
    display: grid;
    grid-template: auto auto minmax(0, 1fr) auto / minmax(0, 1fr);
    container-type: inline-size;
    inline-size: 100%;
    block-size: 100%;
    min-block-size: 14rem;
    aspect-ratio: 16 / 11;
    overflow: hidden;
    color: var(--_text);
    background: var(--_bar);
  }
  :host([hidden]) {
    display: none;
  }
  .bar {
    display: flex;
    align-items: center;
    gap: 0.5rem 1rem;
    min-block-size: 48px;
    box-sizing: border-box;
    padding: 6px 12px;
    border-block-end: 1px solid var(--_line);
  }
  .buttons {
    display: flex;
    align-items: center;
    gap: 8px;
    margin-inline-start: auto;
  }
  .only {
    flex: 1;
    color: var(--_muted);
    font-weight: 600;
    line-height: 36px;
    text-align: center;
  }
  .frame {
    display: contents;
  }
  @container (max-width: 560px) {
    .bar {
      flex-wrap: wrap;
      justify-content: space-between;
    }
    .buttons {
      flex: 1 0 100%;
    }
    .buttons button {
      flex: 1;
    }
  }
`;

const signs = css`
  .status {
    display: inline-flex;
    align-items: center;
    white-space: pre;
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  .status::before {
    content: '';
    inline-size: 9px;
    block-size: 9px;
    margin-inline-end: 8px;
    border-radius: 50%;
    background: var(--_wait);
  }
  :host([status='live']) .status::before {
    background: var(--_good);
  }
  :host([status='ended']) .status::before {
    background: var(--_bad);
  }
  :host(:is([status='connecting'], [status='reconnecting'])) .status::before {
    animation: breathe 1.6s ease-in-out infinite alternate;
  }
  .control {
    display: inline-flex;
    align-items: center;
    gap: 7px;
    padding: 3px 12px 3px 8px;
    border: 1px solid color-mix(in srgb, var(--_sign) 45%, transparent);
    border-radius: 999px;
    color: var(--_sign);
    background: color-mix(in srgb, var(--_sign) 10%, transparent);
    font-weight: 600;
    white-space: nowrap;
    --_sign: var(--_muted);
  }
  :host([control='unknown']) .control {
    visibility: hidden;
  }
  :host([control='you']) .control {
    --_sign: var(--_accent);
  }
  :host([control='agent']) .control {
    --_sign: var(--_agent);
  }
  :host([control='other']) .control {
    --_sign: var(--_wait);
  }
  .helm {
    flex: none;
    transition: rotate 0.5s ease;
  }
  :host([control='you']) .control .helm {
    rotate: 45deg;
  }
  @keyframes breathe {
    to {
      opacity: 0.35;
    }
  }
`;

const buttons = css`
  button {
    font: inherit;
    font-weight: 600;
    min-block-size: 36px;
    padding: 4px 14px;
    border: 1px solid var(--_line);
    border-radius: 8px;
    color: var(--_text);
    background: transparent;
    white-space: nowrap;
    cursor: pointer;
  }
  button:enabled {
    border-color: var(--_accent);
    color: var(--_on-accent);
    background: var(--_accent);
  }
  button:enabled:hover {
    filter: brightness(1.08);
  }
  button.quiet:enabled {
    border-color: var(--_line);
    color: var(--_text);
    background: transparent;
  }
  button.quiet:enabled:hover {
    background: color-mix(in srgb, var(--_text) 10%, transparent);
  }
  button:disabled {
    color: var(--_muted);
    cursor: default;
  }
  button:focus-visible {
    outline: 3px solid color-mix(in srgb, var(--_accent) 65%, var(--_text));
    outline-offset: 2px;
  }
`;

const stage = css`
  .stage {
    grid-area: 3 / 1;
    position: relative;
    overflow: hidden;
    background: var(--_stage);
  }
  .picture {
    position: absolute;
    inset: 0;
    isolation: isolate;
  }
  :host([control='paused']) .picture {
    filter: saturate(0.35) brightness(0.85);
  }
  /* noVNC draws the remote pointer in place of the local one: only for the one who steers. */
  :host(:not([control='you'])) .picture canvas {
    cursor: default !important;
  }
  .picture .last {
    position: absolute;
    inset: 0;
    z-index: -1;
    inline-size: 100%;
    block-size: 100%;
    object-fit: contain;
    background: none;
    filter: grayscale(1) brightness(0.75);
    opacity: 0.6;
  }
  :host([control='you']) .stage:has(canvas:focus)::after {
    content: '';
    position: absolute;
    inset: 0;
    border: 2px solid var(--_accent);
    pointer-events: none;
  }
  .overlay {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    padding: 16px;
  }
  .card {
    display: grid;
    justify-items: center;
    gap: 6px;
    max-inline-size: 26rem;
    padding: 22px 28px;
    border: 1px solid var(--_line);
    border-radius: 14px;
    background: var(--_bar);
    box-shadow: 0 8px 30px rgb(0 0 0 / 0.18);
    text-align: center;
  }
  .card p {
    margin: 0;
  }
  .headline {
    font-size: 17px;
    font-weight: 650;
    font-variant-numeric: tabular-nums;
  }
  .detail,
  .reason {
    color: var(--_muted);
  }
  .reason {
    font-size: 12px;
    overflow-wrap: anywhere;
  }
  .card .helm {
    inline-size: 34px;
    block-size: 34px;
    color: var(--_accent);
  }
  :host(:is([status='connecting'], [status='reconnecting'])) .card .helm {
    animation: steer 3s ease-in-out infinite alternate;
  }
  .card button {
    margin-block-start: 8px;
  }
  .notice {
    position: absolute;
    inset-inline: 0;
    inset-block-end: 18px;
    display: grid;
    place-items: center;
    padding-inline: 16px;
    pointer-events: none;
  }
  .notice p {
    margin: 0;
    padding: 8px 16px;
    border-radius: 10px;
    color: #fff;
    background: #1b2430;
    border: 1px solid #46515f;
    box-shadow: 0 4px 18px rgb(0 0 0 / 0.3);
  }
  .unseen {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
  @keyframes steer {
    from {
      rotate: -35deg;
    }
    to {
      rotate: 35deg;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before {
      animation: none !important;
      transition: none !important;
    }
  }
`;

export const viewerStyles = [theme, frame, signs, buttons, stage, browserBarStyles, askStyles, clipboardCardStyles, footStyles];
