import { html, nothing, type TemplateResult } from 'lit';

import { helm } from './icons';
import { CONTROL_KEPT, STATUS_WORDS, countDown, explanation, keepsControl, reason, type Status } from './words';

/** Says over the picture why it is not live. */
export function renderStatusCard(status: Status, hadControl: boolean, retry: () => void): TemplateResult {
  return html`
    <div class="overlay" part="overlay" data-testid="overlay">
      <div class="card" part="card">
        ${helm}
        <p class="headline">${STATUS_WORDS[status.name]}${countDown(status)}</p>
        <p class="detail">${explanation(status)}</p>
        ${hadControl && keepsControl(status) ? html`<p class="detail">${CONTROL_KEPT}</p>` : nothing}
        ${reason(status) ? html`<p class="reason">${reason(status)}</p>` : nothing}
        ${status.name === 'reconnecting'
          ? html`<button type="button" part="try-now" data-testid="try-now" @click=${retry}>Try now</button>`
          : nothing}
      </div>
    </div>
  `;
}
