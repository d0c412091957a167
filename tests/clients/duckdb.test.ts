// The catalog and its raw tables through DuckDB with the extensions that its Python packages carry. DuckDB commits what a
// transaction changed in several tables with one request: all of it, or none.

import assert from 'node:assert/strict';
import { rowsOf } from './client.ts';
import { clientTest } from './client-test.ts';
import type { ClientLake } from './client-lake.ts';
import { openDuckdb, type SqlLakeClient } from './open-clients.ts';

clientTest('DuckDB works on the catalog and reads the raw tables', {
  packages: 'duckdb',
  open: openDuckdb,
  beyond: (t, lake, duckdb) =>
    t.test('a transaction of DuckDB over two tables is there whole or not at all', () => transactions(lake, duckdb)),
});

async function transactions(lake: ClientLake, duckdb: SqlLakeClient): Promise<void> {
  const [debit, credit] = ['lake.bank.debit', 'lake.bank.credit'] as const;
  const count = async (table: string) => rowsOf(await duckdb.ask(`SELECT count(*) FROM ${table}`))[0]?.[0];
  const counts = async () => [await count(debit), await count(credit)];
  await duckdb.createNamespace('bank');
  for (const table of [debit, credit]) {
    await duckdb.ask(`CREATE TABLE ${table} (id BIGINT, amount DECIMAL(12, 2))`);
    await duckdb.ask(`INSERT INTO ${table} VALUES (0, 0)`);
  }
  const inBoth = async (id: number) => {
    await duckdb.ask('BEGIN');
    for (const table of [debit, credit]) await duckdb.ask(`INSERT INTO ${table} VALUES (${id}, 1)`);
  };
  await inBoth(1);
  await duckdb.ask('COMMIT');
  assert.deepEqual(await counts(), ['2', '2']);
  await inBoth(2);
  await duckdb.ask('ROLLBACK');
  assert.deepEqual(await counts(), ['2', '2']);
  await inBoth(3);
  await using other = await openDuckdb(lake);
  await other.ask(`INSERT INTO ${credit} VALUES (4, 1)`);
  await assert.rejects(duckdb.ask('COMMIT'), /409|[Cc]onflict|[Rr]equirement/);
  await duckdb.ask('ROLLBACK').catch(() => undefined);
  assert.deepEqual(await counts(), ['2', '3'], 'the other one committed between: neither table has the row');
}
