import { expect, test } from 'vitest';

import type { ControlChanged, Viewer } from '../src/messages';
import { presenceOf } from '../src/presence';

const ME: Viewer = { viewer_id: 'v_me', scope: 'control', holds_control: false, you: true };
const OTHER: Viewer = { viewer_id: 'v_other', scope: 'control', holds_control: false, you: false };
const AGENT: Viewer = { viewer_id: 'v_agent', scope: 'agent', holds_control: false, you: false };

function told(viewers: readonly Viewer[], change: Partial<ControlChanged> = {}): ControlChanged {
  return {
    kind: 'control-changed',
    interactor: 'agent',
    control_state: 'ai_control',
    holder_client_id: null,
    control_epoch: 0,
    you_hold_control: false,
    viewer_count: viewers.length,
    viewers,
    ...change,
  };
}

test('people are counted, and agents are not', () => {
  expect(presenceOf(told([ME, OTHER, AGENT])).watching).toBe(2);
  expect(presenceOf(told([ME, AGENT], { viewer_count: 150 }))).toMatchObject({ watching: 149, more: 148 });
});

test('everybody is shown under an id only, with what they may do', () => {
  const viewers = [ME, { ...OTHER, holds_control: true }, { ...OTHER, viewer_id: 'v_3', scope: 'view' as const }, AGENT];
  expect(presenceOf(told(viewers)).rows).toEqual([
    { id: 'v_me', who: 'You', what: 'may take control' },
    { id: 'v_other', who: 'Viewer', what: 'has control' },
    { id: 'v_3', who: 'Viewer', what: 'only watches' },
    { id: 'v_agent', who: 'Agent', what: 'is connected' },
  ]);
});

test('a token for watching does not let one take control', () => {
  expect(presenceOf(told([ME, OTHER])).mayControl).toBe(true);
  expect(presenceOf(told([OTHER, { ...ME, scope: 'view' }])).mayControl).toBe(false);
});

test('control is held beneath a pause, too', () => {
  const paused = { control_state: 'paused', you_hold_control: false } as const;
  expect(presenceOf(told([{ ...ME, holds_control: true }], paused)).holds).toBe(true);
  expect(presenceOf(told([ME, { ...OTHER, holds_control: true }], paused)).holds).toBe(false);
});

test('a server that lists nobody is believed about control', () => {
  expect(presenceOf(told([], { you_hold_control: true }))).toMatchObject({ holds: true, mayControl: true });
});
