import { NO_ANSWER, endingOf, type Ending } from './close-codes';
import { Heartbeat } from './heartbeat';
import { decode, encode, type ClientMessage, type ServerMessage } from './messages';
import type { Stream } from './stream-address';

export interface MessageEvents {
  onMessage(message: Exclude<ServerMessage, { kind: 'pong' }>): void;
  onEnded(ending: Ending): void;
}

/** The message channel: JSON both ways, watched by a heartbeat. */
export class MessageConnection {
  readonly #socket: WebSocket;
  readonly #listening = new AbortController();
  readonly #heartbeat: Heartbeat;

  constructor(
    stream: Stream,
    private readonly events: MessageEvents,
  ) {
    this.#heartbeat = new Heartbeat(
      (id) => this.send({ kind: 'ping', id }),
      () => events.onEnded(NO_ANSWER),
    );
    this.#socket = new WebSocket(stream.url, stream.protocols);
    const { signal } = this.#listening;
    this.#socket.addEventListener('open', () => this.#heartbeat.start(), { signal });
    this.#socket.addEventListener('message', ({ data }) => this.#received(data), { signal });
    this.#socket.addEventListener('close', ({ code, reason }) => events.onEnded(endingOf(code, reason)), { signal });
  }

  send(message: ClientMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(encode(message));
    }
  }

  close(code: number): void {
    this.#listening.abort();
    this.#heartbeat.stop();
    this.#socket.close(code);
  }

  #received(data: unknown): void {
    const message = typeof data === 'string' ? decode(data) : null;
    if (message?.kind === 'pong') {
      this.#heartbeat.pong(message.id);
    } else if (message) {
      this.events.onMessage(message);
    }
  }
}
