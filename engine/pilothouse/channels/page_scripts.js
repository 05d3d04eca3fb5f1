// Runs in a world of its own in every frame that is asked, and gives an object with what can be asked.
// A page can change nothing in it: neither our built-in objects nor, by names in its HTML, what `document` has.
((selection) => {
  const { isFrame, focused, isHost } = selection;
  const isField = (element) => element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;

  const selectedText = (largest, onlyWithFocus) => {
    if (onlyWithFocus && !document.hasFocus()) return '';
    const element = focused();
    return isFrame(element) ? element : selection.text(largest);
  };

  // Where the caret is, as far as an element goes.
  const atCaret = (element) => {
    const selection = getSelection();
    if (isField(element) || !selection?.rangeCount) return element;
    const node = selection.getRangeAt(0).startContainer;
    const start = node instanceof Element ? node : node.parentElement;
    return element.contains(start) ? start : element;
  };

  // The texts and elements that Chromium makes of a line when it is pasted where spaces collapse.
  const fillLine = (fragment, line) => {
    const inert = fragment.ownerDocument;
    const parts = line.split(/(\t+)/).filter(Boolean);
    for (const [index, part] of parts.entries()) {
      if (part.startsWith('\t')) {
        const tab = inert.createElement('span');
        tab.style.whiteSpace = 'pre';
        tab.append(part);
        fragment.append(tab);
        continue;
      }
      let text = part.replace(/ {2,}/g, (spaces) => spaces.replace(/ ( ?)/g, '\u00a0$1'));
      if (index === 0) text = text.replace(/^ /, '\u00a0');
      if (index === parts.length - 1) text = text.replace(/ $/, '\u00a0');
      fragment.append(text);
    }
    if (!parts.length) fragment.append(inert.createElement('br'));
  };

  // What encloses the caret, innermost first: inline elements, and the paragraph unless that is the editor itself.
  const enclosing = (start) => {
    const around = [];
    for (let at = start; at.parentElement?.isContentEditable && at !== document.body; at = at.parentElement) {
      around.push(at);
      if (!getComputedStyle(at).display.startsWith('inline')) return { inlines: around.slice(0, -1), block: at };
    }
    return { inlines: around, block: null };
  };

  const htmlOf = (text, start, plain) => {
    const inert = document.implementation.createHTMLDocument();
    const container = inert.body;
    const lastBreak = inert.createElement('br');
    lastBreak.className = 'Apple-interchange-newline';
    const collapses = ['normal', 'nowrap'].includes(getComputedStyle(start).whiteSpace);
    if (plain || !collapses) {
      container.append(text);
      if (text.endsWith('\n')) container.append(lastBreak);
      return container.innerHTML;
    }
    const lines = text.split('\n');
    const { inlines, block } = enclosing(start);
    const wrapped = (line) => {
      const fragment = inert.createDocumentFragment();
      fillLine(fragment, line);
      return inlines.reduce((inner, element) => {
        const copy = inert.importNode(element, false);
        copy.append(inner);
        return copy;
      }, fragment);
    };
    if (lines.length === 1) {
      container.append(wrapped(text));
      return container.innerHTML;
    }
    const endsInBreak = lines.at(-1) === '';
    for (const line of endsInBreak ? lines.slice(0, -1) : lines) {
      const paragraph = block ? inert.importNode(block, false) : inert.createElement('div');
      paragraph.append(wrapped(line));
      container.append(paragraph);
    }
    if (endsInBreak) container.append(lastBreak);
    return container.innerHTML;
  };

  let policy;
  const trusted = (html) => {
    policy ??= trustedTypes.createPolicy('pilothouse', { createHTML: (markup) => markup });
    return policy.createHTML(html);
  };

  const isPlain = (element) =>
    isField(element) || getComputedStyle(element).webkitUserModify === 'read-write-plaintext-only';

  // In one step, as Chromium's own paste does it. Input.insertText would take lines one by one, milliseconds for each,
  // let spaces collapse, misplace the caret, and join what was typed before into one step to undo.
  const insertAsPaste = (element, text, clipboardData) => {
    const plain = isPlain(element);
    const asked = new InputEvent('beforeinput', {
      bubbles: true,
      cancelable: true,
      composed: true,
      inputType: 'insertFromPaste',
      ...(plain ? { data: text } : { dataTransfer: clipboardData }),
    });
    if (!element.dispatchEvent(asked)) return 'taken';
    try {
      const html = htmlOf(text.replace(/\r\n?/g, '\n'), atCaret(element), plain);
      return document.execCommand('insertHTML', false, trusted(html)) ? 'inserted' : 'insert';
    } catch {
      return 'insert'; // the page's Trusted Types allow no policy of ours
    }
  };

  const canInsert = () => {
    try {
      return document.queryCommandEnabled('insertText');
    } catch {
      return true; // documents that are not HTML do not say
    }
  };

  // `insert` asks for Input.insertText, which goes wherever the focus is by then.
  const paste = (text, onlyWithFocus) => {
    if (onlyWithFocus && !document.hasFocus()) return 'unfocused';
    const element = focused();
    if (isFrame(element)) return element;
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    const pasted = new ClipboardEvent('paste', { bubbles: true, cancelable: true, composed: true, clipboardData });
    if (!atCaret(element).dispatchEvent(pasted)) return 'taken';
    const then = focused();
    if (isFrame(then)) return 'insert';
    if (!canInsert()) return 'nowhere';
    if (isHost(then)) return 'insert';
    return insertAsPaste(then, text, clipboardData);
  };

  const clearSessionStorage = () => {
    try {
      sessionStorage.clear();
    } catch {
      // a document without an origin has none
    }
  };

  return { selectedText, paste, clearSessionStorage, hasFocus: () => document.hasFocus() };
})
