import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from 'lit';

import { BrowserBar } from './browser-bar';
import { ChannelPair, type Told } from './channel-pair';
import { claimClientId, leaveClientId, tabStorage } from './client-id';
import { renderClipboardCard } from './clipboard-card';
import { ClipboardExchange, type Prompt } from './clipboard-exchange';
import { clipboardMeaning, passCopyOf } from './clipboard-keys';
import { helm } from './icons';
import { localClipboard } from './local-clipboard';
import type { ClientMessage, ControlChanged, ServerError } from './messages';
import { viewerStyles } from './viewer-styles';
import {
  CONTROL_WORDS,
  LEAVE_HINT,
  STATUS_WORDS,
  controlOf,
  countDown,
  explanation,
  reason,
  type Control,
  type Status,
} from './words';

const NOTICE_MS = 6_000;

export interface StatusDetail {
  readonly status: Status['name'];
  /** What the viewer shows, such as "Reconnecting in 3 s". */
  readonly text: string;
  readonly explanation: string;
  readonly closeCode: number | null;
}

export interface ControlDetail {
  readonly control: Control;
  readonly text: string;
  readonly holderClientId: string | null;
  readonly epoch: number | null;
}

/** Shows a browser session live, says who has control, and lets a person take it and hand it back. */
export class PilothouseViewer extends LitElement {
  static override styles = viewerStyles;
  static override properties = {
    server: {},
    sessionId: { attribute: 'session-id' },
    token: {},
  };

  declare server: string;
  declare sessionId: string;
  declare token: string;

  readonly #storage = tabStorage();
  #pair: ChannelPair | null = null;
  #opened: { sessionId: string; clientId: string } | null = null;
  #status: Status = { name: 'connecting' };
  #control: Control = 'unknown';
  #focusWhenInControl = false;
  #focused: HTMLElement | null = null;
  #prompt: Prompt = { name: 'none' };
  #notice = '';
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;

  readonly #exchange = new ClipboardExchange(localClipboard, {
    send: (message) => this.#send(message),
    onPrompt: (prompt) => this.#showPrompt(prompt),
    onNotice: (text) => this.#showNotice(text),
  });
  readonly #browserBar = new BrowserBar(this, {
    send: (message) => this.#send(message),
    copy: () => this.#exchange.copy(),
    paste: () => this.#exchange.paste(),
    backToPicture: () => this.#pair?.focus(),
    notice: (text) => this.#showNotice(text),
  });

  constructor() {
    super();
    this.server = location.origin;
    this.sessionId = '';
    this.token = '';
  }

  /** Asks for control; the keyboard follows as soon as it is given. */
  takeControl(): void {
    this.#focusWhenInControl = true;
    this.#send({ kind: 'take-control' });
  }

  /** Gives control back to the agent. */
  handBack(): void {
    this.#send({ kind: 'cede-control' });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute('status', this.#status.name);
    this.setAttribute('control', this.#control);
    window.addEventListener('pagehide', this.#leaveClientId);
    window.addEventListener('pageshow', this.#reclaimClientId);
    window.addEventListener('paste', this.#localPaste, true);
    if (this.hasUpdated) {
      this.#open();
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('pagehide', this.#leaveClientId);
    window.removeEventListener('pageshow', this.#reclaimClientId);
    window.removeEventListener('paste', this.#localPaste, true);
    clearTimeout(this.#noticeTimer);
    this.#close();
  }

  protected override willUpdate(): void {
    const focused = this.shadowRoot?.activeElement;
    this.#focused = focused instanceof HTMLElement ? focused : null;
  }

  protected override updated(changed: PropertyValues<this>): void {
    this.#passFocusOn();
    const renewed = changed.has('token') && this.#status.name === 'ended';
    if (changed.has('server') || changed.has('sessionId') || renewed) {
      this.#open();
    }
  }

  #open(): void {
    this.#close();
    if (!this.sessionId) {
      return;
    }
    if (this.#opened?.sessionId !== this.sessionId) {
      this.#opened = { sessionId: this.sessionId, clientId: claimClientId(this.#storage, this.sessionId) };
    }
    const { sessionId, clientId } = this.#opened;
    const picture = this.renderRoot.querySelector<HTMLElement>('.picture')!;
    // Asked anew for each attempt, so that a renewed token serves the next one without a break.
    const address = () => ({ server: this.server, sessionId, clientId, token: this.token });
    this.#pair = new ChannelPair(picture, address, {
      onStatus: (status) => this.#showStatus(status),
      onControl: (message) => this.#showControl(message),
      onTold: (message) => this.#told(message),
    });
    this.#pair.open();
  }

  #close(): void {
    this.#pair?.close();
    this.#pair = null;
    this.#browserBar.hide();
    this.#exchange.dismiss();
  }

  #send(message: ClientMessage): void {
    this.#pair?.send(message);
  }

  #told(message: Told): void {
    switch (message.kind) {
      case 'browser-tabs':
        this.#browserBar.showTabs(message.tabs);
        break;
      case 'browser-url':
        this.#browserBar.showUrl(message.url);
        break;
      case 'ask-for-clipboard':
        this.#exchange.asked();
        break;
      case 'copied-text':
        this.#exchange.copied(message.text);
        break;
      case 'pasted':
        if (!message.ok && !this.#notice) {
          this.#showNotice('The text could not be pasted.');
        }
        break;
      case 'error':
        this.#failed(message);
    }
  }

  #failed({ code, message }: ServerError): void {
    const known = code === 'clipboard_timeout' && this.#exchange.timedOut();
    if (!known) {
      this.#showNotice(message);
    }
  }

  readonly #leaveClientId = (): void => {
    if (this.#opened) {
      leaveClientId(this.#storage, this.#opened.sessionId, this.#opened.clientId);
    }
  };

  readonly #reclaimClientId = ({ persisted }: PageTransitionEvent): void => {
    if (persisted && this.#opened) {
      claimClientId(this.#storage, this.#opened.sessionId);
    }
  };

  #showStatus(status: Status): void {
    this.#status = status;
    this.setAttribute('status', status.name);
    if (status.name === 'ended') {
      this.#browserBar.hide();
    }
    this.requestUpdate();
    this.#announce<StatusDetail>('pilothouse-status', {
      status: status.name,
      text: STATUS_WORDS[status.name] + countDown(status),
      explanation: explanation(status),
      closeCode: 'ending' in status ? status.ending.code : null,
    });
  }

  #showControl(message: ControlChanged | null): void {
    this.#control = controlOf(message);
    this.setAttribute('control', this.#control);
    this.#showNotice('');
    if (this.#control !== 'you') {
      this.#exchange.stopPasting();
    }
    this.#announce<ControlDetail>('pilothouse-control', {
      control: this.#control,
      text: CONTROL_WORDS[this.#control],
      holderClientId: message?.holder_client_id ?? null,
      epoch: message?.control_epoch ?? null,
    });
  }

  #announce<Detail>(type: keyof HTMLElementEventMap, detail: Detail): void {
    this.dispatchEvent(new CustomEvent<Detail>(type, { detail, bubbles: true, composed: true }));
  }

  #showNotice(text: string): void {
    clearTimeout(this.#noticeTimer);
    this.#notice = text;
    if (text) {
      this.#noticeTimer = setTimeout(() => this.#showNotice(''), NOTICE_MS);
    }
    this.requestUpdate();
  }

  #showPrompt(prompt: Prompt): void {
    const asksToPaste = prompt.name === 'paste-here' && this.#prompt.name !== 'paste-here';
    this.#prompt = prompt;
    this.requestUpdate();
    if (asksToPaste) {
      void this.updateComplete.then(() => this.renderRoot.querySelector('textarea')?.focus());
    }
  }

  /** A button that has just been switched off or taken away passes the focus on, so that a keyboard user is not lost. */
  #passFocusOn(): void {
    if (this.#control === 'you' && this.#focusWhenInControl) {
      this.#focusWhenInControl = false;
      this.#pair?.focus();
    } else if (this.#focused?.matches(':disabled') || this.#focused?.isConnected === false) {
      if (this.#control === 'you' && this.#focused.closest('.ask')) {
        this.#pair?.focus();
      } else {
        this.#focusBar();
      }
    }
  }

  #focusBar(): void {
    this.renderRoot.querySelector<HTMLButtonElement>('.buttons button:enabled')?.focus();
  }

  readonly #pictureKeydown = {
    // Ahead of noVNC, which sends every key to the remote browser.
    capture: true,
    handleEvent: (event: KeyboardEvent): void => {
      if (event.ctrlKey && event.altKey && event.code === 'Home') {
        event.preventDefault();
        event.stopPropagation();
        this.#focusBar();
      } else if (event.isTrusted && event.metaKey && event.key === 'Shift') {
        // On a Mac noVNC lets go at once of what is pressed while Cmd is held, and Cmd+Shift+Z would be Cmd+Z.
        passCopyOf(event, { metaKey: false });
      } else if (event.isTrusted && this.#control === 'you') {
        this.#clipboardKeydown(event);
      }
    },
  };

  #clipboardKeydown(event: KeyboardEvent): void {
    const meaning = clipboardMeaning(event);
    if (meaning === 'paste') {
      this.#exchange.pasteKey();
      passCopyOf(event);
    } else if (meaning === 'copy' && !event.repeat) {
      this.#exchange.copyKey();
    }
  }

  // At the window, because browsers do not agree on where they fire it while a canvas has the focus.
  readonly #localPaste = (event: ClipboardEvent): void => {
    if (this.#control === 'you' && this.shadowRoot?.activeElement?.matches('.picture canvas')) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#exchange.pasted(event.clipboardData?.getData('text/plain') ?? '');
    }
  };

  #picturePointerdown(): void {
    if (this.#mayTake) {
      this.#showNotice('Take control to click and type here.');
    }
  }

  get #mayTake(): boolean {
    return this.#status.name === 'live' && (this.#control === 'agent' || this.#control === 'other');
  }

  get #mayHandBack(): boolean {
    return this.#status.name === 'live' && this.#control === 'you';
  }

  protected override render(): TemplateResult {
    const status = this.#status;
    return html`
      <div class="frame">
        <div class="bar" part="bar">
          <span class="status" part="status" role="status" data-testid="status"
            >${STATUS_WORDS[status.name]}<span aria-hidden="true">${countDown(status)}</span
            ><span class="unseen">${explanation(status) && `: ${explanation(status)}`}</span></span
          >
          <span class="control" part="control" role="status" data-testid="control"
            >${helm}<span>${CONTROL_WORDS[this.#control]}</span></span
          >
          <span class="hint" part="hint">${LEAVE_HINT}</span>
          <span class="buttons" part="buttons">
            <button
              type="button"
              part="take-control"
              data-testid="take-control"
              ?disabled=${!this.#mayTake}
              @click=${this.takeControl}
            >
              Take control
            </button>
            <button
              type="button"
              part="hand-back"
              data-testid="hand-back"
              ?disabled=${!this.#mayHandBack}
              @click=${this.handBack}
            >
              Hand back
            </button>
          </span>
        </div>
        ${this.#browserBar.render(this.#mayHandBack)}
        <div class="stage" part="stage" data-testid="stage">
          <div
            class="picture"
            part="picture"
            data-testid="picture"
            @keydown=${this.#pictureKeydown}
            @pointerdown=${this.#picturePointerdown}
          ></div>
          ${status.name === 'live' ? nothing : this.#renderCard(status)}
          ${renderClipboardCard(this.#prompt, this.#exchange)}
          <div class="notice" part="notice" role="alert" data-testid="notice">
            ${this.#notice ? html`<p>${this.#notice}</p>` : nothing}
          </div>
        </div>
      </div>
    `;
  }

  #renderCard(status: Status): TemplateResult {
    const retry = html`
      <button type="button" part="try-now" data-testid="try-now" @click=${() => this.#pair?.retryNow()}>Try now</button>
    `;
    return html`
      <div class="overlay" part="overlay" data-testid="overlay">
        <div class="card" part="card">
          ${helm}
          <p class="headline">${STATUS_WORDS[status.name]}${countDown(status)}</p>
          <p class="detail">${explanation(status)}</p>
          ${reason(status) ? html`<p class="reason">${reason(status)}</p>` : nothing}
          ${status.name === 'reconnecting' ? retry : nothing}
        </div>
      </div>
    `;
  }
}

customElements.define('pilothouse-viewer', PilothouseViewer);

declare global {
  interface HTMLElementTagNameMap {
    'pilothouse-viewer': PilothouseViewer;
  }
  interface HTMLElementEventMap {
    'pilothouse-status': CustomEvent<StatusDetail>;
    'pilothouse-control': CustomEvent<ControlDetail>;
  }
}
