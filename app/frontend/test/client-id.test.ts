import { expect, test } from 'vitest';

import { claimClientId, leaveClientId } from '../src/client-id';

/** One tab's session storage; `entries` given, it is that of a tab duplicated from another one. */
function tab(entries: Iterable<[string, string]> = []): Storage & { entries(): [string, string][] } {
  const map = new Map(entries);
  return {
    get length() {
      return map.size;
    },
    key: (index) => [...map.keys()][index] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
    clear: () => map.clear(),
    entries: () => [...map],
  };
}

test('an id is of the characters that the server takes, and new for each viewer', () => {
  const first = claimClientId(tab(), 'pbs_1');
  expect(first).toMatch(/^[A-Za-z0-9._:-]{1,128}$/);
  expect(claimClientId(tab(), 'pbs_1')).not.toBe(first);
});

test('a reload finds the id that the page has left', () => {
  const storage = tab();
  const id = claimClientId(storage, 'pbs_1');
  leaveClientId(storage, 'pbs_1', id);
  expect(claimClientId(storage, 'pbs_1')).toBe(id);
});

test('a tab duplicated while the viewer is there gets another id, before a reload and after one', () => {
  const storage = tab();
  const id = claimClientId(storage, 'pbs_1');
  expect(claimClientId(tab(storage.entries()), 'pbs_1')).not.toBe(id);
  leaveClientId(storage, 'pbs_1', id);
  claimClientId(storage, 'pbs_1');
  expect(claimClientId(tab(storage.entries()), 'pbs_1')).not.toBe(id);
});

test('each session has its own id', () => {
  const storage = tab();
  const id = claimClientId(storage, 'pbs_1');
  leaveClientId(storage, 'pbs_1', id);
  expect(claimClientId(storage, 'pbs_2')).not.toBe(id);
});

test('what is no valid id in the storage is not used', () => {
  const storage = tab();
  leaveClientId(storage, 'pbs_1', 'not valid!');
  expect(claimClientId(storage, 'pbs_1')).toMatch(/^[0-9a-f]{32}$/);
});

test('without a storage it still has an id', () => {
  leaveClientId(null, 'pbs_1', 'abc');
  expect(claimClientId(null, 'pbs_1')).toMatch(/^[0-9a-f]{32}$/);
});
