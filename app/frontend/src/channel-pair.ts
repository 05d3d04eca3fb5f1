import { Backoff } from './backoff';
import { BAD_ADDRESS, CLOSE, NO_ANSWER, type Ending } from './close-codes';
import { MessageConnection } from './message-connection';
import type { ClientMessage, ControlChanged, ServerMessage } from './messages';
import { streamOf, type Stream, type StreamAddress } from './stream-address';
import { VncConnection } from './vnc-connection';
import { controlOf, type Status } from './words';

const ANSWER_WITHIN_MS = 20_000;
const STEADY_AFTER_MS = 20_000;

/** What the server says about the session's browser, and about what this viewer has asked for. */
export type Told = Exclude<ServerMessage, { kind: 'pong' | 'control-changed' }>;

export interface PairEvents {
  onStatus(status: Status): void;
  /** Null while nobody can know. */
  onControl(control: ControlChanged | null): void;
  onTold(message: Told): void;
}

/** The VNC and the message channel of one viewer: they are opened, lost and opened again together. */
export class ChannelPair {
  readonly #backoff = new Backoff();
  #vnc: VncConnection | null = null;
  #messages: MessageConnection | null = null;
  #lastEnding: Ending | null = null;
  // One timer is enough: what it waits for follows from the status.
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly picture: HTMLElement,
    private readonly address: () => StreamAddress,
    private readonly events: PairEvents,
  ) {}

  open(): void {
    window.addEventListener('online', this.retryNow);
    this.#connect();
  }

  close(): void {
    window.removeEventListener('online', this.retryNow);
    clearTimeout(this.#timer);
    this.#drop(CLOSE.leaving);
    this.picture.replaceChildren();
  }

  /** Ends the waiting for the next attempt, if there is any. */
  readonly retryNow = (): void => {
    if (!this.#messages && this.#lastEnding?.reconnect) {
      this.#connect();
    }
  };

  send(message: ClientMessage): void {
    this.#messages?.send(message);
  }

  focus(): void {
    this.#vnc?.focus();
  }

  #connect(): void {
    const address = this.address();
    const vnc = streamOf('vnc', address);
    const messages = streamOf('messages', address);
    if (!vnc || !messages) {
      this.#lose(BAD_ADDRESS);
      return;
    }
    this.events.onStatus(
      this.#lastEnding ? { name: 'reconnecting', secondsLeft: 0, ending: this.#lastEnding } : { name: 'connecting' },
    );
    this.#after(ANSWER_WITHIN_MS, () => this.#lose(NO_ANSWER));
    this.#messages = new MessageConnection(messages, {
      onMessage: (message) => this.#received(message, vnc),
      onEnded: this.#lose,
    });
  }

  #live(): void {
    this.#after(STEADY_AFTER_MS, () => this.#backoff.reset());
    this.events.onStatus({ name: 'live' });
  }

  #received(message: ControlChanged | Told, vnc: Stream): void {
    if (message.kind !== 'control-changed') {
      this.events.onTold(message);
      return;
    }
    this.#vnc ??= this.#connectVnc(vnc);
    this.#vnc.inControl = controlOf(message) === 'you';
    this.events.onControl(message);
  }

  /** Only once the server has answered on the message channel: one that refuses is then asked once, not twice. */
  #connectVnc(stream: Stream): VncConnection {
    // From here on the heartbeat tells whether the server is there: a picture may take as long as its browser needs to start.
    clearTimeout(this.#timer);
    return new VncConnection(this.picture, stream, { onPicture: () => this.#live(), onEnded: this.#lose });
  }

  readonly #lose = (ending: Ending): void => {
    clearTimeout(this.#timer);
    this.#drop(ending.reconnect ? CLOSE.reconnecting : CLOSE.leaving);
    this.#lastEnding = ending;
    this.events.onControl(null);
    if (ending.reconnect) {
      this.#countDown(performance.now() + this.#backoff.next() * 1000);
    } else {
      this.picture.replaceChildren();
      this.events.onStatus({ name: 'ended', ending });
    }
  };

  #countDown(until: number): void {
    const left = until - performance.now();
    if (left <= 0 || !this.#lastEnding) {
      this.#connect();
      return;
    }
    this.events.onStatus({ name: 'reconnecting', secondsLeft: Math.ceil(left / 1000), ending: this.#lastEnding });
    this.#after(left % 1000 || 1000, () => this.#countDown(until));
  }

  #drop(code: number): void {
    this.#vnc?.close(code);
    this.#messages?.close(code);
    this.#vnc = this.#messages = null;
  }

  #after(milliseconds: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, milliseconds);
  }
}
