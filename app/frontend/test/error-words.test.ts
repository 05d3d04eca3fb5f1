import { expect, test } from 'vitest';

import { errorWords } from '../src/error-words';

const said = (failed_kind: string | null, code: string) =>
  errorWords({ kind: 'error', failed_kind, code, message: 'what the server says' });

test('a refusal is told in words for a person', () => {
  expect(said('take-control', 'control_refused')).toBe('Whoever has control wants to keep it.');
  expect(said('take-control', 'not_allowed')).toBe('You may only watch here.');
});

test('the same code means something else elsewhere', () => {
  expect(said('decline-takeover', 'not_asked')).not.toBe(said('grant-control', 'not_asked'));
  expect(said('ask-for-clipboard-response', 'not_asked')).toBe('what the server says');
});

test.each([null, 'navigate', 'toString'])('for %s the server speaks for itself', (kind) => {
  expect(said(kind, 'failed')).toBe('what the server says');
});
