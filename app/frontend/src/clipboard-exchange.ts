import type { LocalClipboard } from './local-clipboard';
import type { ClientMessage } from './messages';

/** What the person has to do, so that a text can pass. */
export type Prompt =
  /** Nothing. */
  | { readonly name: 'none' }
  /** Answer the browser, which asks whether this page may read the clipboard. */
  | { readonly name: 'permission' }
  /** Paste into a field, because the page may not read the clipboard. */
  | { readonly name: 'paste-here' }
  /** Press a button, because the page may write to the clipboard only then. */
  | { readonly name: 'copied'; readonly text: string };

export interface ExchangeEvents {
  send(message: ClientMessage): void;
  onPrompt(prompt: Prompt): void;
  onNotice(text: string): void;
}

/** How long a browser may take for the clipboard before it is taken to ask the person. */
export const ASKS_AFTER_MS = 300;
/** How long the server has to ask for what was pasted by key. */
export const FRESH_MS = 5_000;
// The server closes on messages over 2 MiB.
const LARGEST_MESSAGE = 2 * 1024 * 1024 - 1024;

export const NO_TEXT = 'There is no text in your clipboard.';
export const NOTHING_SELECTED = 'Nothing is selected in the remote browser.';
export const TOO_LARGE = 'The text in your clipboard is too long to paste.';
export const REFUSED = 'Your browser does not let this page write to the clipboard.';

const NO_PROMPT: Prompt = { name: 'none' };

/** Takes texts from the local clipboard to the remote browser and back. */
export class ClipboardExchange {
  #prompt: Prompt = NO_PROMPT;
  // A paste by key: the browser hands its text over first, then the server asks for it.
  #keyPressed = false;
  #prepared: { text: string; until: number } | null = null;
  #questions = 0;
  #reading: symbol | null = null;
  #asksTimer: ReturnType<typeof setTimeout> | undefined;
  // A copy: the write begins with the gesture, and its text follows.
  #offer: { text: string | null; settle(text: string): void } | null = null;

  constructor(
    private readonly local: LocalClipboard,
    private readonly events: ExchangeEvents,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The key that pastes was pressed on the picture. */
  pasteKey(): void {
    this.#keyPressed = true;
    this.#prepared = null;
  }

  /** The browser hands over the clipboard's text, because the person pastes: by key, from a menu, or into the field. */
  pasted(text: string): void {
    const byKey = this.#keyPressed;
    this.#keyPressed = false;
    if (byKey) {
      this.#prepared = { text, until: this.now() + FRESH_MS };
    }
    if (!byKey || this.#questions > 0) {
      this.#deliver(text);
    }
  }

  /** The button that pastes was pressed. */
  paste(): void {
    this.#read();
  }

  /** The server asks for the clipboard's text. */
  asked(): void {
    this.#questions += 1;
    if (this.#prepared && this.now() < this.#prepared.until) {
      this.#deliver(this.#prepared.text);
    } else {
      this.#read();
    }
  }

  /** The server has stopped waiting for an answer. Returns whether the person knows already what to do. */
  timedOut(): boolean {
    this.#questions = Math.max(0, this.#questions - 1);
    return this.#prompt.name !== 'none';
  }

  /** A key that copies or cuts was pressed on the picture. */
  copyKey(): void {
    let settle = (_text: string): void => undefined;
    const promised = new Promise<string>((resolve) => (settle = resolve));
    const offer = (this.#offer = { text: null as string | null, settle });
    this.local.write(promised).then(
      () => this.#copiedAfterAll(),
      () => offer.text !== null && this.#ask({ name: 'copied', text: offer.text }),
    );
  }

  /** The button that copies was pressed. */
  copy(): void {
    this.copyKey();
    this.events.send({ kind: 'clipboard-copy' });
  }

  /** The server brings the text that was copied in the remote browser. */
  copied(text: string): void {
    if (text === '') {
      this.events.onNotice(NOTHING_SELECTED);
    } else if (this.#offer?.text === null) {
      this.#offer.text = text;
      this.#offer.settle(text);
    } else if (this.#offer?.text !== text) {
      this.#ask({ name: 'copied', text });
    }
  }

  /** The button of the prompt was pressed that puts the copied text into the clipboard. */
  copyNow(): void {
    if (this.#prompt.name === 'copied') {
      const { text } = this.#prompt;
      this.dismiss();
      this.local.write(Promise.resolve(text)).catch(() => this.events.onNotice(REFUSED));
    }
  }

  /** The person wants no prompt. */
  dismiss(): void {
    this.#stopReading();
    this.#ask(NO_PROMPT);
  }

  /** Control has gone: nothing can be pasted now. */
  stopPasting(): void {
    this.#keyPressed = false;
    this.#prepared = null;
    this.#questions = 0;
    this.#stopReading();
    if (this.#prompt.name !== 'copied') {
      this.#ask(NO_PROMPT);
    }
  }

  /** What an earlier copy has left to be done is out of date. */
  #copiedAfterAll(): void {
    if (this.#prompt.name === 'copied') {
      this.#ask(NO_PROMPT);
    }
  }

  #read(): void {
    if (this.#reading) {
      return;
    }
    const reading = (this.#reading = Symbol());
    this.#asksTimer = setTimeout(() => this.#ask({ name: 'permission' }), ASKS_AFTER_MS);
    const still = (then: () => void): void => {
      if (this.#reading === reading) {
        this.#stopReading();
        then();
      }
    };
    this.local.read().then(
      (text) => still(() => this.#deliver(text)),
      () => still(() => this.#ask({ name: 'paste-here' })),
    );
  }

  #stopReading(): void {
    clearTimeout(this.#asksTimer);
    this.#reading = null;
  }

  #deliver(text: string): void {
    const sent = this.#sendable(text);
    const asked = this.#questions;
    this.dismiss();
    this.#questions = 0;
    for (let question = 0; question < asked; question += 1) {
      this.events.send({ kind: 'ask-for-clipboard-response', text: sent });
    }
    if (asked === 0 && sent) {
      this.events.send({ kind: 'clipboard-paste', text: sent });
    }
  }

  /** What of a text can be sent. A question is answered even with nothing, because input waits for the answer. */
  #sendable(text: string): string {
    if (text === '') {
      this.events.onNotice(NO_TEXT);
    } else if (new TextEncoder().encode(JSON.stringify(text)).length > LARGEST_MESSAGE) {
      this.events.onNotice(TOO_LARGE);
      return '';
    }
    return text;
  }

  #ask(prompt: Prompt): void {
    this.#prompt = prompt;
    this.events.onPrompt(prompt);
  }
}
