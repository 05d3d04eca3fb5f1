// Finds elements and prepares them, in a world of its own, which the page can neither see nor change.
(() => {
  const TYPED = ['text', 'url', 'tel', 'search', 'password', 'number', 'email', 'textarea'];
  const WITHOUT_TEXT = ['script', 'style', 'noscript', 'template', 'head', 'title', 'meta', 'link'];

  // A frame may have a document of any kind.
  const childrenOf = (node) => [...(node.shadowRoot?.children ?? []), ...(node.children ?? [])];

  const below = (node) => childrenOf(node).flatMap((child) => [child, ...below(child)]);

  const shownText = (node) => {
    if (WITHOUT_TEXT.includes(node.localName)) return '';
    if (node.localName === 'input' && ['submit', 'button', 'reset'].includes(node.type)) return node.value;
    const inShadow = [...(node.shadowRoot?.childNodes ?? [])];
    const parts = [...inShadow, ...node.childNodes].map((child) =>
      child.nodeType === Node.TEXT_NODE ? child.data : child.nodeType === Node.ELEMENT_NODE ? shownText(child) : '',
    );
    return parts.join('');
  };

  const collapsed = (text) => text.replace(/\s+/g, ' ').trim();

  // The innermost elements that have it: what contains it only because something inside does is left out.
  const withText = (root, text) => {
    const wanted = collapsed(text);
    const inside = (node) => {
      if (!collapsed(shownText(node)).includes(wanted)) return [];
      const inner = childrenOf(node).flatMap(inside);
      return inner.length ? inner : [node];
    };
    return childrenOf(root).flatMap(inside);
  };

  const withPath = (root, path) => {
    const found = document.evaluate(path, root, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE);
    const nodes = Array.from({ length: found.snapshotLength }, (_, index) => found.snapshotItem(index));
    return nodes.filter((node) => node.nodeType === Node.ELEMENT_NODE);
  };

  const waysToFind = {
    css: (root, selector) => [...root.querySelectorAll(selector)],
    pierce: (root, selector) => below(root).filter((element) => element.matches(selector)),
    xpath: withPath,
    text: withText,
  };

  const inside = (node) => node.shadowRoot ?? node;

  const find = (way, selector, ...roots) => [
    ...new Set(roots.flatMap((root) => waysToFind[way](inside(root), selector))),
  ];

  const isVisible = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && element.checkVisibility({ visibilityProperty: true });
  };

  const place = (element) => Object.values(element.getBoundingClientRect().toJSON()).join();

  // A page that is not shown has no frames to wait for.
  const nextPicture = () =>
    new Promise((done) => {
      requestAnimationFrame(done);
      setTimeout(done, 100);
    });

  // What is in the way of using it; empty when nothing is.
  const obstacle = async (element) => {
    if (!element.isConnected) return 'the element has gone';
    if (!isVisible(element)) return 'the element is not visible';
    if (element.matches(':disabled')) return 'the element is disabled';
    const before = place(element);
    await nextPicture();
    return place(element) === before ? '' : 'the element is moving';
  };

  const tellChange = (element) => {
    element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    element.dispatchEvent(new Event('change', { bubbles: true }));
  };

  const choose = (select, value) => {
    const option = [...select.options].find((each) => each.value === value);
    if (!option) return 'there is no such option';
    select.focus();
    select.value = value;
    tellChange(select);
    return 'done';
  };

  // How an element is given a value: `type` after its content was selected, `click` when that will do, or it is `done`.
  const change = (element, value) => {
    if (element.localName === 'select') return choose(element, value);
    if (element.isContentEditable) {
      element.focus();
      getSelection().selectAllChildren(element);
      return 'type';
    }
    if (element.value === undefined) return 'the element takes no value';
    if (element.type === 'file') return 'a file cannot be chosen';
    if (['checkbox', 'radio'].includes(element.type))
      return element.checked === !['', 'false', 'off'].includes(value) ? 'done' : 'click';
    element.focus();
    if (TYPED.includes(element.type)) {
      element.select();
      return 'type';
    }
    element.value = value;
    tellChange(element);
    return 'done';
  };

  const hasProperties = (wanted, object) =>
    wanted !== null && typeof wanted === 'object' && object !== null && typeof object === 'object'
      ? Object.entries(wanted).every(([name, value]) => hasProperties(value, object[name]))
      : Object.is(wanted, object);

  const count = (...elements) => elements.length;

  const are = (attributes, properties, ...elements) =>
    elements.every(
      (element) =>
        Object.entries(attributes).every(([name, value]) => element.getAttribute(name) === value) &&
        hasProperties(properties, element),
    );

  return {
    find,
    obstacle,
    change,
    count,
    are,
    document: () => document,
    all: (...elements) => elements,
    visible: (...elements) => elements.find(isVisible) ?? elements[0],
    scroll: (x, y, element) => (element ?? window).scrollTo(x, y),
    isLoaded: () => document.readyState !== 'loading',
    isShown: () => document.visibilityState === 'visible',
  };
})();
