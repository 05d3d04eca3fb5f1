import { expect, test } from 'vitest';

import { clipboardMeaning, type ClipboardMeaning } from '../src/clipboard-keys';

type Modifiers = { ctrlKey?: boolean; metaKey?: boolean; shiftKey?: boolean; altKey?: boolean };
const NONE = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };
const CTRL = { ctrlKey: true };
const CMD = { metaKey: true };
const SHIFT = { shiftKey: true };

test.each<[string, string, Modifiers, ClipboardMeaning]>([
  ['v', 'KeyV', CTRL, 'paste'],
  ['v', 'KeyV', CMD, 'paste'],
  ['V', 'KeyV', CTRL, 'paste'], // with Caps Lock
  ['Insert', 'Insert', SHIFT, 'paste'],
  ['c', 'KeyC', CTRL, 'copy'],
  ['c', 'KeyC', CMD, 'copy'],
  ['x', 'KeyX', CTRL, 'copy'],
  ['x', 'KeyX', CMD, 'copy'],
  ['Insert', 'Insert', CTRL, 'copy'],
  ['Delete', 'Delete', SHIFT, 'copy'],
  ['м', 'KeyV', CTRL, 'paste'], // Russian
  ['с', 'KeyC', CTRL, 'copy'],
  ['v', 'Period', CTRL, 'paste'], // Dvorak
  ['k', 'KeyV', CTRL, null],
  ['v', 'KeyV', {}, null],
  ['v', 'KeyV', { ...CTRL, ...CMD }, null],
  ['v', 'KeyV', { ...CTRL, altKey: true }, null], // AltGr on Windows
  ['V', 'KeyV', { ...CTRL, ...SHIFT }, null],
  ['C', 'KeyC', { ...CTRL, ...SHIFT }, null], // the developer tools
  ['Insert', 'Insert', { ...CTRL, ...SHIFT }, null],
  ['Insert', 'Insert', CMD, null],
  ['Insert', 'Insert', {}, null],
  ['Delete', 'Delete', CTRL, null],
  ['a', 'KeyA', CTRL, null],
  ['ф', 'KeyA', CTRL, null],
])('%s at %s with %j means %s', (key, code, modifiers, meaning) => {
  expect(clipboardMeaning({ ...NONE, key, code, ...modifiers })).toBe(meaning);
});
