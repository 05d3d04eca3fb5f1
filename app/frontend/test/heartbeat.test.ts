import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { HEARTBEAT_MS, Heartbeat } from '../src/heartbeat';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start() {
  const pings: string[] = [];
  const onDead = vi.fn();
  const heartbeat = new Heartbeat((id) => pings.push(id), onDead);
  heartbeat.start();
  return { heartbeat, pings, onDead };
}

test('every answered ping is followed by another one, each with an id of its own', () => {
  const { heartbeat, pings, onDead } = start();
  for (let beat = 1; beat <= 5; beat += 1) {
    vi.advanceTimersByTime(HEARTBEAT_MS);
    expect(pings).toHaveLength(beat);
    heartbeat.pong(pings.at(-1)!);
  }
  expect(new Set(pings).size).toBe(5);
  expect(onDead).not.toHaveBeenCalled();
});

test('a ping without an answer is death, reported once', () => {
  const { pings, onDead } = start();
  vi.advanceTimersByTime(2 * HEARTBEAT_MS - 1);
  expect(onDead).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onDead).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(10 * HEARTBEAT_MS);
  expect(onDead).toHaveBeenCalledOnce();
  expect(pings).toHaveLength(1);
});

test('an answer to something else is no sign of life', () => {
  const { heartbeat, onDead } = start();
  vi.advanceTimersByTime(HEARTBEAT_MS);
  heartbeat.pong('something else');
  vi.advanceTimersByTime(HEARTBEAT_MS);
  expect(onDead).toHaveBeenCalledOnce();
});

test('once stopped it neither asks nor reports', () => {
  const { heartbeat, pings, onDead } = start();
  vi.advanceTimersByTime(HEARTBEAT_MS);
  heartbeat.stop();
  vi.advanceTimersByTime(10 * HEARTBEAT_MS);
  expect(pings).toHaveLength(1);
  expect(onDead).not.toHaveBeenCalled();
});
