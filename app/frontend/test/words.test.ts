import { expect, test } from 'vitest';

import { endingOf } from '../src/close-codes';
import type { ControlChanged } from '../src/messages';
import { controlOf, countDown, explanation, keepsControl, type Control } from '../src/words';

const AGENT: ControlChanged = {
  kind: 'control-changed',
  interactor: 'agent',
  control_state: 'ai_control',
  holder_client_id: null,
  control_epoch: 0,
  you_hold_control: false,
  viewer_count: 1,
  viewers: [],
};
const USER: ControlChanged = { ...AGENT, interactor: 'user', control_state: 'user_control', holder_client_id: 'x' };

test.each<[Control, ControlChanged | null]>([
  ['unknown', null],
  ['agent', AGENT],
  ['other', USER],
  ['you', { ...USER, you_hold_control: true }],
  ['paused', { ...AGENT, control_state: 'paused' }],
  ['paused', { ...USER, control_state: 'paused', you_hold_control: true }],
])('control is %s', (control, message) => {
  expect(controlOf(message)).toBe(control);
});

test('only a pending attempt counts down', () => {
  const ending = endingOf(4411, '');
  expect(countDown({ name: 'reconnecting', secondsLeft: 3, ending })).toBe(' in 3 s');
  expect(countDown({ name: 'reconnecting', secondsLeft: 0, ending })).toBe('');
  expect(countDown({ name: 'live' })).toBe('');
});

test('a connection that was lost is explained', () => {
  expect(explanation({ name: 'ended', ending: endingOf(4404, '') })).toBe('There is no such session.');
  expect(explanation({ name: 'connecting' })).toBe('');
});

test('control is kept over a break, and not by a server that stops', () => {
  expect(keepsControl({ name: 'reconnecting', secondsLeft: 3, ending: endingOf(1006, '') })).toBe(true);
  expect(keepsControl({ name: 'reconnecting', secondsLeft: 3, ending: endingOf(1001, '') })).toBe(false);
  expect(keepsControl({ name: 'ended', ending: endingOf(4401, '') })).toBe(false);
});
