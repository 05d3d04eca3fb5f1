export const HEARTBEAT_MS = 10_000;

/** Asks for a sign of life every ten seconds, and reports death when one question stays without an answer until the next. */
export class Heartbeat {
  #timer: ReturnType<typeof setInterval> | undefined;
  #sent = 0;
  #awaited: string | null = null;

  constructor(
    private readonly ping: (id: string) => void,
    private readonly onDead: () => void,
  ) {}

  start(): void {
    this.#timer = setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  pong(id: string): void {
    if (id === this.#awaited) {
      this.#awaited = null;
    }
  }

  #beat(): void {
    if (this.#awaited !== null) {
      this.stop();
      this.onDead();
      return;
    }
    this.#awaited = String(++this.#sent);
    this.ping(this.#awaited);
  }
}
