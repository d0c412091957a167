// The catalog and its raw tables through Spark with Iceberg's own runtime, and Spark's upkeep on the raw tables: small
// files become one, manifests are rewritten, snapshots expire. The rows stay what they are, and the worker goes on.

import assert from 'node:assert/strict';
import { rowsOf } from './client.ts';
import type { ClientLake } from './client-lake.ts';
import { clientTest } from './client-test.ts';
import { openSpark, type SqlLakeClient } from './open-clients.ts';

clientTest('Spark works on the catalog, reads the raw tables and keeps them up', {
  packages: 'spark',
  open: openSpark,
  beyond: async (t, lake, spark) => {
    await t.test('the metadata tables of Spark count the rows that are there', () => metadataTables(lake, spark));
    await t.test('rewrite_data_files, rewrite_manifests and expire_snapshots leave every row as it is', () => upkeep(lake, spark));
  },
});

const tables = ['users', 'rides'] as const;

async function metadataTables(lake: ClientLake, spark: SqlLakeClient): Promise<void> {
  for (const name of tables) {
    const one = async (sql: string) => Number(rowsOf(await spark.ask(sql))[0]?.[0]);
    const of = (what: string) => `lake.raw.${name}.${what}`;
    const { rows } = await lake.lake.query(`SELECT count(*) FROM raw.${name}`);
    const count = Number(rows[0]?.[0]);
    for (const what of ['files', 'data_files', 'entries', 'partitions'])
      assert.equal(
        await one(`SELECT sum(${what === 'entries' ? 'data_file.record_count' : 'record_count'}) FROM ${of(what)}`),
        count,
        what,
      );
    const table = await lake.catalog.loadTable({ namespace: ['raw'], name });
    for (const what of ['snapshots', 'history'])
      assert.equal(await one(`SELECT count(*) FROM ${of(what)}`), table?.metadata.snapshots.length, what);
    assert.ok((await one(`SELECT count(*) FROM ${of('manifests')}`)) > 0);
    assert.ok((await one(`SELECT count(*) FROM ${of('refs')} WHERE name = 'main'`)) === 1);
    assert.ok((await one(`SELECT count(*) FROM ${of('metadata_log_entries')}`)) > 0);
  }
}

async function upkeep(lake: ClientLake, spark: SqlLakeClient): Promise<void> {
  // Many small files first: what upkeep is for.
  for (let i = 0; i < 5; i++) await lake.land(6);
  for (const name of tables) {
    const files = async () => Number(rowsOf(await spark.ask(`SELECT count(*) FROM lake.raw.${name}.files`))[0]?.[0]);
    const before = await files();
    assert.ok(before >= 6, `${name} has ${before} files`);
    await spark.ask(`CALL lake.system.rewrite_data_files(table => 'raw.${name}', options => map('min-input-files', '2'))`);
    const after = await files();
    assert.ok(after < before, `${name}: ${before} files became ${after}`);
    await spark.ask(`CALL lake.system.rewrite_manifests(table => 'raw.${name}')`);
    const expired = rowsOf(
      await spark.ask(
        `CALL lake.system.expire_snapshots(table => 'raw.${name}', older_than => TIMESTAMP '2099-01-01 00:00:00', retain_last => 1)`,
      ),
    );
    assert.ok(Number(expired[0]?.[0]) > 0, `${name}: data files of expired snapshots are gone`);
    const table = await lake.catalog.loadTable({ namespace: ['raw'], name });
    const kept = table?.metadata.snapshots.length ?? 0;
    assert.ok(kept < before, `${name} keeps ${kept} snapshots`);
  }
  await lake.verify();
}
