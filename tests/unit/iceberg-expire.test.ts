import assert from 'node:assert/strict';
import test from 'node:test';
import { defaultExpiryPolicy, hourTagName, planExpiry, type ExpiryPolicy } from '../../lake/iceberg/expire.ts';
import { prepareMerge } from '../../lake/iceberg/merge-manifests.ts';
import { manifestListOf } from '../../lake/iceberg/metadata-object.ts';
import type { Snapshot, SnapshotRef, TableMetadata } from '../../lake/iceberg/metadata.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { expiryOf, expiryPolicyOf } from '../../maintenance/expire-table.ts';
import { namedObjects } from '../../maintenance/sweep/named-objects.ts';
import { append, applied, dataFile, hourMs, keysOf, newTable, start, today } from './iceberg-fixture.ts';

const minuteMs = 60_000;
const store = memoryStore('expire');

/** Snapshots 1 … times.length, each the child of the one before, taken at these times after `start`. */
function chainOf(times: readonly number[], refs: Readonly<Record<string, SnapshotRef>> = {}): TableMetadata {
  const snapshots = times.map((time, i): Snapshot => ({
    'snapshot-id': i + 1,
    ...(i === 0 ? {} : { 'parent-snapshot-id': i }),
    'sequence-number': i + 1,
    'timestamp-ms': start + time,
    'manifest-list': `${store.root}/l${i + 1}`,
    summary: { operation: 'append' },
    'schema-id': 0,
  }));
  const main: SnapshotRef = { type: 'branch', 'snapshot-id': times.length };
  return {
    ...newTable(store),
    snapshots,
    'last-sequence-number': times.length,
    'current-snapshot-id': times.length,
    'last-updated-ms': start + (times.at(-1) ?? 0),
    refs: { main, ...refs },
  };
}

function kept(
  metadata: TableMetadata,
  now: number,
  policy = defaultExpiryPolicy,
): { readonly ids: readonly number[]; readonly refs: Readonly<Record<string, number>> } {
  const plan = planExpiry(metadata, now, policy);
  const after = applied(metadata, { requirements: plan.requirements, updates: plan.updates }, now);
  assert.equal(after.snapshots.length + plan.expired.length, metadata.snapshots.length);
  return {
    ids: after.snapshots.map((snapshot) => Number(snapshot['snapshot-id'])),
    refs: Object.fromEntries(Object.entries(after.refs).map(([name, ref]) => [name, Number(ref['snapshot-id'])])),
  };
}

test('a table without snapshots, or with young ones only, has nothing to expire', () => {
  assert.deepEqual(planExpiry(newTable(store), start).updates, []);
  assert.deepEqual(planExpiry(chainOf([0, minuteMs]), start + 2 * minuteMs).updates, []);
});

test('snapshots of the last hour stay; of each hour before, the last one under its tag', () => {
  const half = 30 * minuteMs;
  const result = kept(chainOf([0, half, 2 * half, 3 * half, 4 * half, 5 * half]), start + 5 * half + minuteMs);
  assert.deepEqual(result, {
    ids: [2, 4, 5, 6],
    refs: { main: 6, 'hour-2026-11-21T10': 2, 'hour-2026-11-21T11': 4 },
  });
});

test('the current snapshot stays however old it is, and its parent may go', () => {
  assert.deepEqual(kept(chainOf([0, minuteMs]), start + 400 * 24 * hourMs), { ids: [2], refs: { main: 2 } });
});

test('at most 720 snapshots of main stay within the hour', () => {
  const metadata = chainOf(Array.from({ length: 2_000 }, (_, i) => i * 1_000));
  const { ids } = kept(metadata, start + 2_000_000);
  assert.deepEqual(
    ids,
    Array.from({ length: 720 }, (_, i) => 1_281 + i),
  );
});

test('hour tags go after seven days with their snapshots; tags of people stay', () => {
  const day = 24 * hourMs;
  const refs: Record<string, SnapshotRef> = {
    [hourTagName(start)]: { type: 'tag', 'snapshot-id': 1 },
    [hourTagName(start + 2 * hourMs)]: { type: 'tag', 'snapshot-id': 2 },
    'end-of-year': { type: 'tag', 'snapshot-id': 3 },
  };
  const metadata = chainOf([0, 2 * hourMs, 3 * hourMs, 7 * day], refs);
  assert.deepEqual(kept(metadata, start + 7 * day + 2 * hourMs), {
    ids: [2, 3, 4],
    refs: { main: 4, 'hour-2026-11-21T12': 2, 'hour-2026-11-21T13': 3, 'end-of-year': 3, 'hour-2026-11-28T10': 4 },
  });
});

test('heads of other branches stay, with as much history as the branch asks for', () => {
  const refs: Record<string, SnapshotRef> = {
    audit: { type: 'branch', 'snapshot-id': 4 },
    deep: { type: 'branch', 'snapshot-id': 4, 'min-snapshots-to-keep': 3 },
  };
  const metadata = chainOf([0, 1, 2, 3, 4], refs);
  assert.deepEqual(kept(metadata, start + 30 * 24 * hourMs).ids, [2, 3, 4, 5]);
});

test('a snapshot that no ref reaches stays an hour, for whoever is about to use it', () => {
  const metadata = chainOf([0, 10 * minuteMs, 20 * minuteMs]);
  const rolledBack: TableMetadata = { ...metadata, refs: { main: { type: 'branch', 'snapshot-id': 2 } }, 'current-snapshot-id': 2 };
  assert.deepEqual(kept(rolledBack, start + hourMs).ids, [1, 2, 3]);
  assert.deepEqual(kept(rolledBack, start + hourMs + 30 * minuteMs).ids, [2]);
});

test('a branch that moved since the plan makes it a conflict, never a loss', () => {
  const metadata = chainOf([0, 1, 2]);
  const { requirements } = planExpiry(metadata, start + 3 * hourMs);
  assert.deepEqual(requirements, [
    { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
    { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 3 },
  ]);
});

test('after an expiry the metadata leads to what its snapshots hold, not to lists and manifests that only expired ones named', async () => {
  await using memory = memoryStore('named');
  let metadata = newTable(memory);
  for (let i = 0; i < 3; i++) metadata = await append(memory, metadata, [dataFile(memory, `f${i}`, today, 1)], { now: start + i });
  const before = await keysOf(memory);
  const merge = await prepareMerge({
    metadata,
    store: memory,
    snapshotId: 900,
    mergeId: 'm',
    now: start + 3,
    limits: { manifestsMin: 3, bytesTarget: 1 << 20, entriesTarget: 100 },
  });
  assert.ok(merge);
  metadata = applied(metadata, merge.commit, start + 3);
  const plan = planExpiry(metadata, start + 4, { ...defaultExpiryPolicy, snapshotsMax: 1 });
  const after = applied(metadata, plan, start + 4);
  const named = new Set<string>();
  await namedObjects(memory).visit(after, (location) => named.add(location), { isFormer: false });
  const files = ['f0', 'f1', 'f2'].map((name) => `${memory.root}/raw/users/data/${name}.parquet`);
  assert.deepEqual([...named].toSorted(), [manifestListOf(merge.snapshot), ...merge.merged.map(({ path }) => path), ...files].toSorted());
  assert.ok(before.every((key) => !named.has(`${memory.root}/${key}`)));
});

function policyOf(properties: Readonly<Record<string, string>>): ExpiryPolicy {
  const policy = expiryPolicyOf({ properties });
  assert.ok(policy);
  return policy;
}

test('another writer’s table keeps as many snapshots as it asks for, whatever their age, and gets no tags of ours', () => {
  const metadata = chainOf([0, minuteMs, 2 * minuteMs, 3 * minuteMs], {
    [hourTagName(start)]: { type: 'tag', 'snapshot-id': 1 },
  });
  const later = start + 400 * 24 * hourMs;
  assert.equal(expiryPolicyOf({ properties: { owner: 'somebody' } }), null, 'one that asks for nothing keeps its history');
  const plain = policyOf({ 'history.expire.min-snapshots-to-keep': '1' });
  assert.deepEqual(kept(metadata, start + 4 * 24 * hourMs, plain).ids, [1, 2, 3, 4], 'five days, as Iceberg has it');
  assert.deepEqual(kept(metadata, later, plain), { ids: [1, 4], refs: { main: 4, [hourTagName(start)]: 1 } });
  const asking = policyOf({ 'history.expire.min-snapshots-to-keep': '2', 'history.expire.max-snapshot-age-ms': String(hourMs) });
  assert.deepEqual(kept(metadata, later, asking).ids, [1, 3, 4]);
  assert.equal(expiryPolicyOf({ properties: { 'foz.shapes': '[]' } }), defaultExpiryPolicy);
});

test('a table whose files may not be deleted forgets no snapshot, unless it has an offset chain: its metadata would grow for ever', () => {
  const metadata = chainOf([0, minuteMs, 2 * minuteMs]);
  const later = start + 400 * 24 * hourMs;
  for (const [text, isKept] of [
    ['false', true],
    ['FALSE', true],
    ['no', true],
    ['true', false],
    ['TRUE', false],
  ] as const) {
    const closed = { ...metadata, properties: { 'gc.enabled': text, 'foz.topic': 't' } };
    if (isKept) assert.throws(() => expiryOf(closed, later), /gc\.enabled=.*no snapshot is forgotten/);
    else assert.notEqual(expiryOf(closed, later)?.expired.length, 0);
    const snapshots = metadata.snapshots.with(2, { ...metadata.snapshots[2], summary: { 'foz.commit-id': 'c' } } as Snapshot);
    const raw = { ...closed, snapshots, properties: { ...closed.properties, 'foz.next': '{}' } };
    assert.deepEqual([expiryOf(raw, later)?.expired.length, planExpiry(raw, later).expired.length], [2, 2], text);
  }
});

test('I1: main keeps what has changed rows since the newest commit of the offset chain, however old; all of it where that one is gone', () => {
  const metadata = chainOf([0, minuteMs, 2 * minuteMs, 3 * minuteMs]);
  const policy = policyOf({ 'foz.next': '{}' });
  const later = start + 400 * 24 * hourMs;
  const withCommit = (id: number): TableMetadata => ({
    ...metadata,
    snapshots: metadata.snapshots.map((snapshot) =>
      snapshot['snapshot-id'] === id ? { ...snapshot, summary: { ...snapshot.summary, 'foz.commit-id': 'c' } } : snapshot,
    ),
  });
  assert.deepEqual(kept(withCommit(4), later, policy).ids, [4]);
  assert.deepEqual(kept(withCommit(2), later, policy).ids, [3, 4]);
  const compacted = withCommit(2).snapshots.map((snapshot) =>
    snapshot['snapshot-id'] === 4 ? { ...snapshot, summary: { operation: 'replace' } } : snapshot,
  );
  assert.deepEqual(kept({ ...withCommit(2), snapshots: compacted }, later, policy).ids, [3, 4]);
  assert.deepEqual(
    kept({ ...withCommit(3), snapshots: withCommit(3).snapshots.with(3, compacted.at(3) ?? assert.fail()) }, later, policy).ids,
    [4],
  );
  assert.deepEqual(kept(metadata, later, policy).ids, [1, 2, 3, 4]);
});
