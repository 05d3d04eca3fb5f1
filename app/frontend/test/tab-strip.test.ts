import { expect, test } from 'vitest';

import { activeUrl, tabLabels } from '../src/tab-strip';

const TAB = { id: 'A', title: 'Tides', url: 'https://www.tides.example/now', active: false, favicon: null };

function labelOf(change: Partial<typeof TAB | { favicon: string }>) {
  return tabLabels([{ ...TAB, ...change }])[0];
}

test('a tab is drawn with its title, and with a letter in place of an icon', () => {
  expect(labelOf({})).toEqual({ id: 'A', title: 'Tides', active: false, icon: null, letter: 'T' });
});

test('tabs keep their order', () => {
  expect(tabLabels([TAB, { ...TAB, id: 'B' }]).map(({ id }) => id)).toEqual(['A', 'B']);
});

test.each([
  ['', 'https://tides.example/now', 'https://tides.example/now'],
  [' \n', 'about:blank', 'New tab'],
  ['', '', 'New tab'],
])('the tab with the title %j at %s is called %s', (title, url, shown) => {
  expect(labelOf({ title, url })?.title).toBe(shown);
});

test.each([
  ['https://www.tides.example/', 'T'],
  ['http://127.0.0.1:80/', '1'],
  ['http://[::1]/', '1'],
  ['about:blank', '·'],
  ['nonsense', '·'],
])('%s stands under the letter %s', (url, letter) => {
  expect(labelOf({ url })?.letter).toBe(letter);
});

test('only an icon that comes along is drawn', () => {
  expect(labelOf({ favicon: 'data:image/png;base64,AAAA' })?.icon).toBe('data:image/png;base64,AAAA');
  expect(labelOf({ favicon: 'https://tides.example/favicon.ico' })?.icon).toBeNull();
  expect(labelOf({ favicon: 'data:text/html,hello' })?.icon).toBeNull();
});

test('the address is that of the active tab', () => {
  const other = { ...TAB, id: 'B', url: 'https://other.example/', active: true };
  expect(activeUrl([TAB, other])).toBe('https://other.example/');
  expect(activeUrl([TAB])).toBe('');
  expect(activeUrl([])).toBe('');
});
