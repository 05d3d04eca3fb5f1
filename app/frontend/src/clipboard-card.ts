import { html, nothing, type TemplateResult } from 'lit';

import type { ClipboardExchange, Prompt } from './clipboard-exchange';
import { cross } from './icons';
import { keepFocus } from './keep-focus';

/** Says what the person has to do for the clipboard, and lets them do it. */
export function renderClipboardCard(prompt: Prompt, exchange: ClipboardExchange): TemplateResult {
  return html`
    <div class="clipboard" part="clipboard" role="alert" data-testid="clipboard" @keydown=${dismissOnEscape(exchange)}>
      ${prompt.name === 'none'
        ? nothing
        : html`
            <div class="ask" data-prompt=${prompt.name} @mousedown=${keepFocus}>
              ${renderAsk(prompt, exchange)}
              <button type="button" class="close" aria-label="Dismiss" @click=${() => exchange.dismiss()}>${cross}</button>
            </div>
          `}
    </div>
  `;
}

function renderAsk(prompt: Exclude<Prompt, { name: 'none' }>, exchange: ClipboardExchange): TemplateResult {
  switch (prompt.name) {
    case 'permission':
      return html`<p>Your browser asks whether this page may read your clipboard. Allow it, or press its Paste button.</p>`;
    case 'paste-here':
      return html`
        <label for="paste-here">Your browser does not let this page read your clipboard. Paste here: Ctrl+V, on a Mac ⌘V.</label>
        <textarea
          id="paste-here"
          data-testid="paste-here"
          rows="1"
          autocomplete="off"
          spellcheck="false"
          @paste=${(event: ClipboardEvent) => {
            event.preventDefault();
            exchange.pasted(event.clipboardData?.getData('text/plain') ?? '');
          }}
        ></textarea>
      `;
    case 'copied':
      return html`
        <p>Copied in the remote browser. Your browser puts it into your clipboard when you press Copy.</p>
        <button type="button" class="now" data-testid="copy-now" @click=${() => exchange.copyNow()}>Copy</button>
      `;
  }
}

const dismissOnEscape =
  (exchange: ClipboardExchange) =>
  ({ key }: KeyboardEvent): void => {
    if (key === 'Escape') {
      exchange.dismiss();
    }
  };
