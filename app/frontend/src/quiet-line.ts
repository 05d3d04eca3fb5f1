import type { AgentStep, TakeoverRequested } from './messages';
import type { Control } from './words';

export interface Circumstances {
  readonly control: Control;
  /** Whether this viewer has control, also while a pause lets nobody act. */
  readonly holds: boolean;
  readonly help: TakeoverRequested | null;
  readonly step: AgentStep | null;
}

/** What is going on, in one line; empty when there is nothing to say. */
export function quietLine({ control, holds, help, step }: Circumstances): string {
  if (control === 'unknown') {
    return '';
  }
  if (control === 'paused') {
    return holds
      ? 'Paused: nobody can act. You have control when it goes on.'
      : 'Paused: nobody can act, neither the agent nor a person.';
  }
  if (help?.state === 'taken') {
    return control === 'you' ? helpWords('The agent waits for you', help) : `Somebody helps the agent: ${help.reason}`;
  }
  return step ? stepWords(step, control === 'agent') : '';
}

const helpWords = (what: string, { reason, note }: TakeoverRequested): string =>
  [`${what}: ${reason}`, note].filter(Boolean).join(' · ');

function stepWords({ number, total, type, status, reason }: AgentStep, atWork: boolean): string {
  if (status === 'failed') {
    return [`Agent: could not do step ${number} of ${total}`, inWords(type), reason].filter(Boolean).join(' · ');
  }
  if (status === 'done' && number === total) {
    return `Agent: all ${total} steps done`;
  }
  return `${atWork ? 'Agent:' : 'The agent waits at'} step ${number} of ${total} · ${inWords(type)}`;
}

/** `waitForElement` as people write it. */
const inWords = (type: string): string => type.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
