const PREFIX = 'pilothouse.token.';

/** What the fragment of the page's address names. */
export interface Chosen {
  readonly sessionId: string;
  readonly token: string;
}

/** Reads a fragment, such as `#session=…&token=…`. It is there that they stand because a browser sends it to no server. */
export function readFragment(hash: string): Chosen {
  const fields = new URLSearchParams(hash.slice(1));
  return { sessionId: fields.get('session') ?? '', token: fields.get('token') ?? '' };
}

/** The same without the token: what may stay in the address bar, in the history and in a bookmark. */
export function withoutToken(hash: string): string {
  const fields = new URLSearchParams(hash.slice(1));
  fields.delete('token');
  return `#${fields}`;
}

/** Keeps a token for this tab, so that a reload finds it; says whether it could. */
export function keepToken(storage: Storage | null, { sessionId, token }: Chosen): boolean {
  try {
    storage?.setItem(PREFIX + sessionId, token);
  } catch {
    return false; // the storage is full
  }
  return storage !== null;
}

/** Forgets the token that was kept for a session. */
export function forgetToken(storage: Storage | null, sessionId: string): void {
  storage?.removeItem(PREFIX + sessionId);
}

/** The token that was kept for a session; empty if none was. */
export function keptToken(storage: Storage | null, sessionId: string): string {
  return storage?.getItem(PREFIX + sessionId) ?? '';
}
