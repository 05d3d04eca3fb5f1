import { expect, test } from 'vitest';

import { carriedBy } from '../src/credential';

test.each(['pht_WyJ0b2tfMSJd.a-b_C', 'ph_key', "!#$%&'*+.^_`|~"])('%s is the name of a subprotocol', (token) => {
  expect(carriedBy(token)).toEqual({ protocols: [`pilothouse.token.${token}`], query: {} });
});

test.each(['', 'a b', 'a,b', 'a/b', 'a=b', 'é', '"', 'a\n'])('%j is none, and goes into the URL', (token) => {
  expect(carriedBy(token)).toEqual({ protocols: [], query: { token } });
});
