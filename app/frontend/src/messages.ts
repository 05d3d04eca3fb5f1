/** What the viewer sends on the message channel. */
export type ClientMessage =
  | { readonly kind: 'take-control' }
  | { readonly kind: 'cede-control' }
  | { readonly kind: 'ping'; readonly id: string };

export interface ControlChanged {
  readonly kind: 'control-changed';
  readonly interactor: 'agent' | 'user';
  readonly control_state: 'ai_control' | 'user_control' | 'paused';
  readonly holder_client_id: string | null;
  readonly control_epoch: number;
  readonly you_hold_control: boolean;
}

export interface Pong {
  readonly kind: 'pong';
  readonly id: string;
}

export interface ServerError {
  readonly kind: 'error';
  readonly failed_kind: string | null;
  readonly message: string;
  readonly code: string;
}

export type ServerMessage = ControlChanged | Pong | ServerError;

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === 'string';
const isStringOrNull: Check = (value) => value === null || isString(value);
const oneOf =
  (...values: string[]): Check =>
  (value) =>
    values.includes(value as string);

const FIELDS: { readonly [M in ServerMessage as M['kind']]: Readonly<Record<Exclude<keyof M, 'kind'>, Check>> } = {
  'control-changed': {
    interactor: oneOf('agent', 'user'),
    control_state: oneOf('ai_control', 'user_control', 'paused'),
    holder_client_id: isStringOrNull,
    control_epoch: Number.isInteger,
    you_hold_control: (value) => typeof value === 'boolean',
  },
  pong: { id: isString },
  error: { failed_kind: isStringOrNull, message: isString, code: isString },
};

export function encode(message: ClientMessage): string {
  return JSON.stringify(message);
}

/** Reads a message of the server; null for what this viewer does not know, so that newer servers can say more. */
export function decode(text: string): ServerMessage | null {
  const message = parseObject(text);
  const kind = message?.['kind'];
  if (!message || typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind)) {
    return null;
  }
  const checks: Readonly<Record<string, Check>> = FIELDS[kind as ServerMessage['kind']];
  const complete = Object.entries(checks).every(([name, check]) => check(message[name]));
  return complete ? (message as unknown as ServerMessage) : null;
}

function parseObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : null;
  } catch {
    return null;
  }
}
