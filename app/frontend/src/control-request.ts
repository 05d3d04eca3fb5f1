import { html, nothing, type ReactiveControllerHost, type TemplateResult } from 'lit';

import { Countdown } from './countdown';
import { keepFocus } from './keep-focus';
import type { ClientMessage } from './messages';

export interface ControlRequestActions {
  send(message: ClientMessage): void;
}

/** Where control has to be asked for: the question, to whoever has control, and the waiting of whoever has asked. */
export class ControlRequest {
  #side: 'none' | 'asked' | 'asking' = 'none';
  readonly #left: Countdown;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly actions: ControlRequestActions,
  ) {
    this.#left = new Countdown(host);
  }

  /** Whether this viewer has asked, and waits. */
  get asking(): boolean {
    return this.#side === 'asking';
  }

  /** For people who do not see it. */
  get announcement(): string {
    return { none: '', asked: 'Somebody asks you for control.', asking: 'You have asked for control.' }[this.#side];
  }

  /** Somebody asks this viewer. */
  asked(seconds: number): void {
    this.#begin('asked', seconds);
  }

  /** This viewer has asked. */
  waits(seconds: number): void {
    this.#begin('asking', seconds);
  }

  /** There is nothing to be asked any more. */
  over(): void {
    this.#side = 'none';
    this.#left.stop();
    this.host.requestUpdate();
  }

  /** Control may have moved: whoever has it waits for nothing, and nobody else can be asked for it. */
  controlMoved(holds: boolean): void {
    if (this.#side === (holds ? 'asking' : 'asked')) {
      this.over();
    }
  }

  render(): TemplateResult | typeof nothing {
    switch (this.#side) {
      case 'none':
        return nothing;
      case 'asked':
        return html`
          <div class="ask" part="control-request" role="group" aria-label="Request for control" data-testid="control-request"
            @mousedown=${keepFocus}
          >
            <p><strong>Somebody asks you for control.</strong> They get it ${this.#when}, unless you keep it.</p>
            <span class="answers">
              ${this.#button('Hand over', 'grant', 'grant-control', 'quiet')} ${this.#button('Keep', 'refuse', 'refuse-control')}
            </span>
          </div>
        `;
      case 'asking':
        return html`
          <div class="ask" part="control-request" role="group" aria-label="Request for control" data-testid="control-request">
            <p><strong>You have asked for control.</strong> You get it ${this.#when}, unless whoever has it keeps it.</p>
            <span class="answers">${this.#button('Do not ask', 'withdraw', 'cede-control', 'quiet')}</span>
          </div>
        `;
    }
  }

  get #when(): string {
    const { secondsLeft } = this.#left;
    return secondsLeft > 0 ? `in ${secondsLeft} s` : 'now';
  }

  #begin(side: 'asked' | 'asking', seconds: number): void {
    this.#side = side;
    this.#left.start(seconds);
  }

  #button(
    label: string,
    name: string,
    kind: 'grant-control' | 'refuse-control' | 'cede-control',
    looks = '',
  ): TemplateResult {
    const answer = (): void => {
      this.actions.send({ kind });
      this.over();
    };
    return html`<button type="button" class=${looks} data-testid=${name} @click=${answer}>${label}</button>`;
  }
}
