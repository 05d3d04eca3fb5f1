import { expect, test } from 'vitest';

import { shownAddress, toAddress } from '../src/address';

test.each([
  ['example.com', 'https://example.com/'],
  ['  example.com/a b?q=1#x ', 'https://example.com/a%20b?q=1#x'],
  ['http://example.com', 'http://example.com/'],
  ['HTTPS://Example.com/Path', 'https://example.com/Path'],
  ['localhost:8000', 'https://localhost:8000/'],
  ['localhost:8000/path', 'https://localhost:8000/path'],
  ['example.com:8443?q', 'https://example.com:8443/?q'],
  ['127.0.0.1', 'https://127.0.0.1/'],
  ['[::1]:80', 'https://[::1]:80/'],
  ['bücher.example', 'https://xn--bcher-kva.example/'],
  ['About:Blank', 'about:blank'],
])('%j leads to %s', (typed, address) => {
  expect(toAddress(typed)).toBe(address);
});

test.each([
  '',
  '   ',
  'two words',
  'javascript:alert(1)',
  'data:text/html,hello',
  'file:///etc/passwd',
  'chrome://settings',
  'about:config',
  'view-source:https://example.com',
  'mailto:someone@example.com',
  'https://',
  'https://:80',
])('%j is no address', (typed) => {
  expect(toAddress(typed)).toBeNull();
});

test('an empty page has no address to show', () => {
  expect(shownAddress('about:blank')).toBe('');
  expect(shownAddress('https://example.com/')).toBe('https://example.com/');
});
