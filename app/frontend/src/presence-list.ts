import { html, nothing, type TemplateResult } from 'lit';

import { eye } from './icons';
import type { Presence } from './presence';

/** How many are there, and at a press who they are. */
export function renderPresence(presence: Presence | null): TemplateResult | typeof nothing {
  if (!presence) {
    return nothing;
  }
  return html`
    <details class="presence" part="presence" @keydown=${closeOnEscape} @focusout=${closeWhenLeft}>
      <summary data-testid="watching">${eye}${presence.watching} watching</summary>
      <ul class="viewers" tabindex="-1" aria-label="Who is here" data-testid="viewers">
        ${presence.rows.map(
          ({ id, who, what }) => html`<li><strong>${who}</strong> <span>${what}</span> <code>${id}</code></li>`,
        )}
        ${presence.more > 0 ? html`<li><span>and ${presence.more} more</span></li>` : nothing}
      </ul>
    </details>
  `;
}

function closeOnEscape(event: KeyboardEvent): void {
  const details = event.currentTarget as HTMLDetailsElement;
  if (event.key === 'Escape' && details.open) {
    details.open = false;
    details.querySelector('summary')?.focus();
  }
}

function closeWhenLeft(event: FocusEvent): void {
  const details = event.currentTarget as HTMLDetailsElement;
  if (!details.contains(event.relatedTarget as Node | null)) {
    details.open = false;
  }
}
