const PREFIX = 'pilothouse.client-id.';
const VALID = /^[A-Za-z0-9._:-]{1,128}$/;

function newClientId(): string {
  // Not randomUUID(): that exists only on HTTPS and localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The id by which the server knows this viewer again, after a reload of its tab too.
 *
 * It is taken out of the storage while it is in use: a duplicated tab gets a copy of the storage, and must not find in it
 * the id of the viewer that is still there.
 */
export function claimClientId(storage: Storage | null, sessionId: string): string {
  const kept = storage?.getItem(PREFIX + sessionId) ?? '';
  storage?.removeItem(PREFIX + sessionId);
  return VALID.test(kept) ? kept : newClientId();
}

/** Leaves the id for the page that a reload brings. */
export function leaveClientId(storage: Storage | null, sessionId: string, clientId: string): void {
  storage?.setItem(PREFIX + sessionId, clientId);
}

/** This tab's storage, or null where the browser forbids it. */
export function tabStorage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}
