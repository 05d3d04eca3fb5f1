import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import {
  ASKS_AFTER_MS,
  ClipboardExchange,
  FRESH_MS,
  NOTHING_SELECTED,
  NO_TEXT,
  REFUSED,
  TOO_LARGE,
} from '../src/clipboard-exchange';

/** A clipboard whose browser answers when the test says so. */
class PatientClipboard {
  readonly reads: { resolve(text: string): void; reject(error: Error): void }[] = [];
  text = '';
  refusesToWrite = false;

  read(): Promise<string> {
    return new Promise((resolve, reject) => this.reads.push({ resolve, reject }));
  }

  async write(text: Promise<string>): Promise<void> {
    const refused = this.refusesToWrite;
    const written = await text;
    if (refused) {
      throw new Error('No gesture.');
    }
    this.text = written;
  }
}

let clipboard: PatientClipboard;
let exchange: ClipboardExchange;
let sent: unknown[];
let prompts: string[];
let notices: string[];
let clock: number;

beforeEach(() => {
  vi.useFakeTimers();
  clipboard = new PatientClipboard();
  [sent, prompts, notices, clock] = [[], [], [], 0];
  exchange = new ClipboardExchange(
    clipboard,
    {
      send: (message) => sent.push(message),
      onPrompt: ({ name }) => prompts.push(name),
      onNotice: (text) => notices.push(text),
    },
    () => clock,
  );
});
afterEach(() => vi.useRealTimers());

const settle = () => vi.advanceTimersByTimeAsync(0);
const answer = (text: string) => ({ kind: 'ask-for-clipboard-response', text });
const unasked = (text: string) => ({ kind: 'clipboard-paste', text });

function pasteByKey(text: string): void {
  exchange.pasteKey();
  exchange.pasted(text);
}

test('what is pasted by key waits for the question', () => {
  pasteByKey('tea');
  expect(sent).toEqual([]);
  exchange.asked();
  expect(sent).toEqual([answer('tea')]);
  expect(clipboard.reads).toEqual([]);
});

test('two quick pastes are two answers', () => {
  pasteByKey('tea');
  pasteByKey('tea');
  exchange.asked();
  exchange.asked();
  expect(sent).toEqual([answer('tea'), answer('tea')]);
});

test('a question that comes late is not answered with what was pasted long ago', () => {
  pasteByKey('tea');
  clock = FRESH_MS;
  exchange.asked();
  expect(sent).toEqual([]);
  expect(clipboard.reads).toHaveLength(1);
});

test('a key that brings no text does not paste the text of the one before', () => {
  pasteByKey('tea');
  exchange.asked();
  exchange.pasteKey();
  exchange.asked();
  expect(sent).toEqual([answer('tea')]);
  expect(clipboard.reads).toHaveLength(1);
});

test('what is pasted from a menu goes at once', () => {
  exchange.pasted('tea');
  expect(sent).toEqual([unasked('tea')]);
});

test('without a text at hand the clipboard is read, once for all questions', async () => {
  exchange.asked();
  exchange.asked();
  expect(clipboard.reads).toHaveLength(1);
  clipboard.reads[0]!.resolve('tea');
  await settle();
  expect(sent).toEqual([answer('tea'), answer('tea')]);
});

test('a browser that takes its time is taken to ask the person', async () => {
  exchange.paste();
  await vi.advanceTimersByTimeAsync(ASKS_AFTER_MS - 1);
  expect(prompts).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(prompts).toEqual(['permission']);
  clipboard.reads[0]!.resolve('tea');
  await settle();
  expect(prompts.at(-1)).toBe('none');
  expect(sent).toEqual([unasked('tea')]);
});

test('a browser that answers at once is not said to ask', async () => {
  exchange.paste();
  clipboard.reads[0]!.resolve('tea');
  await vi.advanceTimersByTimeAsync(ASKS_AFTER_MS);
  expect(prompts).not.toContain('permission');
});

test('where the clipboard may not be read, the person pastes into a field, which answers the question', async () => {
  exchange.asked();
  clipboard.reads[0]!.reject(new Error('Denied.'));
  await settle();
  expect(prompts).toEqual(['paste-here']);
  exchange.pasted('tea');
  expect(sent).toEqual([answer('tea')]);
  expect(prompts.at(-1)).toBe('none');
});

test('a browser that has refused is not said to ask', async () => {
  exchange.paste();
  clipboard.reads[0]!.reject(new Error('Denied.'));
  await vi.advanceTimersByTimeAsync(ASKS_AFTER_MS);
  expect(prompts).toEqual(['paste-here']);
});

test('who pastes after the server has given up pastes all the same', async () => {
  exchange.asked();
  clipboard.reads[0]!.reject(new Error('Denied.'));
  await settle();
  expect(exchange.timedOut()).toBe(true);
  exchange.pasted('tea');
  expect(sent).toEqual([unasked('tea')]);
});

test('a time-out that the person has not been told of is news', () => {
  exchange.asked();
  expect(exchange.timedOut()).toBe(false);
});

test('a key pressed while a question is open answers that one, and its own', () => {
  exchange.asked();
  pasteByKey('tea');
  exchange.asked();
  expect(sent).toEqual([answer('tea'), answer('tea')]);
});

test('a clipboard without text answers the question with none, and says so', () => {
  pasteByKey('');
  exchange.asked();
  expect(sent).toEqual([answer('')]);
  expect(notices).toEqual([NO_TEXT]);
});

test('nothing is not pasted unasked', () => {
  exchange.pasted('');
  expect(sent).toEqual([]);
  expect(notices).toEqual([NO_TEXT]);
});

test('a text that would break the channel is not sent, and the question is answered', () => {
  const large = '"'.repeat(1024 * 1024);
  pasteByKey(large);
  exchange.asked();
  exchange.pasted(large);
  expect(sent).toEqual([answer('')]);
  expect(notices).toEqual([TOO_LARGE, TOO_LARGE]);
});

test('a text of a mebibyte is sent', () => {
  exchange.pasted('x'.repeat(1024 * 1024));
  expect(sent).toHaveLength(1);
  expect(notices).toEqual([]);
});

test('without control nothing is pasted, however late the browser answers', async () => {
  exchange.asked();
  await vi.advanceTimersByTimeAsync(ASKS_AFTER_MS);
  exchange.stopPasting();
  clipboard.reads[0]!.resolve('tea');
  await settle();
  expect(sent).toEqual([]);
  expect(prompts).toEqual(['permission', 'none']);
});

test('questions do not outlive control', () => {
  exchange.asked();
  exchange.stopPasting();
  exchange.pasted('tea');
  expect(sent).toEqual([unasked('tea')]);
});

test('a text that waits for its question does not outlive control', () => {
  pasteByKey('tea');
  exchange.stopPasting();
  exchange.asked();
  expect(sent).toEqual([]);
});

test('who sends the prompt away is not asked by the same reading again', async () => {
  exchange.paste();
  await vi.advanceTimersByTimeAsync(ASKS_AFTER_MS);
  exchange.dismiss();
  clipboard.reads[0]!.reject(new Error('Denied.'));
  await settle();
  expect(prompts).toEqual(['permission', 'none']);
});

test('copied text goes into the write that its key has begun', async () => {
  exchange.copyKey();
  exchange.copied('tea');
  await settle();
  expect(clipboard.text).toBe('tea');
  expect(prompts).toEqual([]);
});

test('the copy button asks the server', async () => {
  exchange.copy();
  expect(sent).toEqual([{ kind: 'clipboard-copy' }]);
  exchange.copied('tea');
  await settle();
  expect(clipboard.text).toBe('tea');
});

test('where the write is refused, a button puts the text into the clipboard', async () => {
  clipboard.refusesToWrite = true;
  exchange.copyKey();
  exchange.copied('tea');
  await settle();
  expect(prompts).toEqual(['copied']);
  clipboard.refusesToWrite = false;
  exchange.copyNow();
  await settle();
  expect(clipboard.text).toBe('tea');
  expect(prompts.at(-1)).toBe('none');
});

test('a button that is refused too says so', async () => {
  clipboard.refusesToWrite = true;
  exchange.copied('tea');
  exchange.copyNow();
  await settle();
  expect(notices).toEqual([REFUSED]);
});

test('text that comes without any gesture waits for one', () => {
  exchange.copied('tea');
  expect(prompts).toEqual(['copied']);
  expect(clipboard.text).toBe('');
});

test('a copy that succeeds makes the offer of an earlier one go away', async () => {
  exchange.copied('tea');
  exchange.copyKey();
  expect(prompts.at(-1)).toBe('copied');
  exchange.copied('rum');
  await settle();
  expect(clipboard.text).toBe('rum');
  expect(prompts.at(-1)).toBe('none');
});

test('a key that copied nothing does not hold up the next one', async () => {
  exchange.copyKey();
  exchange.copyKey();
  exchange.copied('tea');
  await settle();
  expect(clipboard.text).toBe('tea');
});

test('the same text twice is copied once, another one is offered', async () => {
  exchange.copyKey();
  exchange.copied('tea');
  exchange.copied('tea');
  await settle();
  expect(prompts).toEqual([]);
  exchange.copied('rum');
  expect(prompts).toEqual(['copied']);
});

test('an empty selection leaves the clipboard alone', async () => {
  exchange.copyKey();
  exchange.copied('');
  await settle();
  expect(notices).toEqual([NOTHING_SELECTED]);
  expect(prompts).toEqual([]);
});

test('copied text is still offered after control has gone', () => {
  exchange.copied('tea');
  exchange.stopPasting();
  expect(prompts).toEqual(['copied']);
});
