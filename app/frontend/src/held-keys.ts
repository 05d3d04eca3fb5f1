/**
 * Lets go of every held key when the canvas loses focus.
 *
 * noVNC does so only when the whole window loses it: without this, Ctrl would stay down at the remote browser after the
 * focus has moved to a button of the same page.
 */
export function releaseKeysOnBlur(canvas: HTMLCanvasElement): void {
  const held = new Map<string, string>();
  canvas.addEventListener('keydown', ({ code, key }) => held.set(code, key));
  canvas.addEventListener('keyup', ({ code }) => held.delete(code));
  canvas.addEventListener('blur', () => {
    for (const [code, key] of [...held]) {
      canvas.dispatchEvent(new KeyboardEvent('keyup', { code, key }));
    }
  });
}
