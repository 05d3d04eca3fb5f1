import RFB from '@novnc/novnc';

import { endingOf, type Ending } from './close-codes';
import { releaseKeysOnBlur } from './held-keys';
import type { Stream } from './stream-address';
import { LEAVE_HINT } from './words';

export interface VncEvents {
  onPicture(): void;
  onEnded(ending: Ending): void;
}

/** The VNC channel, drawn by noVNC into `picture`. What it showed last stays there until its successor has a picture. */
export class VncConnection {
  readonly #socket: WebSocket;
  readonly #listening = new AbortController();
  readonly #rfb: RFB;
  readonly #canvas: HTMLCanvasElement;
  #shown = false;

  constructor(
    private readonly picture: HTMLElement,
    stream: Stream,
    private readonly events: VncEvents,
  ) {
    this.#socket = new WebSocket(stream.url, stream.protocols);
    const { signal } = this.#listening;
    // noVNC keeps close codes to itself, so this listener stands before its own.
    this.#socket.addEventListener('close', ({ code, reason }) => events.onEnded(endingOf(code, reason)), { signal });
    this.#rfb = new RFB(picture, this.#socket, { shared: true });
    this.#canvas = picture.querySelector<HTMLCanvasElement>('canvas:not(.last)')!;
    this.#canvas.ariaLabel = 'Remote browser';
    this.#canvas.ariaDescription = LEAVE_HINT;
    this.#rfb.background = 'transparent';
    this.#rfb.scaleViewport = true;
    this.#rfb.showDotCursor = true;
    this.inControl = false;
    this.#rfb.addEventListener('connect', () => {
      this.#socket.addEventListener('message', () => this.#firstPicture(), { once: true, signal });
    });
    this.#rfb.addEventListener('disconnect', () => {
      if (!signal.aborted) {
        events.onEnded(endingOf(1006, ''));
      }
    });
    releaseKeysOnBlur(this.#canvas);
  }

  set inControl(inControl: boolean) {
    this.#rfb.viewOnly = !inControl;
    this.#canvas.tabIndex = inControl ? 0 : -1;
    this.#canvas.role = inControl ? 'application' : 'img';
  }

  focus(): void {
    this.#rfb.focus({ preventScroll: true });
  }

  close(code: number): void {
    this.#listening.abort();
    this.#socket.close(code);
    this.#rfb.disconnect();
    if (this.#shown) {
      this.#canvas.className = 'last';
      this.#canvas.role = 'img';
      this.#canvas.removeAttribute('style');
      this.#canvas.removeAttribute('tabindex');
      this.picture.replaceChildren(this.#canvas);
    }
  }

  #firstPicture(): void {
    this.#shown = true;
    this.picture.querySelector('canvas.last')?.remove();
    this.events.onPicture();
  }
}
