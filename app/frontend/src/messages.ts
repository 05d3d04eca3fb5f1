/** What the viewer sends on the message channel. */
export type ClientMessage =
  | { readonly kind: 'take-control' }
  | { readonly kind: 'cede-control'; readonly note?: string }
  | { readonly kind: 'grant-control' }
  | { readonly kind: 'refuse-control' }
  | { readonly kind: 'decline-takeover'; readonly request_id: string; readonly note?: string }
  | { readonly kind: 'ask-for-clipboard-response'; readonly text: string }
  | { readonly kind: 'clipboard-paste'; readonly text: string }
  | { readonly kind: 'clipboard-copy' }
  | { readonly kind: 'navigate'; readonly url: string }
  | { readonly kind: 'go-back' }
  | { readonly kind: 'go-forward' }
  | { readonly kind: 'reload'; readonly hard: boolean }
  | { readonly kind: 'activate-tab'; readonly id: string }
  | { readonly kind: 'close-tab'; readonly id: string }
  | { readonly kind: 'ping'; readonly id: string };

export interface Viewer {
  readonly viewer_id: string;
  readonly scope: 'view' | 'control' | 'agent';
  readonly holds_control: boolean;
  readonly you: boolean;
}

export interface ControlChanged {
  readonly kind: 'control-changed';
  readonly interactor: 'agent' | 'user';
  readonly control_state: 'ai_control' | 'user_control' | 'paused';
  readonly holder_client_id: string | null;
  readonly control_epoch: number;
  readonly you_hold_control: boolean;
  readonly viewer_count: number;
  /** The first hundred, and you. */
  readonly viewers: readonly Viewer[];
}

/** Somebody asks you for control. */
export interface ControlRequested {
  readonly kind: 'control-requested';
  readonly seconds: number;
}

/** You have asked for control. */
export interface ControlAsked {
  readonly kind: 'control-asked';
  readonly seconds: number;
}

export interface ControlRequestOver {
  readonly kind: 'control-request-over';
}

export interface TakeoverRequested {
  readonly kind: 'takeover-requested';
  readonly request_id: string;
  readonly reason: string;
  readonly note: string;
  readonly state: 'waiting' | 'taken';
  readonly deadline_seconds: number;
}

export interface TakeoverResolved {
  readonly kind: 'takeover-resolved';
  readonly request_id: string;
  readonly outcome: string;
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

export interface AskForClipboard {
  readonly kind: 'ask-for-clipboard';
}

export interface CopiedText {
  readonly kind: 'copied-text';
  readonly text: string;
}

export interface Pasted {
  readonly kind: 'pasted';
  readonly characters: number;
  readonly ok: boolean;
}

export interface BrowserUrl {
  readonly kind: 'browser-url';
  readonly url: string;
}

export interface BrowserTab {
  readonly id: string;
  readonly title: string;
  readonly url: string;
  readonly active: boolean;
  readonly favicon: string | null;
}

export interface BrowserTabs {
  readonly kind: 'browser-tabs';
  readonly tabs: readonly BrowserTab[];
}

/** How far the session's own agent is with the flow that it plays. */
export interface AgentStep {
  readonly kind: 'agent-step';
  readonly number: number;
  readonly total: number;
  readonly type: string;
  readonly status: 'started' | 'done' | 'failed';
  readonly reason: string | null;
}

export type ServerMessage =
  | ControlChanged
  | ControlRequested
  | ControlAsked
  | ControlRequestOver
  | TakeoverRequested
  | TakeoverResolved
  | Pong
  | ServerError
  | AskForClipboard
  | CopiedText
  | Pasted
  | BrowserUrl
  | BrowserTabs
  | AgentStep;

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;
type Checks = Readonly<Record<string, Check>>;

const isString: Check = (value) => typeof value === 'string';
const isBoolean: Check = (value) => typeof value === 'boolean';
const isStringOrNull: Check = (value) => value === null || isString(value);
const oneOf =
  (...values: string[]): Check =>
  (value) =>
    values.includes(value as string);

const listOf =
  (checks: Checks): Check =>
  (value) =>
    Array.isArray(value) && value.every((item) => isObject(item) && hasAll(item, checks));

const TAB: { readonly [name in keyof BrowserTab]: Check } = {
  id: isString,
  title: isString,
  url: isString,
  active: isBoolean,
  favicon: isStringOrNull,
};

const VIEWER: { readonly [name in keyof Viewer]: Check } = {
  viewer_id: isString,
  scope: oneOf('view', 'control', 'agent'),
  holds_control: isBoolean,
  you: isBoolean,
};

const FIELDS: { readonly [M in ServerMessage as M['kind']]: Readonly<Record<Exclude<keyof M, 'kind'>, Check>> } = {
  'control-changed': {
    interactor: oneOf('agent', 'user'),
    control_state: oneOf('ai_control', 'user_control', 'paused'),
    holder_client_id: isStringOrNull,
    control_epoch: Number.isInteger,
    you_hold_control: isBoolean,
    viewer_count: Number.isInteger,
    viewers: listOf(VIEWER),
  },
  'control-requested': { seconds: Number.isInteger },
  'control-asked': { seconds: Number.isInteger },
  'control-request-over': {},
  'takeover-requested': {
    request_id: isString,
    reason: isString,
    note: isString,
    state: oneOf('waiting', 'taken'),
    deadline_seconds: Number.isInteger,
  },
  'takeover-resolved': { request_id: isString, outcome: isString },
  pong: { id: isString },
  error: { failed_kind: isStringOrNull, message: isString, code: isString },
  'ask-for-clipboard': {},
  'copied-text': { text: isString },
  pasted: { characters: Number.isInteger, ok: isBoolean },
  'browser-url': { url: isString },
  'browser-tabs': { tabs: listOf(TAB) },
  'agent-step': {
    number: Number.isInteger,
    total: Number.isInteger,
    type: isString,
    status: oneOf('started', 'done', 'failed'),
    reason: isStringOrNull,
  },
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
  return hasAll(message, FIELDS[kind as ServerMessage['kind']]) ? (message as unknown as ServerMessage) : null;
}

function hasAll(fields: Fields, checks: Checks): boolean {
  return Object.entries(checks).every(([name, check]) => check(fields[name]));
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function parseObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
