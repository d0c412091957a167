// A real Trino over our catalog and files: tables and columns are there, counts and nested values are DuckDB's, metadata
// tables agree with the metadata, and a predicate on the log time opens no file of another date.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { askTrino } from '../../query/trino-client.ts';
import { equalTo } from '../../lake/iceberg/predicate.ts';
import { planScan } from '../../lake/iceberg/scan.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { keyOf } from '../../lake/store/object-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { silentLogger } from '../../runtime/log.ts';
import { isRecord } from '../../runtime/options.ts';
import { systemRandom } from '../../runtime/random.ts';
import { openJsonDecoder } from '../../sync/decode/json-decoder.ts';
import { memoryLog } from '../../sync/log/memory-log.ts';
import { syncDefaults } from '../../sync/options.ts';
import type { TableTarget } from '../../sync/table.ts';
import { Worker } from '../../sync/worker.ts';
import { until } from './stack-processes.ts';
import { envelopeMessages } from './world-log.ts';
import { committedCopies, duckRowsOf, loadedTable } from './world-table.ts';
import { typedSection, writeTypedTables } from './world-trino-contract.ts';
import { targetOf, type World } from './world.ts';

type Ask = (sql: string) => Promise<readonly (readonly unknown[])[]>;

const days = ['2026-11-18', '2026-11-19', '2026-11-20'] as const;
const rowsADay = 20;

export async function trinoSection(t: TestContext, world: World, postgres: TableTarget, cassandra: TableTarget): Promise<void> {
  const dated = targetOf('dated', 'dated');
  await writeDays(world, dated);
  const typed = await writeTypedTables(world);
  const url = await startTrino(t, world);
  if (url === null) return;
  const ask: Ask = async (sql) => (await askTrino({ url, user: 'foz' }, sql)).rows;
  await t.test('Trino lists the tables, describes their columns and counts their rows', async () => {
    const shown = new Set((await ask('SHOW TABLES FROM lake.raw')).map(([name]) => name));
    for (const target of [postgres, cassandra, dated]) {
      const { name } = target.ident;
      assert.ok(shown.has(name), name);
      const { metadata } = await loadedTable(world, target);
      const described = (await ask(`DESCRIBE lake.raw.${name}`)).map(([column]) => column);
      assert.deepEqual(
        described,
        currentSchema(metadata).fields.map((field) => field.name),
      );
      const rows = await duckRowsOf(await committedCopies(world, target));
      assert.deepEqual(await ask(`SELECT count(*) FROM lake.raw.${name}`), [[rows.length]]);
    }
  });
  await t.test('Trino reads nested values as DuckDB does', async () => {
    await sameValues(
      ask,
      world,
      postgres,
      ['i8', 'n', 't', 'jb', 'ba', 'mood', 'iv'].map((name) => ['after', name]),
    );
    await sameValues(
      ask,
      world,
      cassandra,
      ['fare', 'vint', 'city', 'ip'].map((name) => ['after', name, 'value']),
    );
  });
  await typedSection(t, world, ask, typed);
  await t.test('the metadata tables of Trino agree with the metadata', (inner) => metadataTables(inner, ask, world, postgres));
  await t.test('a predicate on the log time opens no file of another date', () => pruning(ask, world, dated));
}

/** Null, said loudly, where there is no Java 25. */
async function startTrino(t: TestContext, world: World): Promise<string | null> {
  try {
    const s3 = world.stack.endpoint('s3');
    const warehouse = world.readers.store.root;
    return (await world.stack.startTrino({ catalogName: 'lake', catalogUri: world.catalogUrl, warehouse, s3 })).url;
  } catch (error) {
    if (!(error instanceof LakeError) || error.code !== 'PREREQUISITE_MISSING') throw error;
    const { message } = error;
    console.error(`NOT RUN: Trino: ${message}`);
    await t.test('Trino reads the tables', { skip: `NOT RUN: ${message}` }, () => undefined);
    return null;
  }
}

/** Three arrival dates, through the real decoder, store and catalog; only the log is in memory, so that it can date its records. */
async function writeDays(world: World, target: TableTarget): Promise<void> {
  const log = memoryLog({ clusterId: 'dated' });
  log.createTopic(target.topic, { partitions: 1 });
  for (const [i, day] of days.entries()) {
    const logTimeMs = Date.parse(`${day}T12:00:00Z`);
    const records = envelopeMessages(i * rowsADay, rowsADay, 1).map(({ value }) => ({
      key: null,
      value: Buffer.from(value ?? ''),
      logTimeMs,
    }));
    log.produce(target.topic, 0, records);
  }
  const tempDir = join(world.dir, 'dated');
  await mkdir(tempDir, { recursive: true });
  const decoder = await openJsonDecoder({ tempDir });
  const { catalog, store } = world.readers;
  const parts = { log, catalog, store, openDecoder: () => decoder, clock: systemClock, random: systemRandom, logger: silentLogger };
  await using worker = new Worker([target], { ...syncDefaults, commitMaxAgeMs: 200 }, parts);
  worker.start();
  const wanted = days.length * rowsADay;
  await until('three days are committed', 60_000, async () => (worker.status().tables[0]?.rowsCommitted === wanted ? true : null));
  await worker.stop();
}

async function sameValues(ask: Ask, world: World, target: TableTarget, paths: readonly (readonly string[])[]): Promise<void> {
  const columns = paths.map((path) => `CAST(${path.map((part) => `"${part}"`).join('.')} AS varchar)`);
  const read = await ask(`SELECT ${columns.join(', ')} FROM lake.raw.${target.ident.name} ORDER BY _log_partition, _log_offset`);
  const rows = (await duckRowsOf(await committedCopies(world, target))).toSorted(
    (a, b) => Number(a['_log_partition']) - Number(b['_log_partition']) || Number(a['_log_offset']) - Number(b['_log_offset']),
  );
  assert.deepEqual(
    read,
    rows.map((row) => paths.map((path) => textAt(row, path))),
    target.ident.name,
  );
}

function textAt(row: Readonly<Record<string, unknown>>, path: readonly string[]): string | null {
  const held = path.reduce<unknown>((value, part) => (isRecord(value) ? value[part] : null), row);
  return held === null || held === undefined ? null : String(held);
}

async function metadataTables(t: TestContext, ask: Ask, world: World, target: TableTarget): Promise<void> {
  const { metadata } = await loadedTable(world, target);
  const { files } = await planScan({ metadata, store: world.readers.store });
  const of = (name: string) => `lake.raw."${target.ident.name}$${name}"`;
  const [snapshot] = await ask(`SELECT count(*), count(element_at(summary, 'foz.commit-id')) FROM ${of('snapshots')}`);
  assert.equal(snapshot?.[0], metadata.snapshots?.length);
  assert.equal(snapshot?.[1], metadata.snapshots?.filter((one) => one.summary?.['foz.commit-id'] !== undefined).length);
  const records = files.reduce((sum, { file }) => sum + Number(file.recordCount), 0);
  assert.deepEqual(await ask(`SELECT count(*), sum(record_count) FROM ${of('files')}`), [[files.length, records]]);
  assert.deepEqual(await ask(`SELECT sum(record_count) FROM ${of('partitions')}`), [[records]]);
  const [history] = await ask(`SELECT count(*) FROM ${of('history')}`);
  assert.ok(Number(history?.[0]) > 0);
  const [manifests] = await ask(`SELECT count(*) FROM ${of('manifests')}`);
  t.diagnostic(`${String(snapshot?.[0])} snapshots, ${files.length} files, ${String(manifests?.[0])} manifests`);
}

async function pruning(ask: Ask, world: World, target: TableTarget): Promise<void> {
  const { store } = world.readers;
  const { metadata } = await loadedTable(world, target);
  const partitions = await ask(
    `SELECT CAST(partition.date AS varchar), record_count FROM lake.raw."${target.ident.name}$partitions" ORDER BY 1`,
  );
  assert.deepEqual(
    partitions,
    days.map((day) => [day, rowsADay]),
  );
  const logTimeId = currentSchema(metadata).fields.find((field) => field.name === '_log_time')?.id ?? -1;
  const middle = `_log_time >= TIMESTAMP '${days[1]} 00:00:00 UTC' AND _log_time < TIMESTAMP '${days[2]} 00:00:00 UTC'`;
  const { files, filesSkipped } = await planScan({
    metadata,
    store,
    predicate: equalTo({ kind: 'column', id: logTimeId }, BigInt(Date.parse(`${days[1]}T12:00:00Z`)) * 1000n),
  });
  assert.deepEqual([files.length, filesSkipped >= 2], [1, true], 'our own scan keeps one file');
  // The strongest proof that the other dates are not read: their files are gone.
  const kept = new Set(files.map(({ file }) => file.filePath));
  const others = (await planScan({ metadata, store })).files.filter(({ file }) => !kept.has(file.filePath));
  assert.equal(others.length, 2);
  await store.delete(others.map(({ file }) => keyOf(store, file.filePath) ?? ''));
  const asked = `SELECT count(*), count("after".city) FROM lake.raw.${target.ident.name}`;
  assert.deepEqual(await ask(`${asked} WHERE ${middle}`), [[rowsADay, rowsADay]]);
  await assert.rejects(ask(asked), /./, 'without the predicate the missing files are missed');
}
