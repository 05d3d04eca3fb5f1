const LONGEST_SECONDS = 30;

/** How long to wait before the next attempt: it doubles, and half of it is left to chance so that viewers spread out. */
export class Backoff {
  #attempts = 0;

  constructor(private readonly random: () => number = Math.random) {}

  /** Seconds to wait, from 1 to 30. */
  next(): number {
    const ceiling = Math.min(LONGEST_SECONDS, 2 ** (this.#attempts + 1));
    this.#attempts += 1;
    return (ceiling / 2) * (1 + this.random());
  }

  reset(): void {
    this.#attempts = 0;
  }
}
