import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Seconds that run out before the person's eyes: the host draws itself anew with each of them. */
export class Countdown implements ReactiveController {
  #until = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  get secondsLeft(): number {
    return Math.max(0, Math.ceil((this.#until - performance.now()) / 1000));
  }

  start(seconds: number): void {
    this.#until = performance.now() + seconds * 1000;
    this.#tick();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  hostDisconnected(): void {
    this.stop();
  }

  #tick(): void {
    clearTimeout(this.#timer);
    this.host.requestUpdate();
    const left = this.#until - performance.now();
    if (left > 0) {
      this.#timer = setTimeout(() => this.#tick(), left % 1000 || 1000);
    }
  }
}

/** A time to come, in as few words as can be: "12 s", "4:05 min", "1:30 h". */
export function duration(seconds: number): string {
  if (seconds < 60) {
    return `${seconds} s`;
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${twoDigits(seconds % 60)} min`
    : `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)} h`;
}

const twoDigits = (number: number): string => String(number).padStart(2, '0');
