// PyIceberg appends to a raw table while the worker writes it and compaction, expiry, merging and the sweep run on it again
// and again: no row of either is lost or doubled, and nobody starves. A client of our own does the same in
// tests/fault/foreign-writer.test.ts, in memory; here it is one that people use, over S3.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { planScan } from '../../lake/iceberg/scan.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { busyUpkeep, quantiles } from '../unit/busy-upkeep.ts';
import { openClientLake, type ClientLake } from './client-lake.ts';
import { orSkipped } from './client-test.ts';
import { openPyiceberg, type AppendedAgain, type PyicebergClient } from './open-clients.ts';
import { ensurePythonPackages } from './python-packages.ts';

const isLong = process.env['FOZ_TEST_LONG'] === '1';
const appends = isLong ? 400 : 40;
const timeout = isLong ? 45 * 60_000 : 10 * 60_000;
const users = { namespace: ['raw'], name: 'users' };
/** Rows of this log partition are PyIceberg's: no worker reads it. */
const foreignPartition = '99';
const rowsEach = 2;
/** An append that PyIceberg gives up so often starves. */
const triesMax = 20;
const starvedMs = 60_000;
/** For the sweep, an object is old after it. */
const gateMs = 30_000;
/** Foz's own upkeep comes every ten minutes. */
const pauseMs = 500;

test('I2, I4: PyIceberg, the worker and the whole upkeep at once: 0 lost, 0 doubled, nobody starves', { timeout }, (t) =>
  orSkipped(t, 'PyIceberg beside the worker and the upkeep', async () => {
    await ensurePythonPackages('pyiceberg');
    const worker = { commits: 0, conflicts: 0, newestAtMs: 0, isCounted: false };
    await using lake = await openClientLake(undefined, {
      committed: (table, { attempts }) => {
        if (table !== 'raw.users') return;
        if (worker.isCounted) worker.commits++;
        if (worker.isCounted) worker.conflicts += attempts - 1;
        worker.newestAtMs = performance.now();
      },
    });
    await using pyiceberg = await openPyiceberg(lake);
    worker.isCounted = true;
    const over = new AbortController();
    const appending = async (): Promise<readonly AppendedAgain[]> => {
      const done: AppendedAgain[] = [];
      while (done.length < appends && !over.signal.aborted)
        done.push(await pyiceberg.appendAgain('raw.users', foreignRows(done.length), triesMax));
      return done;
    };
    const ingesting = async (): Promise<readonly number[]> => {
      // From the record in the log to the commit that has it.
      const tookMs: number[] = [];
      while (!over.signal.aborted) {
        const startedAt = performance.now();
        await lake.land(4);
        tookMs.push(worker.newestAtMs - startedAt);
      }
      return tookMs;
    };
    const { catalog, store, directory } = lake;
    const [appended, landedMs, upkeep] = await Promise.all([
      appending().finally(() => over.abort()),
      ingesting().finally(() => over.abort()),
      busyUpkeep({ ident: users, catalog, store, directory, gateMs, pauseMs }, () => over.signal.aborted).finally(() => over.abort()),
    ]);
    const foreign = quantiles(appended.map(({ ms }) => ms));
    const ours = quantiles(landedMs);
    reportTo(t, { appended, foreign, worker: { commits: worker.commits, conflicts: worker.conflicts, ...ours }, upkeep });
    await everyForeignRowOnce(lake, pyiceberg);
    await lake.verify({ users: appends * rowsEach });
    await nothingDangles(lake);
    assert.ok(upkeep.compacted > 0 && upkeep.expired > 0, `the upkeep had work: ${JSON.stringify(upkeep)}`);
    assert.ok(landedMs.length > 10 && foreign.p99 < starvedMs && ours.p99 < starvedMs, JSON.stringify({ foreign, ours }));
  }),
);

function foreignRows(append: number): readonly Readonly<Record<string, string>>[] {
  return Array.from({ length: rowsEach }, (_, i) => {
    const offset = append * rowsEach + i;
    return {
      _log_partition: foreignPartition,
      _log_offset: String(offset),
      // The day on which the worker's rows arrive: they lie in files with them once these are compacted.
      _log_time: '2026-11-20T12:00:00Z',
      _log_key: JSON.stringify({ id: 900_000 + offset }),
    };
  });
}

async function everyForeignRowOnce(lake: ClientLake, pyiceberg: PyicebergClient): Promise<void> {
  const expected = Array.from({ length: appends }, (_, append) => foreignRows(append)).flat();
  const { rows } = await lake.lake.query(
    `SELECT _log_offset, decode(_log_key) FROM raw.users WHERE _log_partition = ${foreignPartition} ORDER BY 1, 2`,
  );
  assert.deepEqual(
    rows.map(([offset, key]) => [String(offset), key]),
    expected.map(({ _log_offset: offset, _log_key: key }) => [offset, key]),
    'every row of PyIceberg once',
  );
  const read = await pyiceberg.read('raw.users', [['_log_offset']], { where: `_log_partition = ${foreignPartition}` });
  const offsets = read.map(([offset]) => Number(offset)).toSorted((a, b) => a - b);
  assert.deepEqual(offsets, [...expected.keys()], 'and PyIceberg reads them so');
}

async function nothingDangles({ catalog, store }: ClientLake): Promise<void> {
  const table = await catalog.loadTable(users);
  assert.ok(table);
  const { metadata } = table;
  assert.equal(readChain(metadata).kind, 'valid');
  const named = new Set<string>();
  for (const snapshot of metadata.snapshots)
    for (const { file } of (await planScan({ metadata, store, snapshotId: snapshot['snapshot-id'] })).files) named.add(file.filePath);
  for (const location of named) assert.ok(await store.head(location.slice(store.root.length + 1)), `${location} is there`);
}

interface Figures {
  readonly appended: readonly AppendedAgain[];
  readonly foreign: object;
  readonly worker: object;
  readonly upkeep: object;
}

function reportTo(t: TestContext, { appended, foreign, worker, upkeep }: Figures): void {
  const gaveUp: Record<string, number> = {};
  for (const error of appended.flatMap(({ givenUp }) => givenUp)) {
    const kind = /^\w+/.exec(error)?.[0] ?? '';
    gaveUp[kind] = (gaveUp[kind] ?? 0) + 1;
  }
  const conflicts = appended.reduce((sum, append) => sum + append.conflicts, 0);
  t.diagnostic(JSON.stringify({ pyiceberg: { commits: appended.length, conflicts, gaveUp, ...foreign }, worker, upkeep }));
}
