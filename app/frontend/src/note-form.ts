import { html, type TemplateResult } from 'lit';

/** Characters of a note that the server takes. */
const LARGEST_NOTE = 2_000;

export interface NoteForm {
  /** What pressing the button does, in its own words. */
  readonly action: string;
  readonly cancel: string;
  onSubmit(note: string): void;
  onCancel(): void;
}

/** Something to do, with a word for the agent if the person likes. */
export function renderNoteForm({ action, cancel, onSubmit, onCancel }: NoteForm): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    onSubmit(new FormData(event.target as HTMLFormElement).get('note')!.toString().trim());
  };
  const escape = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && !event.isComposing) {
      onCancel();
    }
  };
  return html`
    <form class="note" @submit=${submit} @keydown=${escape}>
      <label for="note">A note for the agent, if you like</label>
      <textarea id="note" name="note" data-testid="note" rows="2" maxlength=${LARGEST_NOTE} autocomplete="off"></textarea>
      <span class="answers">
        <button type="submit" data-testid="send-note">${action}</button>
        <button type="button" class="quiet" data-testid="cancel-note" @click=${onCancel}>${cancel}</button>
      </span>
    </form>
  `;
}
