import { carriedBy } from './credential';

export interface StreamAddress {
  /** Base URL of the server: http(s) or ws(s), with the path under which it is mounted, if any. */
  readonly server: string;
  readonly sessionId: string;
  readonly clientId: string;
  readonly token: string;
}

const WEBSOCKET_SCHEMES: Readonly<Record<string, string>> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};

/** What a WebSocket is opened with. */
export interface Stream {
  readonly url: string;
  readonly protocols: string[];
}

/** The WebSocket of one channel; null when `server` is no address that a WebSocket can have. */
export function streamOf(channel: 'vnc' | 'messages', address: StreamAddress): Stream | null {
  if (!URL.canParse(address.server)) {
    return null;
  }
  const url = new URL(address.server);
  const scheme = WEBSOCKET_SCHEMES[url.protocol];
  if (!scheme) {
    return null;
  }
  url.protocol = scheme;
  url.hash = '';
  const mount = url.pathname.replace(/\/+$/, '');
  url.pathname = `${mount}/api/v1/stream/${channel}/browser_session/${encodeURIComponent(address.sessionId)}`;
  const { protocols, query } = carriedBy(address.token);
  url.search = new URLSearchParams({ client_id: address.clientId, ...query }).toString();
  return { url: url.href, protocols };
}
