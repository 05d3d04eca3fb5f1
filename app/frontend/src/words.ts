import type { Ending } from './close-codes';
import type { ControlChanged } from './messages';

export type Status =
  | { readonly name: 'connecting' }
  | { readonly name: 'live' }
  /** `secondsLeft` is 0 while the attempt is under way. */
  | { readonly name: 'reconnecting'; readonly secondsLeft: number; readonly ending: Ending }
  | { readonly name: 'ended'; readonly ending: Ending };

export type Control = 'you' | 'agent' | 'other' | 'paused' | 'unknown';

export const STATUS_WORDS: Readonly<Record<Status['name'], string>> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  ended: 'Ended',
};

export const CONTROL_WORDS: Readonly<Record<Control, string>> = {
  you: 'You have control',
  agent: 'The agent has control',
  other: 'Somebody else has control',
  paused: 'Paused',
  unknown: '',
};

export const CONTROL_KEPT = 'You had control, and have it again if you are back soon.';

export const LEAVE_HINT = 'Ctrl+Alt+Home leaves the picture';

/** Who has control, seen from this viewer. */
export function controlOf(message: ControlChanged | null): Control {
  if (!message) {
    return 'unknown';
  }
  if (message.control_state === 'paused') {
    return 'paused';
  }
  if (message.you_hold_control) {
    return 'you';
  }
  return message.interactor === 'user' ? 'other' : 'agent';
}

/** The end of the status while it counts down: " in 3 s"; else empty. */
export function countDown(status: Status): string {
  return status.name === 'reconnecting' && status.secondsLeft > 0 ? ` in ${status.secondsLeft} s` : '';
}

/** Why it is not live; empty while there is nothing to explain. */
export function explanation(status: Status): string {
  return 'ending' in status ? status.ending.words : '';
}

/** Whether the server keeps control for a viewer that it has lost: one that stops does not. */
export function keepsControl(status: Status): boolean {
  return status.name === 'reconnecting' && status.ending.code !== 1001;
}

/** What the server added to it; may be empty. */
export function reason(status: Status): string {
  return 'ending' in status ? status.ending.reason : '';
}
