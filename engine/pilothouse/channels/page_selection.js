// What is selected in a document, and where its focus is. An object for the other scripts.
(() => {
  const frames = [HTMLIFrameElement, HTMLFrameElement, HTMLObjectElement, HTMLEmbedElement];
  const isFrame = (element) => frames.some((kind) => element instanceof kind);
  const isPassword = (element) => element instanceof HTMLInputElement && element.type === 'password';

  const focused = () => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element ?? document.body ?? document.documentElement;
  };

  // The focus may be behind a shadow root that is closed to us; then this is its host.
  const isHost = (element) =>
    element.matches(':focus-within:not(input, textarea)') && !element.shadowRoot && !element.isContentEditable;

  // A text, or its length where it is over the limit.
  const within = (largest, text) =>
    text.length > largest || new TextEncoder().encode(text).length > largest ? text.length : text;

  const text = (largest) => {
    const element = focused();
    if (isPassword(element)) return '';
    const selected = String(getSelection() ?? '');
    if (element && isHost(element) && /^•+$/.test(selected)) return ''; // what a password field shows
    return within(largest, selected);
  };

  return { isFrame, focused, isHost, within, text };
})()
