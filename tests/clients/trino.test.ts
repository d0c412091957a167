// The catalog and its raw tables through Trino: the suite of all clients, fifty statements with what Iceberg's own REST
// server answers under the same Trino, and Trino's upkeep on the raw tables.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { LakeError } from '../../runtime/errors.ts';
import { rowsOf, sorted, type Row } from './client.ts';
import type { ClientLake } from './client-lake.ts';
import { clientTest } from './client-test.ts';
import { openTrino, type SqlLakeClient } from './open-clients.ts';
import { recordedResults, type RecordedResult } from './recorded-results.ts';
import { trinoStatements, type Statement } from './trino-statements.ts';

clientTest('Trino works on the catalog, reads the raw tables and keeps them up', {
  packages: null,
  open: openTrino,
  beyond: async (t, lake, trino) => {
    await t.test('fifty statements answer what they answer on the reference catalog', (inner) => fiftyStatements(inner, lake, trino));
    await t.test('the metadata tables of Trino count the rows that are there', () => metadataTables(lake, trino));
    await t.test('optimize, optimize_manifests and expire_snapshots leave every row as it is', () => upkeep(lake, trino));
  },
});

interface Answered {
  readonly rows: readonly Row[];
  readonly error: string | null;
}

async function fiftyStatements(t: TestContext, lake: ClientLake, trino: SqlLakeClient): Promise<void> {
  const recorded = recordedResults();
  if (recorded === null) t.diagnostic('NOT COMPARED with the recording of the reference catalog: ../shared/query/captures is not there');
  const wrong: unknown[] = [];
  let snapshot = '';
  for (const statement of trinoStatements) {
    const sql = statement.sql.replace('@LOCATION@', `${lake.warehouse}/elsewhere`).replace('@SNAPSHOT@', snapshot);
    const answered = await answerOf(trino, sql);
    if (statement.name.startsWith('11-')) snapshot = String(answered.rows[0]?.[0]);
    const problem = problemOf(statement, answered, recorded?.get(statement.name));
    if (problem !== null) wrong.push({ name: statement.name, problem, ...answered });
  }
  assert.equal(trinoStatements.length, 50);
  assert.deepEqual(wrong, []);
}

async function answerOf(trino: SqlLakeClient, sql: string): Promise<Answered> {
  try {
    // The raw tables are no part of the recording.
    const rows = rowsOf(await trino.ask(sql)).filter((row) => !(row.length === 1 && row[0] === 'raw'));
    return { rows, error: null };
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    const name = error.context?.['name'];
    return { rows: [], error: typeof name === 'string' ? name : error.message };
  }
}

function problemOf(statement: Statement, found: Answered, recorded: RecordedResult | undefined): string | null {
  if (found.error !== (statement.error ?? null)) return `error ${found.error} where ${statement.error ?? 'none'} is known`;
  if (recorded !== undefined && recorded.error !== found.error) return `error ${found.error} where ${recorded.error} is recorded`;
  if (found.error !== null) return null;
  const shape = (rows: readonly Row[]) => {
    const compared = rows.map(statement.comparable ?? ((row) => row));
    return JSON.stringify(statement.isSet === true ? sorted(compared) : compared);
  };
  const compared = shape(found.rows);
  if (statement.rows !== undefined && compared !== JSON.stringify(statement.isSet === true ? sorted(statement.rows) : statement.rows))
    return `rows ${compared} where ${JSON.stringify(statement.rows)} is known`;
  if (recorded === undefined) return null;
  if (recorded.count !== found.rows.length) return `${found.rows.length} rows where ${recorded.count} are recorded`;
  // A recording keeps four rows of a result.
  const first = recorded.rows === null ? null : shape(recorded.rows);
  if (first === null || first === shape(statement.isSet === true ? found.rows : found.rows.slice(0, recorded.rows?.length))) return null;
  return `rows ${compared} where ${first} is recorded`;
}

const tables = ['users', 'rides'] as const;

async function metadataTables(lake: ClientLake, trino: SqlLakeClient): Promise<void> {
  for (const name of tables) {
    const one = async (sql: string) => Number(rowsOf(await trino.ask(sql))[0]?.[0]);
    const of = (what: string) => `lake.raw."${name}$${what}"`;
    const { rows } = await lake.lake.query(`SELECT count(*) FROM raw.${name}`);
    const count = Number(rows[0]?.[0]);
    for (const what of ['files', 'partitions']) assert.equal(await one(`SELECT sum(record_count) FROM ${of(what)}`), count, what);
    const table = await lake.catalog.loadTable({ namespace: ['raw'], name });
    for (const what of ['snapshots', 'history'])
      assert.equal(await one(`SELECT count(*) FROM ${of(what)}`), table?.metadata.snapshots.length, what);
    for (const what of ['manifests', 'refs', 'properties', 'entries', 'metadata_log_entries'])
      assert.ok((await one(`SELECT count(*) FROM ${of(what)}`)) > 0, what);
  }
}

async function upkeep(lake: ClientLake, trino: SqlLakeClient): Promise<void> {
  for (let i = 0; i < 5; i++) await lake.land(6);
  for (const name of tables) {
    const files = async () => Number(rowsOf(await trino.ask(`SELECT count(*) FROM lake.raw."${name}$files"`))[0]?.[0]);
    const before = await files();
    assert.ok(before >= 6, `${name} has ${before} files`);
    await trino.ask(`ALTER TABLE lake.raw.${name} EXECUTE optimize`);
    const after = await files();
    assert.ok(after < before, `${name}: ${before} files became ${after}`);
    await trino.ask(`ALTER TABLE lake.raw.${name} EXECUTE optimize_manifests`);
    const kept = async () => (await lake.catalog.loadTable({ namespace: ['raw'], name }))?.metadata.snapshots.length ?? 0;
    const snapshots = await kept();
    await trino.ask(`ALTER TABLE lake.raw.${name} EXECUTE expire_snapshots(retention_threshold => '0s')`);
    assert.ok((await kept()) < snapshots, `${name} keeps ${await kept()} of ${snapshots} snapshots`);
  }
  await lake.verify();
}
