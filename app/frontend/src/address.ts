const SCHEME = /^[a-z][a-z0-9+.-]*:(?!\d+(?:[/?#]|$))/i;

/** The address that somebody has typed, complete; null for what is no address of the web. */
export function toAddress(typed: string): string | null {
  const text = typed.trim();
  if (text.toLowerCase() === 'about:blank') {
    return 'about:blank';
  }
  try {
    const url = new URL(SCHEME.test(text) ? text : `https://${text}`);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}

/** How an address is shown: an empty page has none. */
export function shownAddress(url: string): string {
  return url === 'about:blank' ? '' : url;
}
