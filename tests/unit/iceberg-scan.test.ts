import assert from 'node:assert/strict';
import test from 'node:test';
import { writeManifestList } from '../../lake/iceberg/manifest-list.ts';
import { mainSnapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { equalTo, type Predicate, type Target } from '../../lake/iceberg/predicate.ts';
import { planScan, type ScanInput } from '../../lake/iceberg/scan.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { append, dataFile, listAt, newTable, today } from './iceberg-fixture.ts';

const dayUs = 86_400_000_000n;
const date: Target = { kind: 'partition', id: 1000 };
const logTime: Target = { kind: 'column', id: 3 };
const offset: Target = { kind: 'column', id: 2 };
const key: Target = { kind: 'column', id: 4 };

/** Three commits: today with offsets 0–9, tomorrow with 0–4 and 0–99, and a file of no date. */
async function filled(store: ObjectStore): Promise<TableMetadata> {
  let metadata = newTable(store);
  metadata = await append(store, metadata, [dataFile(store, 'today', today, 10)]);
  metadata = await append(store, metadata, [dataFile(store, 'tomorrow', today + 1, 5), dataFile(store, 'tomorrow-large', today + 1, 100)]);
  return append(store, metadata, [dataFile(store, 'undated', null, 1)]);
}

async function names(input: ScanInput): Promise<readonly string[]> {
  const plan = await planScan(input);
  return plan.files.map(({ file }) => /([^/]+)\.parquet$/.exec(file.filePath)?.[1] ?? '');
}

test('without a predicate every live file is planned, oldest manifest first', async () => {
  await using store = memoryStore('all');
  const metadata = await filled(store);
  const plan = await planScan({ metadata, store });
  assert.deepEqual(await names({ metadata, store }), ['today', 'tomorrow', 'tomorrow-large', 'undated']);
  assert.deepEqual([plan.manifestsRead, plan.manifestsSkipped, plan.filesSkipped, plan.deleteFiles.length], [3, 0, 0, 0]);
  assert.equal(plan.snapshot, mainSnapshot(metadata));
  assert.deepEqual(
    plan.files.map((file) => [file.snapshotId, file.sequenceNumber, file.specId]),
    [
      [101, 1, 0],
      [102, 2, 0],
      [102, 2, 0],
      [103, 3, 0],
    ],
  );
});

test('a table without snapshots has no files; a snapshot that is not there is an error', async () => {
  await using store = memoryStore('none');
  const metadata = newTable(store);
  const plan = await planScan({ metadata, store });
  assert.deepEqual([plan.snapshot, plan.files], [null, []]);
  await assert.rejects(planScan({ metadata, store, snapshotId: 7 }), { code: 'OBJECT_MISSING' });
});

test('an older snapshot is planned as it was', async () => {
  await using store = memoryStore('older');
  const metadata = await filled(store);
  assert.deepEqual(await names({ metadata, store, snapshotId: 101n }), ['today']);
});

test('a date, or a time within it, skips manifests of other days unread', async () => {
  await using store = memoryStore('dates');
  const metadata = await filled(store);
  const noon = BigInt(today) * dayUs + dayUs / 2n;
  const cases: readonly (readonly [Predicate, readonly string[], number])[] = [
    [equalTo(date, today), ['today'], 1],
    [equalTo(logTime, noon), ['today'], 1],
    [{ kind: 'range', target: logTime, from: { value: noon, isInclusive: false } }, ['today', 'tomorrow', 'tomorrow-large'], 2],
    [
      { kind: 'range', target: logTime, to: { value: BigInt(today + 1) * dayUs, isInclusive: false } },
      ['today', 'tomorrow', 'tomorrow-large'],
      2,
    ],
    [{ kind: 'range', target: date, to: { value: today + 1, isInclusive: false } }, ['today'], 1],
    [{ kind: 'range', target: date, from: { value: today, isInclusive: false } }, ['tomorrow', 'tomorrow-large'], 1],
    [{ kind: 'range', target: date, from: { value: today + 2, isInclusive: true } }, [], 0],
    [{ kind: 'is-null', target: date }, ['undated'], 1],
    [{ kind: 'not-null', target: logTime }, ['today', 'tomorrow', 'tomorrow-large'], 2],
    [{ kind: 'or', any: [equalTo(date, today), { kind: 'is-null', target: logTime }] }, ['today', 'undated'], 2],
    [{ kind: 'and', all: [equalTo(date, today), equalTo(date, today + 1)] }, [], 0],
  ];
  for (const [predicate, expected, manifestsRead] of cases) {
    const plan = await planScan({ metadata, store, predicate });
    const text = JSON.stringify(predicate, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    assert.deepEqual(await names({ metadata, store, predicate }), expected, text);
    assert.deepEqual([plan.manifestsRead, plan.manifestsSkipped], [manifestsRead, 3 - manifestsRead], text);
  }
});

test('column bounds and null counts skip files; a column without statistics skips none', async () => {
  await using store = memoryStore('bounds');
  const metadata = await filled(store);
  const cases: readonly (readonly [Predicate, readonly string[]])[] = [
    [equalTo(offset, 50), ['tomorrow-large']],
    [equalTo(offset, 99n), ['tomorrow-large']],
    [equalTo(offset, 100n), []],
    [{ kind: 'in', target: offset, values: [7, 1_000] }, ['today', 'tomorrow-large']],
    [{ kind: 'in', target: offset, values: [] }, []],
    [{ kind: 'range', target: offset, from: { value: 9, isInclusive: false } }, ['tomorrow-large']],
    [{ kind: 'range', target: offset, from: { value: 9, isInclusive: true } }, ['today', 'tomorrow-large']],
    [{ kind: 'range', target: offset, to: { value: 0, isInclusive: false } }, []],
    [{ kind: 'is-null', target: offset }, []],
    [{ kind: 'is-null', target: key }, ['today', 'tomorrow', 'tomorrow-large', 'undated']],
    [equalTo(key, Uint8Array.of(1)), ['today', 'tomorrow', 'tomorrow-large', 'undated']],
    // A value of another kind rules nothing out: the engine decides what it means.
    [equalTo(offset, 'x'), ['today', 'tomorrow', 'tomorrow-large', 'undated']],
    [equalTo({ kind: 'column', id: 999 }, 1), ['today', 'tomorrow', 'tomorrow-large', 'undated']],
  ];
  for (const [predicate, expected] of cases) assert.deepEqual(await names({ metadata, store, predicate }), expected);
});

test('row-level deletes of another engine are refused, or reported when asked for; never ignored', async () => {
  await using store = memoryStore('deletes');
  const metadata = await filled(store);
  const head = mainSnapshot(metadata);
  assert.ok(head);
  // Its manifest names a data file, which makes no difference to the list line that says "deletes".
  const lines = (await listAt(store, head)).map((line, i) => (i === 2 ? { ...line, content: 'deletes' as const } : line));
  await store.put('deletes.avro', writeManifestList(lines, head));
  const withDeletes: TableMetadata = { ...metadata, snapshots: [{ ...head, 'manifest-list': `${store.root}/deletes.avro` }] };
  await assert.rejects(planScan({ metadata: withDeletes, store }), { code: 'TABLE_UNSUPPORTED', message: /row-level deletes/ });
  const plan = await planScan({ metadata: withDeletes, store, deletes: 'report', predicate: equalTo(date, today) });
  assert.deepEqual([plan.files.length, plan.deleteFiles.length], [1, 1], 'deletes are never pruned');
});

test('a manifest that is gone is an error, not an empty plan', async () => {
  await using store = memoryStore('gone');
  const metadata = await filled(store);
  const [line] = await listAt(store, mainSnapshot(metadata));
  assert.ok(line);
  await store.delete([line.path.slice(store.root.length + 1)]);
  await assert.rejects(planScan({ metadata, store }), { code: 'OBJECT_MISSING' });
});
