// Runs in a world of its own in every frame, before the page's scripts, and tells what input has reached the page.
((selection) => {
  const largest = 1024 * 1024;
  const tell = (what) => pilothouseInput(JSON.stringify(what));

  // The page is not to notice marks: nobody has pressed them.
  const marks = ['F23', 'F24', '\0'];
  // Whether other keys came before the mark: a script that was put here between them knows of no copy.
  let keysBefore = false;
  const key = (event) => {
    if (!event.isTrusted || !marks.includes(event.key)) {
      keysBefore ||= event.type === 'keydown' && event.isTrusted;
      return;
    }
    event.stopImmediatePropagation();
    event.preventDefault();
    if (event.type !== 'keydown' || event.repeat) return;
    tellCopied();
    tell({ seen: event.key, keysBefore });
    keysBefore = false;
  };

  // The text that the browser is about to put on its clipboard, until it is told; the page may put another one there.
  let copied = null;
  const tellCopied = () => {
    if (copied !== null && copied !== '') tell({ copied });
    copied = null;
  };
  const copy = (event) => {
    if (!event.isTrusted) return;
    copied = selection.text(largest);
    const last = () => {
      if (event.defaultPrevented) copied = selection.within(largest, event.clipboardData.getData('text/plain'));
      tellCopied();
    };
    addEventListener(event.type, last, { once: true });
    setTimeout(() => {
      removeEventListener(event.type, last);
      tellCopied();
    });
  };

  // Again whenever the document is opened anew, which takes listeners away; to add one twice does nothing.
  const listen = () => {
    for (const type of ['keydown', 'keypress', 'keyup']) addEventListener(type, key, true);
    for (const type of ['copy', 'cut']) addEventListener(type, copy, true);
  };
  listen();
  new MutationObserver(listen).observe(document, { childList: true });
})
