import { expect, test } from 'vitest';

import { endingOf } from '../src/close-codes';

test.each([1000, 1002, 1009, 4401, 4404, 4409, 4410])('%i is final', (code) => {
  expect(endingOf(code, '').reconnect).toBe(false);
});

test.each([1001, 1011, 1013, 4408, 4411, 4429])('%i is worth another attempt, and says why', (code) => {
  const ending = endingOf(code, '');
  expect(ending.reconnect).toBe(true);
  expect(ending.words).not.toBe(endingOf(1006, '').words);
});

test.each([1005, 1006, 1012, 3000, 4999])('%i, which the table does not know, is a lost connection', (code) => {
  expect(endingOf(code, '')).toMatchObject({ reconnect: true, words: 'The connection was lost.' });
});

test('the code and what the server said are kept', () => {
  expect(endingOf(1011, 'id 7f3a')).toMatchObject({ code: 1011, reason: 'id 7f3a' });
});

test.each([
  ['removed from the session', 'You were shown out of this session.'],
  ['the credential has expired or was revoked', 'Your access has expired, or it was withdrawn.'],
])('4401 because of %j is told in words of its own', (reason, words) => {
  expect(endingOf(4401, reason)).toEqual({ code: 4401, reason: '', words, reconnect: false });
  expect(endingOf(4410, reason).words).not.toBe(words);
});

test.each(['', 'toString', 'no valid credential'])('4401 because of %j is told in general', (reason) => {
  expect(endingOf(4401, reason)).toMatchObject({ reason, words: 'Access was refused, or it has expired.' });
});
