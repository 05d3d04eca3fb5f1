declare module '@novnc/novnc' {
  /** The part of noVNC's interface that the viewer uses: https://novnc.com/noVNC/docs/API.html */
  export default class RFB {
    constructor(target: HTMLElement, channel: WebSocket, options?: { shared?: boolean });
    background: string;
    scaleViewport: boolean;
    showDotCursor: boolean;
    viewOnly: boolean;
    addEventListener(type: 'connect' | 'disconnect', listener: () => void): void;
    disconnect(): void;
    focus(options?: FocusOptions): void;
  }
}
