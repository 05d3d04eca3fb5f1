import { expect, test } from 'vitest';

import { forgetToken, keepToken, keptToken, readFragment, withoutToken } from '../src/kept-token';

function storage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  } as Storage;
}

const FULL = {
  setItem: () => {
    throw new DOMException('full', 'QuotaExceededError');
  },
} as unknown as Storage;

test.each([
  ['', { sessionId: '', token: '' }],
  ['#', { sessionId: '', token: '' }],
  ['#session=pbs_1', { sessionId: 'pbs_1', token: '' }],
  ['#session=pbs_1&token=pht_a.b', { sessionId: 'pbs_1', token: 'pht_a.b' }],
  ['#token=a%2Bb+c&session=x', { sessionId: 'x', token: 'a+b c' }],
])('%j names what it names', (hash, chosen) => {
  expect(readFragment(hash)).toEqual(chosen);
});

test('the token leaves the fragment, and nothing else does', () => {
  expect(withoutToken('#session=pbs_1&token=secret&x=1')).toBe('#session=pbs_1&x=1');
  expect(withoutToken('#session=pbs_1')).toBe('#session=pbs_1');
});

test('a token is kept for its own session', () => {
  const kept = storage();
  expect(keepToken(kept, { sessionId: 'pbs_1', token: 'secret' })).toBe(true);
  expect(keptToken(kept, 'pbs_1')).toBe('secret');
  expect(keptToken(kept, 'pbs_2')).toBe('');
  forgetToken(kept, 'pbs_2');
  expect(keptToken(kept, 'pbs_1')).toBe('secret');
  forgetToken(kept, 'pbs_1');
  expect(keptToken(kept, 'pbs_1')).toBe('');
});

test.each([null, FULL])('without room for it no token is kept', (nowhere) => {
  expect(keepToken(nowhere, { sessionId: 'pbs_1', token: 'secret' })).toBe(false);
});
