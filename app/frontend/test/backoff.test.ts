import { expect, test } from 'vitest';

import { Backoff } from '../src/backoff';

function waits(random: () => number, count: number): number[] {
  const backoff = new Backoff(random);
  return Array.from({ length: count }, () => backoff.next());
}

test('waits double from one second up to half a minute', () => {
  expect(waits(() => 0, 7)).toEqual([1, 2, 4, 8, 15, 15, 15]);
  expect(waits(() => 1, 7)).toEqual([2, 4, 8, 16, 30, 30, 30]);
});

test('chance spreads viewers that were lost at the same moment', () => {
  expect(new Set(Array.from({ length: 20 }, () => new Backoff().next())).size).toBeGreaterThan(1);
});

test('after a reset it begins anew', () => {
  const backoff = new Backoff(() => 0);
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(1);
});
