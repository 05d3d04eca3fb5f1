import type { ServerError } from './messages';

const WORDS: Readonly<Record<string, string>> = {
  'take-control control_refused': 'Whoever has control wants to keep it.',
  'take-control control_held': 'Somebody else has asked for control already.',
  'take-control not_allowed': 'You may only watch here.',
  'cede-control not_in_control': 'You do not have control any more.',
  'grant-control not_asked': 'Nobody asks for control any more.',
  'refuse-control not_asked': 'It was too late to keep control.',
  'decline-takeover not_asked': 'The agent does not ask for help any more.',
};

/** What the server could not do, in words for a person. */
export function errorWords({ failed_kind, code, message }: ServerError): string {
  return WORDS[`${failed_kind} ${code}`] ?? message;
}
