import { expect, test } from 'vitest';

import { streamOf } from '../src/stream-address';

const WHO = { sessionId: 'pbs_1', clientId: 'me', token: 'secret' };

test.each([
  ['http://127.0.0.1:8000', 'ws://127.0.0.1:8000/api/v1/stream/vnc/browser_session/pbs_1'],
  ['http://127.0.0.1:8000/', 'ws://127.0.0.1:8000/api/v1/stream/vnc/browser_session/pbs_1'],
  ['https://example.org/helm/', 'wss://example.org/helm/api/v1/stream/vnc/browser_session/pbs_1'],
  ['wss://example.org/helm?a=1#b', 'wss://example.org/helm/api/v1/stream/vnc/browser_session/pbs_1'],
])('%s becomes %s', (server, expected) => {
  expect(streamOf('vnc', { server, ...WHO })).toEqual({
    url: `${expected}?client_id=me`,
    protocols: ['pilothouse.token.secret'],
  });
});

test('whatever stands in an id or a token stays in its place', () => {
  const { url: href, protocols } = streamOf('messages', {
    server: 'http://a',
    sessionId: '../x?y#z',
    clientId: 'a:b',
    token: '&apikey=1#+ %',
  })!;
  const url = new URL(href);
  expect(url.pathname).toBe('/api/v1/stream/messages/browser_session/..%2Fx%3Fy%23z');
  expect(Object.fromEntries(url.searchParams)).toEqual({ client_id: 'a:b', token: '&apikey=1#+ %' });
  expect(url.hash).toBe('');
  expect(protocols).toEqual([]);
});

test.each(['', 'null', 'example.org', 'ftp://example.org', 'javascript:alert(1)'])('%j is no server address', (server) => {
  expect(streamOf('vnc', { server, ...WHO })).toBeNull();
});
