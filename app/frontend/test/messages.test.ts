import { expect, test } from 'vitest';

import { decode, encode } from '../src/messages';

const CONTROL = {
  kind: 'control-changed',
  interactor: 'user',
  control_state: 'user_control',
  holder_client_id: 'abc',
  control_epoch: 3,
  you_hold_control: true,
};

const TAB = { id: 'A', title: 'Tides', url: 'https://tides.example/', active: true, favicon: null };

test('what the viewer says is the JSON of the message', () => {
  expect(JSON.parse(encode({ kind: 'ping', id: '1' }))).toEqual({ kind: 'ping', id: '1' });
});

test.each([
  CONTROL,
  { ...CONTROL, interactor: 'agent', control_state: 'ai_control', holder_client_id: null, you_hold_control: false },
  { kind: 'pong', id: '1' },
  { kind: 'error', failed_kind: 'take-control', message: 'Somebody was faster.', code: 'control_held' },
  { kind: 'error', failed_kind: null, message: 'This is not JSON.', code: 'malformed' },
  { kind: 'ask-for-clipboard' },
  { kind: 'copied-text', text: '' },
  { kind: 'pasted', characters: 3, ok: true },
  { kind: 'browser-url', url: 'about:blank' },
  { kind: 'browser-tabs', tabs: [] },
  { kind: 'browser-tabs', tabs: [TAB, { ...TAB, favicon: 'data:image/png;base64,AAAA' }] },
  { kind: 'agent-step', number: 1, total: 3, type: 'click', status: 'started', reason: null },
  { kind: 'agent-step', number: 1, total: 3, type: 'click', status: 'failed', reason: 'the element is not visible' },
])('%j is understood', (message) => {
  expect(decode(JSON.stringify(message))).toEqual(message);
});

test('fields that a newer server adds do no harm', () => {
  expect(decode(JSON.stringify({ ...CONTROL, viewers: [] }))).toMatchObject(CONTROL);
});

test.each(Object.keys(CONTROL))('control-changed without a proper %s is nothing', (field) => {
  expect(decode(JSON.stringify({ ...CONTROL, [field]: undefined }))).toBeNull();
  expect(decode(JSON.stringify({ ...CONTROL, [field]: { a: 1 } }))).toBeNull();
});

test.each(Object.keys(TAB))('tabs of which one has no proper %s are nothing', (field) => {
  const broken = { ...TAB, [field]: 7 };
  expect(decode(JSON.stringify({ kind: 'browser-tabs', tabs: [TAB, broken] }))).toBeNull();
});

test.each([
  '',
  '{',
  'null',
  '7',
  '"pong"',
  '[]',
  '{}',
  '{"kind": 1}',
  '{"kind": "browser-tabs"}',
  '{"kind": "browser-tabs", "tabs": {}}',
  '{"kind": "browser-tabs", "tabs": [null]}',
  '{"kind": "copied-text", "text": null}',
  '{"kind": "pasted", "characters": 0.5, "ok": true}',
  '{"kind": "browser-url"}',
  '{"kind": "exfiltrated-event"}',
  '{"kind": "toString"}',
  '{"kind": "__proto__"}',
  '{"kind": "pong", "id": 1}',
])('%s is nothing', (text) => {
  expect(decode(text)).toBeNull();
});
