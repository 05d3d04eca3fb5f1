import type { ReactiveControllerHost } from 'lit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Countdown, duration } from '../src/countdown';

const host = { addController: vi.fn(), removeController: vi.fn(), requestUpdate: vi.fn(), updateComplete: Promise.resolve(true) };
const countdown = () => new Countdown(host satisfies ReactiveControllerHost);

beforeEach(() => {
  vi.useFakeTimers();
  host.requestUpdate.mockClear();
});
afterEach(() => {
  vi.useRealTimers();
});

test('it is drawn with each second, and then no more', () => {
  const left = countdown();
  const seen: number[] = [];
  host.requestUpdate.mockImplementation(() => seen.push(left.secondsLeft));
  left.start(3);
  vi.advanceTimersByTime(60_000);
  expect(seen).toEqual([3, 2, 1, 0]);
});

test('a new start counts alone', () => {
  const left = countdown();
  left.start(10);
  vi.advanceTimersByTime(2_500);
  left.start(5);
  host.requestUpdate.mockClear();
  vi.advanceTimersByTime(3_000);
  expect(left.secondsLeft).toBe(2);
  expect(host.requestUpdate).toHaveBeenCalledTimes(3);
});

test.each(['stop', 'hostDisconnected'] as const)('%s ends it', (end) => {
  const left = countdown();
  left.start(10);
  left[end]();
  host.requestUpdate.mockClear();
  vi.advanceTimersByTime(20_000);
  expect(host.requestUpdate).not.toHaveBeenCalled();
});

test.each([
  [0, '0 s'],
  [59, '59 s'],
  [60, '1:00 min'],
  [245, '4:05 min'],
  [3599, '59:59 min'],
  [3600, '1:00 h'],
  [86_400, '24:00 h'],
])('%i seconds are %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});
