import { expect, test } from 'vitest';

import { decode, encode } from '../src/messages';

const VIEWER = { viewer_id: 'v_1', scope: 'control', holds_control: true, you: true };

const CONTROL = {
  kind: 'control-changed',
  interactor: 'user',
  control_state: 'user_control',
  holder_client_id: 'abc',
  control_epoch: 3,
  you_hold_control: true,
  viewer_count: 2,
  viewers: [VIEWER, { ...VIEWER, viewer_id: 'v_2', scope: 'view', you: false }],
};

const HELP = {
  kind: 'takeover-requested',
  request_id: 'tor_1',
  reason: 'captcha',
  note: '',
  state: 'waiting',
  deadline_seconds: 300,
};

const STEP = { kind: 'agent-step', number: 3, total: 12, type: 'click', status: 'started', reason: null };

const TAB = { id: 'A', title: 'Tides', url: 'https://tides.example/', active: true, favicon: null };

test('what the viewer says is the JSON of the message', () => {
  expect(JSON.parse(encode({ kind: 'ping', id: '1' }))).toEqual({ kind: 'ping', id: '1' });
});

test.each([
  CONTROL,
  { ...CONTROL, interactor: 'agent', control_state: 'ai_control', holder_client_id: null, you_hold_control: false },
  { ...CONTROL, viewers: [] },
  { kind: 'control-requested', client_id: 'b', seconds: 15 },
  { kind: 'control-asked', seconds: 15 },
  { kind: 'control-request-over', client_id: 'b' },
  HELP,
  { ...HELP, state: 'taken' },
  { kind: 'takeover-resolved', request_id: 'tor_1', outcome: 'completed' },
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
  expect(decode(JSON.stringify({ ...CONTROL, newer: [] }))).toMatchObject(CONTROL);
});

test.each([CONTROL, HELP, STEP].flatMap((message) => Object.keys(message).map((field) => [message.kind, field, message] as const)))(
  '%s without a proper %s is nothing',
  (_kind, field, message) => {
    expect(decode(JSON.stringify({ ...message, [field]: undefined }))).toBeNull();
    expect(decode(JSON.stringify({ ...message, [field]: { a: 1 } }))).toBeNull();
  },
);

test.each(Object.keys(VIEWER))('viewers of whom one has no proper %s are nothing', (field) => {
  expect(decode(JSON.stringify({ ...CONTROL, viewers: [VIEWER, { ...VIEWER, [field]: 7 }] }))).toBeNull();
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
  '{"kind": "control-asked"}',
  '{"kind": "control-requested", "seconds": "15"}',
  '{"kind": "takeover-resolved", "request_id": "tor_1"}',
  '{"kind": "exfiltrated-event"}',
  '{"kind": "toString"}',
  '{"kind": "__proto__"}',
  '{"kind": "pong", "id": 1}',
])('%s is nothing', (text) => {
  expect(decode(text)).toBeNull();
});
