import type { ControlChanged, Viewer } from './messages';

export interface Presence {
  /** People who see the session, this one too; agents do not count. */
  readonly watching: number;
  /** Whether this viewer's credential lets it take control. */
  readonly mayControl: boolean;
  /** Whether this viewer has control, also while a pause lets nobody act. */
  readonly holds: boolean;
  readonly rows: readonly PresenceRow[];
  /** Those whom the server did not list. */
  readonly more: number;
}

/** Somebody who is there: under a name that means nothing elsewhere. */
export interface PresenceRow {
  readonly id: string;
  readonly who: 'You' | 'Viewer' | 'Agent';
  readonly what: string;
}

/** Who is there, seen from this viewer. */
export function presenceOf({ viewers, viewer_count, you_hold_control }: ControlChanged): Presence {
  const you = viewers.find((viewer) => viewer.you);
  const agents = viewers.filter(({ scope }) => scope === 'agent').length;
  return {
    watching: viewer_count - agents,
    mayControl: you?.scope !== 'view',
    holds: you?.holds_control ?? you_hold_control,
    rows: viewers.map(rowOf),
    more: Math.max(0, viewer_count - viewers.length),
  };
}

function rowOf(viewer: Viewer): PresenceRow {
  return { id: viewer.viewer_id, who: whoIs(viewer), what: whatIs(viewer) };
}

function whoIs({ you, scope }: Viewer): PresenceRow['who'] {
  if (you) {
    return 'You';
  }
  return scope === 'agent' ? 'Agent' : 'Viewer';
}

function whatIs({ scope, holds_control }: Viewer): string {
  if (holds_control) {
    return 'has control';
  }
  return { view: 'only watches', control: 'may take control', agent: 'is connected' }[scope];
}
