const SUBPROTOCOL = 'pilothouse.token.';

// What the name of a subprotocol may consist of: RFC 6455 §4.1, RFC 9110 §5.6.2.
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * How a WebSocket carries a credential: as the name of a subprotocol, because URLs are printed and logged. One that has
 * characters that cannot stand there, as a key of the operator's choice may, has to go into the URL.
 */
export function carriedBy(token: string): { readonly protocols: string[]; readonly query: Record<string, string> } {
  return NAME.test(token) ? { protocols: [SUBPROTOCOL + token], query: {} } : { protocols: [], query: { token } };
}
