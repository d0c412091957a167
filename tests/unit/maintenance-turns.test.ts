// Which bins of a table have their turn in one run: none that fails keeps another from its own for ever.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { Catalog, TableIdent } from '../../catalog/catalog.ts';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { prepareAppend } from '../../lake/iceberg/append.ts';
import { planScan } from '../../lake/iceberg/scan.ts';
import { rawPartitionSpec, rawSchema } from '../../lake/raw/raw-schema.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { compactTable, type Compacted } from '../../maintenance/compact/compact-table.ts';
import { defaultCompactionLimits, type Bin } from '../../maintenance/compact/plan-compaction.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { seededRandom } from '../../runtime/random.ts';
import { appendCommit, dataFile, today } from './iceberg-fixture.ts';

const ident: TableIdent = { namespace: ['raw'], name: 'users' };

interface Lab extends AsyncDisposable {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly directory: string;
}

/** A table of so many days that are over, each with the files of one bin; the files are nowhere: manifests do not look. */
async function daysLab(days: number, filesInBin = 4): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), 'foz-turns-'));
  const store = memoryStore('turns');
  const catalog = memoryCatalog({ objectStore: store, clock: systemClock });
  await catalog.ensureNamespace(['raw']);
  const created = await catalog.createTable(ident, { schema: rawSchema, partitionSpec: rawPartitionSpec, properties: {} });
  assert.ok(created.kind === 'committed');
  const { metadata } = created.table;
  const files = Array.from({ length: days * filesInBin }, (_, i) =>
    dataFile(store, `day${Math.floor(i / filesInBin)}-${i}`, today - 2 * days + Math.floor(i / filesInBin), 2),
  );
  const prepared = await prepareAppend({ metadata, store, files, summary: {}, snapshotId: 5, commitId: 'a', now: Date.now() });
  assert.equal((await catalog.commitTable(ident, appendCommit(metadata, prepared))).kind, 'committed');
  return {
    catalog,
    store,
    directory,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface Run {
  readonly failing: (bin: Bin) => LakeError | null;
  readonly binsMax?: number;
  /** A run's own: ids of its snapshots come from it too. */
  readonly seed?: number;
}

async function compact(lab: Lab, { failing, binsMax = 64, seed = 1 }: Run): Promise<Compacted & { readonly rewrites: number }> {
  let rewrites = 0;
  const rewrite = async (_: unknown, bin: Bin) => {
    rewrites++;
    const error = failing(bin);
    if (error !== null) throw error;
    const path = join(lab.directory, 'new.parquet');
    await writeFile(path, 'rows');
    const { partition } = dataFile(lab.store, 'new', Number(bin.files[0]?.file.partition[1000]), bin.rows);
    return { path, dataFile: { fileFormat: 'PARQUET' as const, partition, recordCount: bin.rows, fileSizeInBytes: 4 } };
  };
  const table = await lab.catalog.loadTable(ident);
  assert.ok(table);
  const compacted = await compactTable(ident, table, {
    catalog: lab.catalog,
    store: lab.store,
    clock: systemClock,
    random: seededRandom(seed),
    limits: { ...defaultCompactionLimits, settleMs: 0 },
    binsMax,
    openRewriter: async () => ({ rewrite, [Symbol.asyncDispose]: async () => undefined }),
    pass: () => undefined,
  });
  return { ...compacted, rewrites };
}

const dayOf = (bin: Bin): number => Number(/day(\d+)-/.exec(bin.files[0]?.file.filePath ?? '')?.[1] ?? Number.NaN);
const damaged = (bin: Bin): LakeError => new LakeError('OBJECT_CORRUPT', `day ${dayOf(bin)} cannot be read`);
const filesIn = async ({ catalog, store }: Lab): Promise<number> => {
  const table = await catalog.loadTable(ident);
  assert.ok(table);
  return (await planScan({ metadata: table.metadata, store })).files.length;
};

test('as many old bins that cannot be compacted as a run takes do not keep the newer ones from their turn', async () => {
  for (const seed of [1, 2, 3, 4]) {
    await using lab = await daysLab(6);
    const { bins, left } = await compact(lab, { seed, binsMax: 3, failing: (bin) => (dayOf(bin) < 3 ? damaged(bin) : null) });
    assert.equal(bins, 3, left.join('\n'));
    assert.equal(await filesIn(lab), 3 * 4 + 3);
  }
});

test('a run takes as many bins as it is told, says how many are left, and the next ones take these', async () => {
  await using lab = await daysLab(5);
  const first = await compact(lab, { binsMax: 2, failing: () => null });
  assert.deepEqual([first.bins, first.rewrites, first.isFailed, first.binsLeft], [2, 2, false, 3]);
  assert.deepEqual(first.left, ['3 bins are left for the next run: one compacts 2 at most']);
  const second = await compact(lab, { seed: 2, binsMax: 3, failing: () => null });
  assert.deepEqual([second.bins, second.left, await filesIn(lab)], [3, [], 5]);
});

const allButTheLast = (bin: Bin): LakeError | null => (dayOf(bin) === 119 ? null : damaged(bin));

test('however many bins fail, a run ends soon, says so, and each of the others has its turn in one of the next', async () => {
  await using lab = await daysLab(120);
  const [told, rewrites]: [string[], number[]] = [[], []];
  let [runs, bins] = [0, 0];
  while (bins === 0) {
    assert.ok(++runs <= 40, 'the bin that can be compacted has its turn');
    const run = await compact(lab, { failing: allButTheLast, seed: runs });
    assert.ok(run.isFailed);
    bins += run.bins;
    rewrites.push(run.rewrites);
    told.push(...run.left.slice(-2));
  }
  assert.ok(Math.max(...rewrites) <= 65, `${Math.max(...rewrites)} files were rewritten`);
  assert.deepEqual(told.slice(0, 2), [
    '88 bins are left for the next run: 32 came to nothing in this one',
    '32 parts of bins that failed are left for the next run',
  ]);
});

const inLittleMemory = ({ files }: Bin): LakeError | null =>
  files.length > 2 ? new LakeError('LIMIT_EXCEEDED', `${files.length} files do not fit into catalog.maintenance.memory`) : null;

test('a bin that does not fit into memory is compacted by halves', async () => {
  await using lab = await daysLab(1);
  const { bins, files, isFailed, left } = await compact(lab, { failing: inLittleMemory });
  assert.deepEqual([bins, files, isFailed, await filesIn(lab)], [2, 4, false, 2]);
  assert.deepEqual(left, ['4 files do not fit into catalog.maintenance.memory']);
});

const everyEighth = (bin: Bin): LakeError | null =>
  bin.files.some(({ file }) => Number(/-(\d+)\.parquet$/.exec(file.filePath)?.[1]) % 8 === 0) ? damaged(bin) : null;

test('one failed bin after the other is divided down to its damaged files, where the halves of each hold one', async () => {
  await using lab = await daysLab(20, 16);
  const { bins, rewrites } = await compact(lab, { failing: everyEighth });
  assert.equal(rewrites, 20 + 32);
  assert.ok(bins >= 12, `${bins} bins beside the damaged files were compacted`);
});
