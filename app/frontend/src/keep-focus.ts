/** For mousedown: a click on a button leaves the keyboard where it is, with the picture. A field takes it. */
export function keepFocus(event: MouseEvent): void {
  const { target } = event;
  if (!(target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)) {
    event.preventDefault();
  }
}
