// Tables that Foz would never write: formats 1, 2 and 3 with rows deleted in each one's way, branches, tags, statistics,
// views, a table replaced as a whole and one registered again. Spark makes them, DuckDB and PyIceberg read the same rows
// from them, and the catalog carries what it does not use itself.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import { rowsOf, sorted, type Row } from './client.ts';
import { openClientLake, type ClientLake } from './client-lake.ts';
import { orSkipped } from './client-test.ts';
import { openDuckdb, openPyiceberg, openSpark, type SqlLakeClient } from './open-clients.ts';

const timeout = 15 * 60_000;
const columns = [['id'], ['name']] as const;
const mergeOnRead = `'write.delete.mode' = 'merge-on-read', 'write.update.mode' = 'merge-on-read'`;

test('what Spark writes in formats 1 to 3 is carried by the catalog and read by others', { timeout }, (t) =>
  orSkipped(t, 'Spark, DuckDB and PyIceberg', async () => {
    await using lake = await openClientLake();
    await using spark = await openSpark(lake);
    await using duckdb = await openDuckdb(lake);
    await using pyiceberg = await openPyiceberg(lake);
    await spark.createNamespace('formats');
    for (const version of [1, 2, 3]) {
      const table = `formats.v${version}`;
      await t.test(`format ${version}: rows, deletions and their readers`, async () => {
        await writeAndDelete(spark, table, version);
        const expected: readonly Row[] = ['1', '3', '5', '6'].map((id) => [id, id === '5' ? 'changed' : `row ${id}`]);
        for (const client of [spark, duckdb, pyiceberg])
          assert.deepEqual(sorted(await client.read(table, columns)), expected, `${client.name} reads ${table}`);
        assert.equal((await metadataOf(lake, table))['format-version'], version);
      });
    }
    await t.test('a table is upgraded to format 3 and gives its rows their own ids', () => upgrade(lake, spark));
    await t.test('branches and tags are written to, read and taken over into main', () => branches(lake, spark));
    await t.test('statistics stand in the metadata, and go', () => statistics(lake, spark));
    await t.test('a table is replaced as a whole, keeps its history, and comes back when registered', () => replace(lake, spark));
    await t.test('views are made, replaced, renamed and dropped', () => views(spark));
    await t.test('position deletes are rewritten and dropped with the files they were for', () => deleteFiles(lake, spark));
    await lake.verify();
  }),
);

async function writeAndDelete(spark: SqlLakeClient, table: string, version: number): Promise<void> {
  const properties = `'format-version' = '${version}'${version === 1 ? '' : `, ${mergeOnRead}`}`;
  await spark.ask(`CREATE TABLE lake.${table} (id BIGINT, name STRING) USING iceberg TBLPROPERTIES (${properties})`);
  await spark.ask(`INSERT INTO lake.${table} SELECT id, concat('row ', id) FROM range(1, 7)`);
  await spark.ask(`DELETE FROM lake.${table} WHERE id IN (2, 4)`);
  await spark.ask(`UPDATE lake.${table} SET name = 'changed' WHERE id = 5`);
}

async function upgrade(lake: ClientLake, spark: SqlLakeClient): Promise<void> {
  await spark.ask(`ALTER TABLE lake.formats.v2 SET TBLPROPERTIES ('format-version' = '3')`);
  await spark.ask(`INSERT INTO lake.formats.v2 VALUES (7, 'row 7')`);
  const metadata = await metadataOf(lake, 'formats.v2');
  assert.equal(metadata['format-version'], 3);
  assert.ok(Number(metadata['next-row-id']) >= 1, `next-row-id is ${String(metadata['next-row-id'])}`);
  const ids = rowsOf(await spark.ask('SELECT _row_id FROM lake.formats.v2 WHERE _row_id IS NOT NULL'));
  assert.equal(new Set(ids.map(([id]) => id)).size, ids.length);
  assert.equal(rowsOf(await spark.ask('SELECT id FROM lake.formats.v2')).length, 5);
}

async function branches(lake: ClientLake, spark: SqlLakeClient): Promise<void> {
  const table = 'lake.formats.v3';
  const idsOf = async (from: string) => rowsOf(await spark.ask(`SELECT id FROM ${from} ORDER BY id`)).map(([id]) => id);
  await spark.ask(`ALTER TABLE ${table} CREATE TAG before RETAIN 30 DAYS`);
  await spark.ask(`ALTER TABLE ${table} CREATE BRANCH trial RETAIN 7 DAYS WITH SNAPSHOT RETENTION 2 SNAPSHOTS`);
  await spark.ask(`INSERT INTO ${table}.branch_trial VALUES (8, 'row 8')`);
  assert.deepEqual(await idsOf(table), ['1', '3', '5', '6']);
  assert.deepEqual(await idsOf(`${table}.branch_trial`), ['1', '3', '5', '6', '8']);
  const { refs } = await metadataOf(lake, 'formats.v3');
  assert.equal(refs['before']?.['max-ref-age-ms'], 30 * 86_400_000);
  assert.equal(refs['trial']?.['min-snapshots-to-keep'], 2);
  await spark.ask(`CALL lake.system.fast_forward('formats.v3', 'main', 'trial')`);
  assert.deepEqual(await idsOf(table), ['1', '3', '5', '6', '8']);
  assert.deepEqual(await idsOf(`${table} VERSION AS OF 'before'`), ['1', '3', '5', '6']);
  await spark.ask(`ALTER TABLE ${table} DROP BRANCH trial`);
  await spark.ask(`ALTER TABLE ${table} DROP TAG before`);
  assert.deepEqual(Object.keys((await metadataOf(lake, 'formats.v3')).refs), ['main']);
}

async function statistics(lake: ClientLake, spark: SqlLakeClient): Promise<void> {
  await spark.ask(`CALL lake.system.compute_table_stats('formats.v3')`);
  const metadata = await metadataOf(lake, 'formats.v3');
  const listed = metadata['statistics'];
  assert.ok(Array.isArray(listed) && listed.length === 1);
  const text = JSON.stringify(listed, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  assert.match(text, /apache-datasketches-theta-v1/);
  await spark
    .ask(`CALL lake.system.compute_partition_stats('formats.v3')`)
    .catch((error: unknown) => assert.match(String(error), /partition/i));
  await spark.ask(`INSERT INTO lake.formats.v3 VALUES (9, 'row 9')`);
  await spark.ask(
    `CALL lake.system.expire_snapshots(table => 'formats.v3', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1)`,
  );
  assert.equal((await metadataOf(lake, 'formats.v3')).snapshots.length, 1);
}

async function replace(lake: ClientLake, spark: SqlLakeClient): Promise<void> {
  const before = await metadataOf(lake, 'formats.v1');
  await spark.ask(`CREATE OR REPLACE TABLE lake.formats.v1 USING iceberg AS SELECT id AS number, CAST(id AS STRING) AS word FROM range(3)`);
  const after = await metadataOf(lake, 'formats.v1');
  assert.equal(after['table-uuid'], before['table-uuid']);
  assert.ok(after.snapshots.length > before.snapshots.length, 'snapshots from before are there');
  assert.equal(rowsOf(await spark.ask('SELECT * FROM lake.formats.v1')).length, 3);
  const loaded = await lake.catalog.loadTable({ namespace: ['formats'], name: 'v1' });
  await spark.drop('formats.v1');
  await spark.ask(`CALL lake.system.register_table('formats.again', '${loaded?.metadataLocation}')`);
  assert.equal((await metadataOf(lake, 'formats.again'))['table-uuid'], before['table-uuid']);
  assert.equal(rowsOf(await spark.ask('SELECT * FROM lake.formats.again')).length, 3);
}

async function views(spark: SqlLakeClient): Promise<void> {
  const counted = async (view: string) => rowsOf(await spark.ask(`SELECT * FROM lake.formats.${view}`))[0]?.[0];
  await spark.ask(`CREATE VIEW lake.formats.rows_of_v2 (rows COMMENT 'of all') COMMENT 'how many' AS SELECT count(*) FROM lake.formats.v2`);
  assert.equal(await counted('rows_of_v2'), '5');
  await spark.ask(`CREATE OR REPLACE VIEW lake.formats.rows_of_v2 AS SELECT count(*) + 1 AS rows FROM lake.formats.v2`);
  assert.equal(await counted('rows_of_v2'), '6');
  await spark.ask(`ALTER VIEW lake.formats.rows_of_v2 SET TBLPROPERTIES ('team' = 'nobody')`);
  await spark.ask(`ALTER VIEW lake.formats.rows_of_v2 RENAME TO lake.formats.counted`);
  assert.equal(await counted('counted'), '6');
  assert.deepEqual(
    rowsOf(await spark.ask('SHOW VIEWS IN lake.formats')).map((row) => row[1]),
    ['counted'],
  );
  await spark.ask('DROP VIEW lake.formats.counted');
  assert.deepEqual(rowsOf(await spark.ask('SHOW VIEWS IN lake.formats')), []);
}

async function deleteFiles(lake: ClientLake, spark: SqlLakeClient): Promise<void> {
  await writeAndDelete(spark, 'formats.deleted', 2);
  const deletes = async () => Number(rowsOf(await spark.ask('SELECT count(*) FROM lake.formats.deleted.delete_files'))[0]?.[0]);
  assert.ok((await deletes()) > 0);
  await spark.ask(`CALL lake.system.rewrite_position_delete_files(table => 'formats.deleted', options => map('rewrite-all', 'true'))`);
  await spark.ask(
    `CALL lake.system.rewrite_data_files(table => 'formats.deleted', options => map('rewrite-all', 'true', 'remove-dangling-deletes', 'true'))`,
  );
  assert.equal(await deletes(), 0);
  const { rows } = await lake.lake.query('SELECT id FROM formats.deleted ORDER BY id');
  assert.deepEqual(rows, [[1n], [3n], [5n], [6n]]);
}

async function metadataOf(lake: ClientLake, table: string): Promise<TableMetadata> {
  const [namespace = '', name = ''] = table.split('.');
  const loaded = await lake.catalog.loadTable({ namespace: [namespace], name });
  assert.ok(loaded, `the catalog has ${table}`);
  return loaded.metadata;
}
