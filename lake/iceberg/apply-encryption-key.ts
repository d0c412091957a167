// Keys that encrypt a table's manifest lists, known to the catalog by their ids alone.
// Spec: https://iceberg.apache.org/spec/#encryption-keys

import type { EncryptionKey } from './commit.ts';
import { invalid, type MetadataDraft, type UpdateProblem } from './metadata-draft.ts';

/** As the reference: a key that is there already stays as it is. */
export function addEncryptionKey(draft: MetadataDraft, key: EncryptionKey): UpdateProblem | null {
  if (key['key-id'] === '') return invalid('add-encryption-key: the key has no id');
  const keys = keysOf(draft);
  if (!keys.some((known) => idOf(known) === key['key-id'])) draft.next['encryption-keys'] = [...keys, key];
  return null;
}

export function removeEncryptionKey(draft: MetadataDraft, id: string): UpdateProblem | null {
  const user = draft.next.snapshots.find((snapshot) => Object.entries(snapshot).some(([name, value]) => name === 'key-id' && value === id));
  if (user) return invalid(`remove-encryption-key: snapshot ${user['snapshot-id']} needs the key ${id}`);
  const keys = keysOf(draft);
  const kept = keys.filter((known) => idOf(known) !== id);
  if (kept.length === keys.length) return null;
  if (kept.length > 0) draft.next['encryption-keys'] = kept;
  else delete draft.next['encryption-keys'];
  return null;
}

function keysOf(draft: MetadataDraft): readonly unknown[] {
  const keys = draft.next['encryption-keys'];
  return Array.isArray(keys) ? keys : [];
}

function idOf(key: unknown): unknown {
  return typeof key === 'object' && key !== null && 'key-id' in key ? key['key-id'] : null;
}
