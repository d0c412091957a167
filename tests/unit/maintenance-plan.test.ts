import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { ScanFile } from '../../lake/iceberg/scan.ts';
import type { Snapshot, TableMetadata } from '../../lake/iceberg/metadata.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import { defaultCompactionLimits, planCompaction, smallFiles, type CompactionLimits } from '../../maintenance/compact/plan-compaction.ts';
import { hourMs, newTable, start, today } from './iceberg-fixture.ts';

const mb = 1 << 20;
const limits: CompactionLimits = { bytesTarget: 128 * mb, filesMin: 4, filesMax: 100, settleMs: hourMs };
const table = newTable(memoryStore('plan'));
let names = 0;

interface FileOptions {
  readonly bytes?: number;
  readonly day?: number | null;
  readonly sequence?: number;
  readonly snapshotId?: number;
  readonly specId?: number;
  readonly format?: string;
}

/** Added by a snapshot that has expired. */
function file({ bytes = mb, day = today, sequence = names, snapshotId = 1, specId = 0, format = 'PARQUET' }: FileOptions = {}): ScanFile {
  return {
    specId,
    sequenceNumber: sequence,
    snapshotId,
    file: {
      content: 'data',
      filePath: `memory://plan/raw/users/data/f${names++}.parquet`,
      fileFormat: format,
      partition: { 1000: day },
      recordCount: 10,
      fileSizeInBytes: bytes,
    },
  };
}

const files = (count: number, options: FileOptions = {}): readonly ScanFile[] => Array.from({ length: count }, () => file(options));
const sizes = (found: readonly ScanFile[], metadata: TableMetadata = table, now = start, own = limits) =>
  planCompaction(found, metadata, now, own).map((bin) => bin.files.length);

test('as many files of a class as the limit says become one; one fewer are left, and so are large ones', () => {
  assert.deepEqual(sizes(files(3)), []);
  assert.deepEqual(sizes(files(4)), [4]);
  assert.deepEqual(sizes(files(9)), [9]);
  assert.deepEqual(sizes(files(8, { bytes: 97 * mb })), []);
  assert.deepEqual(sizes([...files(3), ...files(3, { bytes: 40 * mb })]), [], 'each class for itself');
});

test('files of an open partition are merged by class, those of one that is over whatever their class, once it has settled', () => {
  const mixed = [file({ bytes: 1 }), file({ bytes: 40 * mb }), file({ bytes: mb })];
  const dayEnd = (today + 1) * 24 * hourMs;
  assert.deepEqual(sizes(mixed, table, dayEnd + hourMs - 1), []);
  assert.deepEqual(sizes(mixed, table, dayEnd + hourMs), [3]);
  assert.deepEqual(sizes([file()], table, dayEnd + 9 * hourMs), [], 'one alone is as it should be');
});

test('partitions and partition specs never meet in one file', () => {
  const mixed = [...files(4, { day: today }), ...files(4, { day: today - 1 }), ...files(4, { day: null })];
  assert.deepEqual(sizes(mixed), [4, 4, 4]);
  for (const bin of planCompaction(mixed, table, start, limits))
    assert.equal(new Set(bin.files.map(({ file: one }) => one.partition[1000])).size, 1);
});

test('a file that was committed within the last while is left alone, so that who measures by commits finds it', () => {
  const snapshot: Snapshot = {
    'snapshot-id': 7,
    'sequence-number': 7,
    'timestamp-ms': start - hourMs + 1,
    'manifest-list': 'l',
    summary: {},
  };
  const metadata = { ...table, snapshots: [snapshot] };
  assert.deepEqual(sizes(files(4, { snapshotId: 7 }), metadata), []);
  assert.deepEqual(sizes(files(4, { snapshotId: 7 }), metadata, start + 1), [4]);
  assert.deepEqual(sizes(files(4, { snapshotId: 8 }), metadata), [4], 'one whose commit has expired is older than any');
});

test('what is not Parquet, encrypted, or in a partition of texts is left alone', () => {
  assert.deepEqual(sizes(files(9, { format: 'ORC' })), []);
  assert.deepEqual(sizes(files(9).map((one) => ({ ...one, file: { ...one.file, keyMetadata: Uint8Array.of(1) } }))), []);
  assert.deepEqual(sizes(files(9).map((one) => ({ ...one, file: { ...one.file, partition: { 1000: 'porto' } } }))), []);
  assert.deepEqual(sizes(files(9).map((one) => ({ ...one, file: { ...one.file, content: 'position-deletes' as const } }))), []);
});

test('a bin is a run of files in the order of their commits, up to the target and the limit of files', () => {
  const inOrder = Array.from({ length: 6 }, (_, i) => file({ bytes: 50 * mb, sequence: 100 + i }));
  const bins = planCompaction(inOrder.toReversed(), table, start, limits);
  assert.deepEqual(
    bins.map((bin) => bin.files.map(({ sequenceNumber }) => sequenceNumber)),
    [
      [100, 101],
      [102, 103],
      [104, 105],
    ],
  );
  assert.deepEqual(sizes(files(10), table, start, { ...limits, filesMax: 4 }), [4, 4, 2]);
});

const tables = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 140 * mb }), day: fc.integer({ min: today - 2, max: today }) }), {
  maxLength: 120,
});

test('every bin is worth its while, no file is in two, and passes come to an end with few small files', () => {
  fc.assert(
    fc.property(tables, fc.integer({ min: 2, max: 20 }), (given, filesMin) => {
      const own = { ...limits, filesMin };
      const now = (today + 1) * 24 * hourMs;
      let live: readonly ScanFile[] = given.map(file);
      const bytes = live.reduce((sum, one) => sum + one.file.fileSizeInBytes, 0);
      for (let pass = 0; ; pass++) {
        assert.ok(pass < 20, 'passes come to an end');
        const bins = planCompaction(live, table, now, own);
        const binned = bins.flatMap((bin) => bin.files);
        assert.equal(new Set(binned).size, binned.length);
        for (const bin of bins) {
          assert.ok(bin.files.length > 1 && bin.bytes <= own.bytesTarget);
          assert.equal(new Set(bin.files.map((one) => one.file.partition[1000])).size, 1);
        }
        if (bins.length === 0) break;
        const gone = new Set(binned);
        live = [
          ...live.filter((one) => !gone.has(one)),
          ...bins.map((bin) => file({ bytes: bin.bytes, day: Number(bin.files[0]?.file.partition[1000]) })),
        ];
        assert.equal(
          live.reduce((sum, one) => sum + one.file.fileSizeInBytes, 0),
          bytes,
        );
      }
      for (const day of [today - 2, today - 1, today]) {
        const small = live.filter((one) => one.file.partition[1000] === day && one.file.fileSizeInBytes < 32 * mb).length;
        assert.ok(small <= 5 * (filesMin - 1), `${small} small files of a day are left`);
      }
    }),
    { numRuns: process.env['FOZ_TEST_LONG'] === '1' ? 5_000 : 200 },
  );
});

test('small files are counted, settled or not', () => {
  assert.equal(smallFiles([...files(3), ...files(2, { bytes: 100 * mb })], defaultCompactionLimits), 3);
});
