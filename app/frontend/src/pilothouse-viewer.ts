import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from 'lit';

import { BrowserBar } from './browser-bar';
import { ChannelPair, type Told } from './channel-pair';
import { claimClientId, leaveClientId, tabStorage } from './client-id';
import { renderClipboardCard } from './clipboard-card';
import { ClipboardExchange, type Prompt } from './clipboard-exchange';
import { clipboardMeaning, passCopyOf } from './clipboard-keys';
import { ControlRequest } from './control-request';
import { errorWords } from './error-words';
import { HelpRequest } from './help-request';
import { helm } from './icons';
import { localClipboard } from './local-clipboard';
import type { AgentStep, ClientMessage, ControlChanged, ServerError } from './messages';
import { presenceOf, type Presence } from './presence';
import { renderPresence } from './presence-list';
import { quietLine } from './quiet-line';
import { renderStatusCard } from './status-card';
import { controlDetail, helpDetail, statusDetail } from './viewer-events';
import { viewerStyles } from './viewer-styles';
import { CONTROL_WORDS, LEAVE_HINT, STATUS_WORDS, controlOf, countDown, explanation, type Control, type Status } from './words';

const NOTICE_MS = 6_000;

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
  #presence: Presence | null = null;
  #step: AgentStep | null = null;
  // As far as is known: it outlives a break, so that the buttons do not come and go.
  #mayControl = true;
  #hadControl = false;
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

  readonly #request = new ControlRequest(this, {
    send: (message) => {
      this.#focusWhenInControl = false;
      this.#send(message);
    },
  });
  readonly #help = new HelpRequest(this, {
    send: (message) => this.#send(message),
    takeControl: () => this.takeControl(),
    handBack: (note) => {
      this.handBack(note);
      this.#find('.buttons button:enabled')?.focus();
    },
    notice: (text) => this.#showNotice(text),
    changed: (request) => this.#announce('pilothouse-help', helpDetail(request)),
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

  /** Gives control back to the agent; a note is for one that has asked for help. */
  handBack(note = ''): void {
    this.#send({ kind: 'cede-control', ...(note && { note }) });
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
      case 'control-requested':
        this.#request.asked(message.seconds);
        break;
      case 'control-asked':
        this.#request.waits(message.seconds);
        break;
      case 'control-request-over':
        this.#request.over();
        break;
      case 'takeover-requested':
        this.#help.asked(message);
        break;
      case 'takeover-resolved':
        this.#help.resolved(message);
        break;
      case 'agent-step':
        this.#step = message;
        this.requestUpdate();
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

  #failed(error: ServerError): void {
    const known = error.code === 'clipboard_timeout' && this.#exchange.timedOut();
    if (!known) {
      this.#showNotice(errorWords(error));
    }
    if (error.failed_kind === 'take-control') {
      this.#request.over();
      this.#focusWhenInControl = false;
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
    this.#announce('pilothouse-status', statusDetail(status));
  }

  #showControl(message: ControlChanged | null): void {
    const before = this.#control;
    this.#control = controlOf(message);
    this.#hadControl = message ? false : this.#hadControl || this.#holds;
    this.#presence = message && presenceOf(message);
    this.#mayControl = this.#presence?.mayControl ?? this.#mayControl;
    this.setAttribute('control', this.#control);
    if (this.#control !== before) {
      this.#showNotice('');
    }
    if (this.#control !== 'you') {
      this.#exchange.stopPasting();
    }
    if (message) {
      this.#request.controlMoved(this.#holds);
    } else {
      this.#request.over();
      this.#help.forget();
      this.#step = null;
    }
    this.requestUpdate();
    this.#announce('pilothouse-control', controlDetail(this.#control, message, this.#presence));
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
      void this.updateComplete.then(() => this.#find('#paste-here')?.focus());
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

  /** Where there is something to answer, that comes first. */
  #focusBar(): void {
    const first = this.#find('.answers button:enabled') ?? this.#find('.buttons button:enabled');
    (first ?? this.#find('summary'))?.focus();
  }

  #find(selector: string): HTMLElement | null {
    return this.renderRoot.querySelector(selector);
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
    if (this.#status.name !== 'live') {
      return;
    }
    if (!this.#mayControl) {
      this.#showNotice('You may only watch here.');
    } else if (this.#mayTake) {
      this.#showNotice('Take control to click and type here.');
    } else if (this.#control === 'paused') {
      this.#showNotice('The session is paused: nobody can act until it goes on.');
    }
  }

  #handBackPressed(): void {
    if (!this.#help.handBack()) {
      this.handBack();
    }
  }

  get #holds(): boolean {
    return this.#presence?.holds ?? false;
  }

  get #mayTake(): boolean {
    const takeable = this.#control === 'agent' || this.#control === 'other';
    return this.#status.name === 'live' && this.#mayControl && takeable && !this.#request.asking;
  }

  get #mayHandBack(): boolean {
    return this.#status.name === 'live' && this.#control === 'you';
  }

  protected override render(): TemplateResult {
    const status = this.#status;
    const live = status.name === 'live';
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
          <span class="buttons" part="buttons">${this.#renderButtons()}</span>
        </div>
        <div class="asks">
          <p class="unseen" role="alert" data-testid="announcement">
            ${live ? `${this.#request.announcement} ${this.#help.announcement}`.trim() : ''}
          </p>
          ${live ? this.#request.render() : nothing}
          ${live ? this.#help.render(this.#control, this.#mayControl, this.#mayTake) : nothing}
          ${renderClipboardCard(this.#prompt, this.#exchange)}
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
          ${live ? nothing : renderStatusCard(status, this.#hadControl, () => this.#pair?.retryNow())}
          <div class="notice" part="notice" role="alert" data-testid="notice">
            ${this.#notice ? html`<p>${this.#notice}</p>` : nothing}
          </div>
        </div>
        <div class="foot" part="foot">
          ${live ? this.#renderLine() : nothing}
          <span class="hint" part="hint">${LEAVE_HINT}</span>
          ${live ? renderPresence(this.#presence) : nothing}
        </div>
      </div>
    `;
  }

  #renderButtons(): TemplateResult {
    if (!this.#mayControl) {
      return html`<span class="only" data-testid="view-only">You only watch</span>`;
    }
    return html`
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
        @click=${this.#handBackPressed}
      >
        Hand back
      </button>
    `;
  }

  #renderLine(): TemplateResult {
    const line = quietLine({
      control: this.#control,
      holds: this.#holds,
      help: this.#help.request,
      step: this.#step,
    });
    return html`
      <span class="line" part="line" data-testid="line" title=${line}>${line}</span>
      <span class="left">${this.#help.timeLeft}</span>
    `;
  }
}

customElements.define('pilothouse-viewer', PilothouseViewer);

declare global {
  interface HTMLElementTagNameMap {
    'pilothouse-viewer': PilothouseViewer;
  }
}
