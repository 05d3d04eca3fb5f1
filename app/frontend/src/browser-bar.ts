import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { repeat } from 'lit/directives/repeat.js';

import { shownAddress, toAddress } from './address';
import { back, copy, cross, forward, paste, reload } from './icons';
import { keepFocus } from './keep-focus';
import type { BrowserTab, ClientMessage } from './messages';
import { activeUrl, tabLabels, type TabLabel } from './tab-strip';

export const NO_ADDRESS = 'Only addresses of the web can be opened here.';

export interface BarActions {
  send(message: ClientMessage): void;
  copy(): void;
  paste(): void;
  /** The person is done with the bar. */
  backToPicture(): void;
  notice(text: string): void;
}

type Host = ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };

/** The remote browser's tabs, its address and its buttons. Hidden until the server tells of tabs: without them it can reach none. */
export class BrowserBar implements ReactiveController {
  #tabs: readonly BrowserTab[] | null = null;
  #url = '';
  // What the person is typing in place of the address; null while it is the browser's own.
  #draft: string | null = null;
  #shownTab: string | undefined;

  constructor(
    private readonly host: Host,
    private readonly actions: BarActions,
  ) {
    host.addController(this);
  }

  showTabs(tabs: readonly BrowserTab[]): void {
    this.#tabs = tabs;
    this.showUrl(activeUrl(tabs));
  }

  showUrl(url: string): void {
    this.#url = url;
    this.host.requestUpdate();
  }

  hide(): void {
    this.#tabs = this.#draft = null;
    this.host.requestUpdate();
  }

  hostUpdated(): void {
    const active = this.#tabs?.find((tab) => tab.active)?.id;
    if (active !== this.#shownTab) {
      this.#shownTab = active;
      this.host.renderRoot.querySelector('.tab.active')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  }

  render(inControl: boolean): TemplateResult | typeof nothing {
    if (!this.#tabs) {
      return nothing;
    }
    return html`
      <div class="browser" part="browser" role="group" aria-label="Remote browser" data-testid="browser-bar"
        @mousedown=${keepFocus}
      >
        <ul class="tabs" part="tabs" aria-label="Tabs" data-testid="tabs">
          ${repeat(
            tabLabels(this.#tabs),
            (tab) => tab.id,
            (tab) => this.#renderTab(tab, inControl),
          )}
        </ul>
        <div class="tools" part="tools">
          ${this.#renderButton('Back', 'back', back, inControl, () => this.actions.send({ kind: 'go-back' }))}
          ${this.#renderButton('Forward', 'forward', forward, inControl, () => this.actions.send({ kind: 'go-forward' }))}
          ${this.#renderButton('Reload', 'reload', reload, inControl, this.#reload, 'Reload (with Shift: past the cache)')}
          <input
            class="address"
            part="address"
            data-testid="address"
            aria-label="Address"
            type="text"
            inputmode="url"
            enterkeyhint="go"
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
            ?readonly=${!inControl}
            .value=${live(this.#draft ?? shownAddress(this.#url))}
            @focus=${selectAll}
            @input=${this.#typed}
            @keydown=${this.#addressKey}
            @blur=${this.#forgetDraft}
          />
          ${this.#renderButton('Copy', 'copy', worded(copy, 'Copy'), inControl, () => this.actions.copy(), 'Copy from the remote browser')}
          ${this.#renderButton('Paste', 'paste', worded(paste, 'Paste'), inControl, () => this.actions.paste(), 'Paste into the remote browser')}
        </div>
      </div>
    `;
  }

  #renderTab({ id, title, active, icon, letter }: TabLabel, inControl: boolean): TemplateResult {
    return html`
      <li class="tab ${active ? 'active' : ''}" part="tab" data-testid="tab">
        <button
          type="button"
          class="choose"
          title=${title}
          aria-current=${active}
          ?disabled=${!inControl}
          @click=${() => this.actions.send({ kind: 'activate-tab', id })}
        >
          ${icon
            ? html`<img class="favicon" src=${icon} alt="" width="16" height="16" />`
            : html`<span class="favicon" aria-hidden="true">${letter}</span>`}<span class="title">${title}</span>
        </button>
        <button
          type="button"
          class="close"
          aria-label="Close ${title}"
          ?disabled=${!inControl}
          @click=${() => this.actions.send({ kind: 'close-tab', id })}
        >
          ${cross}
        </button>
      </li>
    `;
  }

  #renderButton(
    label: string,
    name: string,
    icon: unknown,
    enabled: boolean,
    press: (event: MouseEvent) => void,
    title = label,
  ): TemplateResult {
    return html`
      <button
        type="button"
        class="tool"
        part=${name}
        data-testid=${name}
        aria-label=${label}
        title=${title}
        ?disabled=${!enabled}
        @click=${press}
      >
        ${icon}
      </button>
    `;
  }

  readonly #reload = ({ shiftKey }: MouseEvent): void => this.actions.send({ kind: 'reload', hard: shiftKey });

  readonly #typed = ({ target }: InputEvent): void => {
    this.#draft = (target as HTMLInputElement).value;
  };

  readonly #addressKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      this.actions.backToPicture();
    } else if (event.key === 'Enter' && !event.isComposing && this.#draft !== null) {
      this.#navigate(this.#draft);
    }
  };

  #navigate(typed: string): void {
    const url = toAddress(typed);
    if (url) {
      this.actions.send({ kind: 'navigate', url });
      this.actions.backToPicture();
    } else {
      this.actions.notice(NO_ADDRESS);
    }
  }

  readonly #forgetDraft = (): void => {
    this.#draft = null;
    this.host.requestUpdate();
  };
}

const worded = (icon: unknown, word: string): TemplateResult => html`${icon}<span class="word">${word}</span>`;

function selectAll({ target }: FocusEvent): void {
  (target as HTMLInputElement).select();
}
