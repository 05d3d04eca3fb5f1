/** The clipboard of the person who watches. It is touched only while the browser counts a gesture of theirs as fresh. */
export interface LocalClipboard {
  /** Its text. Rejects where the page may not read it; may take as long as the browser asks the person about it. */
  read(): Promise<string>;
  /** Puts a text there that may still be on its way, because Safari wants the call itself in the gesture's own handler. */
  write(text: Promise<string>): Promise<void>;
}

export const localClipboard: LocalClipboard = {
  async read() {
    // Not on plain http, nor in frames that may not.
    if (!navigator.clipboard || navigator.userActivation?.isActive === false) {
      throw new Error('This page may not read the clipboard now.');
    }
    return navigator.clipboard.readText();
  },

  async write(text) {
    try {
      const plain = text.then((known) => new Blob([known], { type: 'text/plain' }));
      await navigator.clipboard.write([new ClipboardItem({ 'text/plain': plain })]);
    } catch {
      copyByCommand(await text);
    }
  },
};

/** The way for plain http, old browsers, and frames that may not. Nothing has to be selected: the focus stays where it is. */
function copyByCommand(text: string): void {
  let copied = false;
  const fill = (event: ClipboardEvent): void => {
    event.preventDefault();
    event.stopImmediatePropagation();
    event.clipboardData?.setData('text/plain', text);
    copied = true;
  };
  // Without a selection Safari and Chromium copy only where this event is prevented.
  const allow = (event: Event): void => event.preventDefault();
  window.addEventListener('beforecopy', allow, true);
  window.addEventListener('copy', fill, true);
  document.execCommand('copy');
  window.removeEventListener('copy', fill, true);
  window.removeEventListener('beforecopy', allow, true);
  if (!copied) {
    throw new Error('This page may not write to the clipboard now.');
  }
}
