import { html, nothing, type ReactiveControllerHost, type TemplateResult } from 'lit';

import { Countdown, duration } from './countdown';
import { lifebuoy } from './icons';
import type { ClientMessage, TakeoverRequested, TakeoverResolved } from './messages';
import { renderNoteForm } from './note-form';
import type { Control } from './words';

const OVER: Readonly<Record<string, string>> = {
  declined: 'The agent was told that nobody helps.',
  timed_out: 'The agent has stopped waiting for help.',
  canceled: 'The agent needs no help any more.',
};

export interface HelpActions {
  send(message: ClientMessage): void;
  takeControl(): void;
  handBack(note: string): void;
  notice(text: string): void;
  /** Another request, another state of it, or none any more. */
  changed(request: TakeoverRequested | null): void;
}

/** An agent's request for help: what the person sees of it, and their answer. */
export class HelpRequest {
  #request: TakeoverRequested | null = null;
  #form: 'none' | 'decline' | 'hand-back' = 'none';
  readonly #left: Countdown;

  constructor(
    private readonly host: ReactiveControllerHost & { readonly renderRoot: ParentNode },
    private readonly actions: HelpActions,
  ) {
    this.#left = new Countdown(host);
  }

  get request(): TakeoverRequested | null {
    return this.#request;
  }

  /** How long the agent waits, while that is to be shown beside something else. */
  get timeLeft(): string {
    return this.#request?.state === 'taken' ? `${duration(this.#left.secondsLeft)} left` : '';
  }

  /** For people who do not see it. */
  get announcement(): string {
    return this.#request?.state === 'waiting' ? `${headline(this.#request)}. ${this.#request.note}`.trim() : '';
  }

  asked(request: TakeoverRequested): void {
    if (request.request_id !== this.#request?.request_id || request.state !== this.#request.state) {
      this.#form = 'none';
    }
    this.#set(request);
    this.#left.start(request.deadline_seconds);
  }

  resolved({ request_id, outcome }: TakeoverResolved): void {
    if (request_id === this.#request?.request_id) {
      this.forget();
      this.actions.notice(OVER[outcome] ?? '');
    }
  }

  /** Nobody can know any more. */
  forget(): void {
    this.#form = 'none';
    this.#left.stop();
    if (this.#request) {
      this.#set(null);
    }
  }

  /** The person is through: asks for a note first if the agent waits for one. Returns whether it does. */
  handBack(): boolean {
    if (this.#request?.state !== 'taken') {
      return false;
    }
    this.#open('hand-back');
    return true;
  }

  render(control: Control, mayControl: boolean, mayTake: boolean): TemplateResult | typeof nothing {
    const request = this.#request;
    if (!request) {
      return nothing;
    }
    if (request.state === 'waiting' && control !== 'you') {
      return this.#card(request, this.#form === 'decline' ? this.#declineForm(request) : this.#choice(mayControl, mayTake));
    }
    return this.#form === 'hand-back' && control === 'you' ? this.#card(request, this.#handBackForm()) : nothing;
  }

  #card(request: TakeoverRequested, answer: TemplateResult): TemplateResult {
    return html`
      <div class="ask help" part="help" role="group" aria-labelledby="help-headline" data-testid="help">
        ${lifebuoy}
        <div class="plea">
          <p id="help-headline">
            <strong>${headline(request)}</strong>
            <span class="left">${duration(this.#left.secondsLeft)} left</span>
          </p>
          ${request.note ? html`<p class="detail" data-testid="help-note">${request.note}</p>` : nothing}
        </div>
        ${answer}
      </div>
    `;
  }

  #choice(mayControl: boolean, mayTake: boolean): TemplateResult {
    if (!mayControl) {
      return html`<p class="detail">You only watch: somebody else has to help.</p>`;
    }
    return html`
      <span class="answers">
        <button type="button" data-testid="help-take" ?disabled=${!mayTake} @click=${() => this.actions.takeControl()}>
          Take control
        </button>
        <button type="button" class="quiet" data-testid="help-decline" @click=${() => this.#open('decline')}>Decline</button>
      </span>
    `;
  }

  #declineForm({ request_id }: TakeoverRequested): TemplateResult {
    return renderNoteForm({
      action: 'Decline to help',
      cancel: 'Back',
      onSubmit: (note) => this.actions.send({ kind: 'decline-takeover', request_id, ...(note && { note }) }),
      onCancel: () => this.#close(),
    });
  }

  #handBackForm(): TemplateResult {
    return renderNoteForm({
      action: 'Hand back',
      cancel: 'Not yet',
      onSubmit: (note) => {
        this.#close();
        this.actions.handBack(note);
      },
      onCancel: () => this.#close(),
    });
  }

  #open(form: 'decline' | 'hand-back'): void {
    this.#form = form;
    this.host.requestUpdate();
    void this.host.updateComplete.then(() => this.host.renderRoot.querySelector<HTMLElement>('#note')?.focus());
  }

  #close(): void {
    this.#form = 'none';
    this.host.requestUpdate();
  }

  #set(request: TakeoverRequested | null): void {
    this.#request = request;
    this.host.requestUpdate();
    this.actions.changed(request);
  }
}

const headline = ({ reason }: TakeoverRequested): string => `The agent asks for help: ${reason}`;
