/** Why a connection ended, in words for a person, and whether it is worth trying again. */
export interface Ending {
  /** The WebSocket's close code; null when the viewer itself gave the connection up. */
  readonly code: number | null;
  /** What the server said, at most 123 bytes; may be empty. */
  readonly reason: string;
  readonly words: string;
  readonly reconnect: boolean;
}

type Verdict = Pick<Ending, 'words' | 'reconnect'>;

const VERDICTS: ReadonlyMap<number, Verdict> = new Map([
  [1000, { reconnect: false, words: 'The session has ended.' }],
  [1001, { reconnect: true, words: 'The server is shutting down.' }],
  [1002, { reconnect: false, words: 'The server did not understand this viewer.' }],
  [1009, { reconnect: false, words: 'A message was larger than the server allows.' }],
  [1011, { reconnect: true, words: 'Something went wrong in the server.' }],
  [1013, { reconnect: true, words: 'The browser is not ready yet.' }],
  [4401, { reconnect: false, words: 'Access was refused, or it has expired.' }],
  [4404, { reconnect: false, words: 'There is no such session.' }],
  [4408, { reconnect: true, words: 'The browser took too long to start.' }],
  [4409, { reconnect: false, words: 'This view was opened again in another place.' }],
  [4410, { reconnect: false, words: 'The session is over.' }],
  [4411, { reconnect: true, words: 'The browser went away.' }],
  [4429, { reconnect: true, words: 'This connection was too slow for the picture.' }],
]);

/** What one code can mean, told apart by what the server says. */
const TOLD: Readonly<Record<string, string>> = {
  'removed from the session': 'You were shown out of this session.',
  'the credential has expired or was revoked': 'Your access has expired, or it was withdrawn.',
};

const LOST: Verdict = { reconnect: true, words: 'The connection was lost.' };

/** Judges a close code; one that is not in the table is a lost connection. */
export function endingOf(code: number, reason: string): Ending {
  const words = code === 4401 && Object.hasOwn(TOLD, reason) && TOLD[reason];
  if (words) {
    return { code, reason: '', words, reconnect: false };
  }
  return { code, reason, ...(VERDICTS.get(code) ?? LOST) };
}

export const NO_ANSWER: Ending = { code: null, reason: '', reconnect: true, words: 'The server does not answer.' };

export const BAD_ADDRESS: Ending = {
  code: null,
  reason: '',
  reconnect: false,
  words: 'This page cannot connect to that server address.',
};

/** What the viewer itself closes with. */
export const CLOSE = {
  /** The viewer leaves on purpose: the server may give control back at once. */
  leaving: 1000,
  /** The viewer comes back: the server keeps control for it during the grace period. */
  reconnecting: 4000,
} as const;
