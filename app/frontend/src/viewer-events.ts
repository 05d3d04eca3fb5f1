import type { ControlChanged, TakeoverRequested } from './messages';
import type { Presence } from './presence';
import { CONTROL_WORDS, STATUS_WORDS, countDown, explanation, type Control, type Status } from './words';

export interface StatusDetail {
  readonly status: Status['name'];
  /** What the viewer shows, such as "Reconnecting in 3 s". */
  readonly text: string;
  readonly explanation: string;
  readonly closeCode: number | null;
}

export interface ControlDetail {
  readonly control: Control;
  readonly text: string;
  readonly holderClientId: string | null;
  readonly epoch: number | null;
  /** How many people watch; null while not connected. */
  readonly watching: number | null;
  /** Whether the token lets this viewer take control; null while not connected. */
  readonly mayControl: boolean | null;
}

export interface HelpDetail {
  readonly state: 'none' | TakeoverRequested['state'];
  readonly requestId: string | null;
  readonly reason: string;
  readonly note: string;
}

export const statusDetail = (status: Status): StatusDetail => ({
  status: status.name,
  text: STATUS_WORDS[status.name] + countDown(status),
  explanation: explanation(status),
  closeCode: 'ending' in status ? status.ending.code : null,
});

export const controlDetail = (
  control: Control,
  message: ControlChanged | null,
  presence: Presence | null,
): ControlDetail => ({
  control,
  text: CONTROL_WORDS[control],
  holderClientId: message?.holder_client_id ?? null,
  epoch: message?.control_epoch ?? null,
  watching: presence?.watching ?? null,
  mayControl: presence?.mayControl ?? null,
});

export const helpDetail = (request: TakeoverRequested | null): HelpDetail => ({
  state: request?.state ?? 'none',
  requestId: request?.request_id ?? null,
  reason: request?.reason ?? '',
  note: request?.note ?? '',
});

declare global {
  interface HTMLElementEventMap {
    'pilothouse-status': CustomEvent<StatusDetail>;
    'pilothouse-control': CustomEvent<ControlDetail>;
    'pilothouse-help': CustomEvent<HelpDetail>;
  }
}
