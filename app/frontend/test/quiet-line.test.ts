import { expect, test } from 'vitest';

import type { AgentStep, TakeoverRequested } from '../src/messages';
import { quietLine, type Circumstances } from '../src/quiet-line';

const STEP: AgentStep = { kind: 'agent-step', number: 3, total: 12, type: 'click', status: 'started', reason: null };
const HELP: TakeoverRequested = {
  kind: 'takeover-requested',
  request_id: 'tor_1',
  reason: 'captcha',
  note: 'the one with boats',
  state: 'taken',
  deadline_seconds: 60,
};
const NOTHING: Circumstances = { control: 'agent', holds: false, help: null, step: null };

test.each<[string, Partial<Circumstances>]>([
  ['', {}],
  ['', { control: 'unknown', step: STEP, help: HELP }],
  ['Agent: step 3 of 12 · click', { step: STEP }],
  ['Agent: step 3 of 12 · click', { step: { ...STEP, status: 'done' } }],
  ['Agent: step 3 of 12 · wait for element', { step: { ...STEP, type: 'waitForElement' } }],
  ['Agent: all 12 steps done', { step: { ...STEP, number: 12, status: 'done' } }],
  ['Agent: step 12 of 12 · click', { step: { ...STEP, number: 12 } }],
  ['Agent: could not do step 3 of 12 · click · no such element', { step: { ...STEP, status: 'failed', reason: 'no such element' } }],
  ['Agent: could not do step 3 of 12 · click', { step: { ...STEP, status: 'failed' } }],
  ['The agent waits at step 3 of 12 · click', { step: STEP, control: 'you' }],
  ['The agent waits at step 3 of 12 · click', { step: STEP, control: 'other' }],
  ['The agent waits for you: captcha · the one with boats', { control: 'you', holds: true, help: HELP, step: STEP }],
  ['The agent waits for you: captcha', { control: 'you', holds: true, help: { ...HELP, note: '' } }],
  ['Somebody helps the agent: captcha', { control: 'other', help: HELP }],
  ['Agent: step 3 of 12 · click', { help: { ...HELP, state: 'waiting' }, step: STEP }],
  ['Paused: nobody can act, neither the agent nor a person.', { control: 'paused', help: HELP, step: STEP }],
  ['Paused: nobody can act. You have control when it goes on.', { control: 'paused', holds: true, step: STEP }],
])('%s', (line, circumstances) => {
  expect(quietLine({ ...NOTHING, ...circumstances })).toBe(line);
});
