export type ClipboardMeaning = 'copy' | 'paste' | null;

type Key = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>;

/** What a key means for the clipboard, wherever it is on the keyboard. Cutting is copying to this side. */
export function clipboardMeaning(pressed: Key): ClipboardMeaning {
  const { ctrlKey, metaKey, shiftKey, altKey } = pressed;
  if (altKey) {
    return null;
  }
  const name = nameOf(pressed);
  if (shiftKey) {
    const alone = !ctrlKey && !metaKey;
    return alone && name === 'Insert' ? 'paste' : alone && name === 'Delete' ? 'copy' : null;
  }
  if (ctrlKey === metaKey) {
    return null;
  }
  if (name === 'v') {
    return 'paste';
  }
  return name === 'c' || name === 'x' || (name === 'Insert' && ctrlKey) ? 'copy' : null;
}

/** On a keyboard without Latin letters, browsers go by the place of the key. */
function nameOf({ key, code }: Key): string {
  if (key.length > 1) {
    return key;
  }
  return (key > '~' ? code.replace(/^Key/, '') : key).toLowerCase();
}

/**
 * Sends noVNC a copy of a key, and keeps the key itself from it.
 *
 * noVNC prevents what the browser would do with a key. Of a paste the browser shall do its part all the same: only then does it
 * fire the `paste` event, which brings the clipboard's text without asking for permission.
 */
export function passCopyOf(event: KeyboardEvent, changed: KeyboardEventInit = {}): void {
  event.stopPropagation();
  const { key, code, location, repeat, ctrlKey, metaKey, shiftKey, altKey } = event;
  event.target?.dispatchEvent(
    new KeyboardEvent(event.type, {
      key,
      code,
      location,
      repeat,
      ctrlKey,
      metaKey,
      shiftKey,
      altKey,
      modifierCapsLock: event.getModifierState('CapsLock'),
      modifierNumLock: event.getModifierState('NumLock'),
      bubbles: true,
      cancelable: true,
      ...changed,
    }),
  );
}
