// Updates that change which rows a table has: snapshots, refs, and the statistics files that describe snapshots.
// Spec: https://iceberg.apache.org/spec/#snapshots, #snapshot-references

import { conflict, invalid, longKey, type MetadataDraft, type UpdateProblem } from './metadata-draft.ts';
import type { Long, Snapshot, SnapshotRef } from './metadata.ts';

const longMax = 2n ** 63n - 1n;

export function addSnapshot(draft: MetadataDraft, snapshot: Snapshot): UpdateProblem | null {
  const { next } = draft;
  const id = snapshot['snapshot-id'];
  const known = new Set(next.snapshots.map((candidate) => longKey(candidate['snapshot-id'])));
  if (next.schemas.length === 0) return invalid('add-snapshot: the table has no schema yet');
  if (BigInt(id) < 0n) return invalid(`add-snapshot: snapshot id ${id} is negative`);
  if (known.has(longKey(id))) return conflict(`add-snapshot: snapshot ${id} already exists`);
  const sequence = BigInt(snapshot['sequence-number']);
  if (sequence > longMax) return invalid(`add-snapshot: sequence number ${sequence} is out of range`);
  if (next['format-version'] === 1 && sequence !== 0n)
    return invalid(`add-snapshot: sequence number ${sequence} in format version 1, which has none`);
  const parent = parentOf(snapshot);
  const last = BigInt(next['last-sequence-number']);
  // A snapshot without a parent replaces the table's rows: it follows no sequence, and two replacements may race.
  if (next['format-version'] > 1 && parent !== null && sequence <= last)
    return conflict(`add-snapshot: sequence number ${sequence} is not above the table's last, ${last}`);
  if (parent !== null && !known.has(parent)) return conflict(`add-snapshot: parent snapshot ${parent} is not in the table`);
  const schemaId = snapshot['schema-id'];
  if (schemaId !== undefined && !next.schemas.some((schema) => schema['schema-id'] === schemaId))
    return invalid(`add-snapshot: unknown schema id ${schemaId}`);
  if (snapshot['manifest-list'] === '' || (snapshot['manifest-list'] === undefined && next['format-version'] > 1))
    return invalid('add-snapshot: the manifest list has no location');
  const lineage = advanceRowLineage(draft, snapshot);
  if (lineage !== null) return lineage;
  next.snapshots = [...next.snapshots, snapshot];
  if (sequence > last) next['last-sequence-number'] = snapshot['sequence-number'];
  draft.addedSnapshotIds.add(longKey(id));
  return null;
}

/** Some writers say "none" with null or -1. */
function parentOf(snapshot: Snapshot): string | null {
  const parent = snapshot['parent-snapshot-id'];
  return parent === undefined || parent === null || longKey(parent) === '-1' ? null : longKey(parent);
}

/** Spec, format v3: every snapshot takes the next range of row ids. */
function advanceRowLineage(draft: MetadataDraft, snapshot: Snapshot): UpdateProblem | null {
  if (draft.next['format-version'] < 3) return null;
  const first = longMember(snapshot, 'first-row-id');
  const rows = longMember(snapshot, 'added-rows');
  const tableNext = longMember(draft.next, 'next-row-id') ?? 0;
  if (first === null || rows === null) return invalid('add-snapshot: format version 3 needs first-row-id and added-rows');
  if (BigInt(first) < BigInt(tableNext))
    return conflict(`add-snapshot: first-row-id ${first} is below the table's next-row-id ${tableNext}`);
  const after = BigInt(tableNext) + BigInt(rows);
  draft.next['next-row-id'] = after <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(after) : after;
  return null;
}

function longMember(holder: object, name: string): Long | null {
  const value: unknown = Object.entries(holder).find(([key]) => key === name)?.[1];
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value)) ? value : null;
}

/** Spec: refs to a removed snapshot go with it; so do its statistics. Ids that are not there are no error. */
export function removeSnapshots(draft: MetadataDraft, ids: readonly Long[]): UpdateProblem | null {
  const { next } = draft;
  const gone = new Set(ids.map(longKey));
  const kept = next.snapshots.filter((snapshot) => !gone.has(longKey(snapshot['snapshot-id'])));
  if (kept.length === next.snapshots.length) return null;
  next.snapshots = kept;
  for (const [name, ref] of Object.entries(next.refs)) {
    if (gone.has(longKey(ref['snapshot-id']))) removeRef(draft, name);
  }
  for (const member of ['statistics', 'partition-statistics']) {
    for (const id of gone) dropStatistics(draft, member, id);
  }
  return null;
}

export function setRef(draft: MetadataDraft, name: string, ref: SnapshotRef): UpdateProblem | null {
  const { next } = draft;
  const id = longKey(ref['snapshot-id']);
  if (name === '' || name === '__proto__') return invalid('set-snapshot-ref: the ref has no usable name');
  if (!next.snapshots.some((snapshot) => longKey(snapshot['snapshot-id']) === id))
    return invalid(`set-snapshot-ref: ${name} cannot point to the unknown snapshot ${id}`);
  const problem = refProblem(name, ref);
  if (problem !== null) return invalid(`set-snapshot-ref: ${problem}`);
  const before = Object.hasOwn(next.refs, name) ? next.refs[name] : undefined;
  if (before && sameRef(before, ref)) return null;
  next.refs = { ...next.refs, [name]: ref };
  if (name !== 'main' || (before && longKey(before['snapshot-id']) === id)) return null;
  next['current-snapshot-id'] = ref['snapshot-id'];
  draft.mainSnapshotIds.add(id);
  const added = draft.addedSnapshotIds.has(id)
    ? next.snapshots.find((snapshot) => longKey(snapshot['snapshot-id']) === id)?.['timestamp-ms']
    : undefined;
  // Readers refuse a log that goes back in time, whatever the writers' clocks say.
  const time = Math.max(added ?? draft.now, next['snapshot-log'].at(-1)?.['timestamp-ms'] ?? 0);
  next['snapshot-log'] = [...next['snapshot-log'], { 'timestamp-ms': time, 'snapshot-id': ref['snapshot-id'] }];
  return null;
}

function refProblem(name: string, ref: SnapshotRef): string | null {
  if (name === 'main' && ref.type !== 'branch') return 'main must be a branch';
  if (ref.type === 'tag' && (ref['min-snapshots-to-keep'] !== undefined || ref['max-snapshot-age-ms'] !== undefined))
    return `tag ${name} cannot keep snapshots; only branches do`;
  if (name === 'main' && ref['max-ref-age-ms'] !== undefined) return 'main cannot expire';
  for (const limit of [ref['min-snapshots-to-keep'], ref['max-snapshot-age-ms'], ref['max-ref-age-ms']]) {
    if (limit !== undefined && limit <= 0) return `the limits of ${name} must be above 0`;
  }
  return null;
}

function sameRef(a: SnapshotRef, b: SnapshotRef): boolean {
  return (
    longKey(a['snapshot-id']) === longKey(b['snapshot-id']) &&
    a.type === b.type &&
    a['min-snapshots-to-keep'] === b['min-snapshots-to-keep'] &&
    a['max-snapshot-age-ms'] === b['max-snapshot-age-ms'] &&
    a['max-ref-age-ms'] === b['max-ref-age-ms']
  );
}

export function removeRef(draft: MetadataDraft, name: string): void {
  const { next } = draft;
  if (!Object.hasOwn(next.refs, name)) return;
  next.refs = Object.fromEntries(Object.entries(next.refs).filter(([key]) => key !== name));
  // The log stays: what was current when remains true.
  if (name === 'main') next['current-snapshot-id'] = -1;
}

export function setStatistics(draft: MetadataDraft, member: string, file: unknown): UpdateProblem | null {
  const id = typeof file === 'object' && file !== null ? longMember(file, 'snapshot-id') : null;
  if (id === null) return invalid(`${member}: the statistics file names no snapshot-id`);
  dropStatistics(draft, member, longKey(id));
  draft.next[member] = [...statisticsOf(draft, member), file];
  return null;
}

export function dropStatistics(draft: MetadataDraft, member: string, snapshotId: string): void {
  const files = statisticsOf(draft, member);
  const kept = files.filter((file) => {
    const id = typeof file === 'object' && file !== null ? longMember(file, 'snapshot-id') : null;
    return id === null || longKey(id) !== snapshotId;
  });
  if (kept.length !== files.length) draft.next[member] = kept;
}

function statisticsOf(draft: MetadataDraft, member: string): readonly unknown[] {
  const files = draft.next[member];
  return Array.isArray(files) ? files : [];
}
