// The whole way for every type and every kind of event: from both databases through the real connectors and Kafka into
// raw tables. Each record is one row that rebuilds it, each typed value is the source's value, and readers that share no
// code with Foz read the same rows.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { tableNameOf } from '../../connectors/users.ts';
import { isRecord } from '../../runtime/options.ts';
import type { RawRow } from '../../lake/raw/rebuild.ts';
import { canonicalCassandraEvent } from '../../sources/canonical-cassandra.ts';
import { canonicalPostgresEvent, unavailableValue } from '../../sources/canonical-postgres.ts';
import { cassandraSource } from '../../sources/cassandra-source.ts';
import { postgresSource } from '../../sources/postgres-source.ts';
import { isJsonObject, parseExactJson } from '../../sources/exact-json.ts';
import { keyOf, type Source, type SourceTable, type SourceValue } from '../../sources/source.ts';
import type { TableTarget } from '../../sync/table.ts';
import { readRows } from '../conformance/source.ts';
import { cassandraRows, cassandraTable, postgresRows, postgresTable } from './connectors-types.ts';
import { until } from './stack-processes.ts';
import { readLog } from './world-log.ts';
import { readersSection } from './world-readers.ts';
import { prove, untilCaughtUp, type Proof } from './world-table.ts';
import { trinoSection } from './world-trino.ts';
import { captureUsers, openTypesWorld, startTypesStack, targets, type TypesWorld } from './world-types.ts';

const timeout = 15 * 60_000;

test('from the databases into the lake', { timeout }, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'foz-types-'));
  await using stack = await startTypesStack(join(dir, 'stack'));
  if (process.env['FOZ_TEST_KEEP'] === undefined) t.after(() => rm(dir, { recursive: true, force: true }));
  await using world = await openTypesWorld(stack, dir);
  const worker = (await world.site('types', { groupId: 'types', tables: Object.values(targets) })).start();
  const proofs = await changes(world);
  assert.equal(await worker.stop(), 0);
  await landed(t, proofs);
  await typedValues(t, world, proofs);
  await eventKinds(t, proofs);
  await cassandraKinds(t, proofs);
  await readersSection(t, world, Object.values(targets));
  await trinoSection(t, world, targets.postgresTypes, targets.cassandraTypes);
});

type Proofs = ReadonlyMap<string, Proof>;

const ride = (id: string) => `city = 'ams' AND day = '2026-11-20' AND ride_id = 50554d6e-29bb-11e5-b345-feff8191${id}`;
const rideRow = (id: string, extra = '') =>
  `INSERT INTO rides.rides (city, day, ride_id, driver, fare) VALUES ('ams', '2026-11-20', 50554d6e-29bb-11e5-b345-feff8191${id}, 'Ana', 10.50)${extra}`;
const largeText = `(SELECT string_agg(md5(i::text), '😀') FROM generate_series(1, 31000) i)`;

/** Everything that the two databases can say; then every topic is read to its end and compared. */
async function changes(world: TypesWorld): Promise<Proofs> {
  const toasted = `INSERT INTO public.toasted SELECT i, 'title ' || i, (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 400) n) FROM generate_series(1, 5) i`;
  await world.sql(...postgresRows, toasted);
  await captureUsers(world);
  await until('the snapshot is in the log', 90_000, async () => ((await ends(world, targets.toasted)) >= 5 ? true : null));
  const user = `INSERT INTO public.users (id, email, full_name, city, bio) VALUES`;
  await world.sql(
    ...postgresRows,
    `INSERT INTO public.all_types (t, vc) VALUES (${largeText}, 'one megabyte')`,
    `${user} (1, 'a@example.com', 'Ana', 'Porto', repeat('x', 3000)), (2, 'b@example.com', 'Bruno', 'Braga', NULL)`,
    'UPDATE public.users SET id = 20 WHERE id = 2',
    'DELETE FROM public.users WHERE id = 1',
    `INSERT INTO public.user_events (user_id, kind) VALUES (1, 'login')`,
    'TRUNCATE public.user_events',
    `UPDATE public.toasted SET title = 'uno' WHERE id = 1`,
    `SELECT pg_logical_emit_message(true, 'foz', 'hello "😀"')`,
    `BEGIN; INSERT INTO public.user_events (user_id, kind) VALUES (2, 'a'), (2, 'b'); UPDATE public.users SET city = 'Faro' WHERE id = 20; COMMIT`,
    `INSERT INTO public.foz_signal VALUES ('snapshot-1', 'execute-snapshot', '{"data-collections": ["public.toasted"], "type": "incremental"}')`,
  );
  await world.cql(
    ...cassandraRows,
    ...['0001', '0002', '0003', '0004'].map((id) => rideRow(id)),
    rideRow('0005', ' USING TTL 86400'),
    `UPDATE rides.rides USING TIMESTAMP 1000 SET driver = 'too late' WHERE ${ride('0001')}`,
    `DELETE fare FROM rides.rides WHERE ${ride('0002')}`,
    `DELETE FROM rides.rides WHERE ${ride('0003')}`,
    `DELETE FROM rides.rides WHERE city = 'ams' AND day = '2026-11-20' AND ride_id > 50554d6e-29bb-11e5-b345-feff81910003 AND ride_id <= 50554d6e-29bb-11e5-b345-feff81910004`,
    `INSERT INTO rides.rides (city, day, ride_id) VALUES ('zrh', '2026-11-20', 50554d6e-29bb-11e5-b345-feff81910009)`,
    `DELETE FROM rides.rides WHERE city = 'zrh' AND day = '2026-11-20'`,
  );
  await until('the incremental snapshot and the message are in the log', 90_000, async () => {
    const [toastedEnd, messages] = await Promise.all([targets.toasted, targets.message].map((one) => ends(world, one)));
    return Number(toastedEnd) >= 11 && Number(messages) >= 1 ? true : null;
  });
  // By content: the agent may send an event twice.
  await until('the last of the Cassandra changes is in the log', 90_000, async () => {
    const [types, rides] = await Promise.all([readLog(world, targets.cassandraTypes.topic), readLog(world, targets.rides.topic)]);
    const keys = new Set(types.map(({ key }) => String(key)));
    const isLast = rides.some(({ key, value }) => value === null && String(key).includes('zrh'));
    return isLast && keys.size === cassandraRows.length ? true : null;
  });
  // No more heartbeats and repetitions: the topics have an end.
  await world.stack.stop('connect');
  await world.stack.stop('cassandra-cdc');
  const proofs = new Map<string, Proof>();
  for (const target of Object.values(targets)) {
    await untilCaughtUp(world, target);
    proofs.set(target.ident.name, await prove(world, target));
  }
  return proofs;
}

async function ends(world: TypesWorld, target: TableTarget): Promise<number> {
  const offsets = await world.admin.fetchTopicOffsets(target.topic).catch(() => []);
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

async function landed(t: TestContext, proofs: Proofs): Promise<void> {
  await t.test('I8: every record of every topic is one row that rebuilds it, typed and not rescued', (inner) => {
    for (const [table, { records, rescued }] of proofs) {
      inner.diagnostic(`${table}: ${records.length} records`);
      assert.ok(records.length > 0, table);
      // A double -0.0 is kept as text: no column would give it back as it was written.
      const reasons = [...rescued.keys()].filter(
        (reason) => !(table === targets.cassandraTypes.ident.name && reason.startsWith('negative zero')),
      );
      assert.deepEqual(reasons, [], `${table}: rescued`);
    }
  });
}

function rowsIn(proofs: Proofs, target: TableTarget): readonly RawRow[] {
  const proof = proofs.get(target.ident.name);
  assert.ok(proof);
  return [...proof.rows.values()].toSorted((a, b) => Number(a['_log_offset']) - Number(b['_log_offset']));
}

function structOf(row: RawRow, column: string): Readonly<Record<string, unknown>> {
  const held = row[column];
  assert.ok(isRecord(held), `${column} of row ${String(row['_log_offset'])}`);
  return held;
}

async function typedValues(t: TestContext, world: TypesWorld, proofs: Proofs): Promise<void> {
  await t.test('every PostgreSQL type: the typed column holds the value of the table, from snapshot and stream', async () => {
    await using source = postgresSource({ settings: world.postgres, pageRowsMax: 5 });
    const rows = rowsIn(proofs, targets.postgresTypes);
    assert.deepEqual(opsOf(rows), [...postgresRows.map(() => 'r'), ...postgresRows.map(() => 'c'), 'c']);
    await compare(source, postgresTable, rows, (type, after, name) => canonicalPostgresEvent(type, after[name]));
    const large = structOf(rows.at(-1) ?? {}, 'after')['t'];
    assert.ok(typeof large === 'string' && Buffer.byteLength(large) > 1_000_000 && large.includes('😀'));
  });
  await t.test('every Cassandra type: the typed column holds the value of the table', async () => {
    await using source = cassandraSource({ settings: world.cassandra, pageRowsMax: 2 });
    const rows = rowsIn(proofs, targets.cassandraTypes);
    assert.ok(rows.length >= cassandraRows.length);
    await compare(source, `rides.${cassandraTable}`, rows, (type, after, name) => {
      const cell = after[name];
      return isRecord(cell) ? canonicalCassandraEvent(type, cell['value']) : null;
    });
  });
}

type Canonical = (type: SourceTable['columns'][number]['type'], after: Readonly<Record<string, unknown>>, name: string) => SourceValue;

async function compare(source: Source, qualified: string, rows: readonly RawRow[], canonical: Canonical): Promise<void> {
  const table = await source.introspect(tableNameOf(qualified));
  assert.ok(table);
  await using reading = await source.read(table, { kind: 'all' });
  const expected = new Map((await readRows(reading.pages)).rows.map((row) => [JSON.stringify(keyOf(table, row)), row.values]));
  const seen = new Set<string>();
  const differences: string[] = [];
  for (const row of rows) {
    const after = afterOf(row);
    const values = table.columns.map((column) => canonical(column.type, after, column.name));
    const key = JSON.stringify(table.key.map((name) => values[table.columns.findIndex((column) => column.name === name)] ?? null));
    const wanted = expected.get(key);
    assert.ok(wanted, `key ${key} is in the source`);
    seen.add(key);
    for (const [i, column] of table.columns.entries())
      if (values[i] !== wanted[i]) differences.push(`${key} ${column.name} ${column.type.declared}: table ${wanted[i]}, lake ${values[i]}`);
  }
  assert.deepEqual(differences, []);
  assert.equal(seen.size, expected.size, 'every row of the table is in the lake');
}

/** The typed struct; of a rescued row what its exact text says. */
function afterOf(row: RawRow): Readonly<Record<string, unknown>> {
  const rescued = row['_rescued'];
  if (!isRecord(rescued)) return structOf(row, 'after');
  const value = parseExactJson(String(rescued['text']));
  assert.ok(isJsonObject(value) && isJsonObject(value['after']));
  return value['after'];
}

function opsOf(rows: readonly RawRow[]): readonly (string | null)[] {
  return rows.map((row) => (typeof row['op'] === 'string' ? row['op'] : null));
}

function keysOf(rows: readonly RawRow[]): readonly string[] {
  return rows.map((row) => (row['_log_key'] instanceof Uint8Array ? Buffer.from(row['_log_key']).toString() : 'none'));
}

async function eventKinds(t: TestContext, proofs: Proofs): Promise<void> {
  await t.test('a changed primary key is a delete, its tombstone and a create; a delete is followed by its tombstone', () => {
    const rows = rowsIn(proofs, targets.users);
    assert.deepEqual(opsOf(rows), ['c', 'c', 'd', null, 'c', 'd', null, 'u']);
    assert.deepEqual(
      keysOf(rows),
      [1, 2, 2, 2, 20, 1, 1, 20].map((id) => `{"id":${id}}`),
    );
    assert.equal(rows[3]?.['_shape'] ?? null, null, 'a tombstone has no value');
  });
  await t.test('TRUNCATE is a row without key, before and after', () => {
    const rows = rowsIn(proofs, targets.userEvents);
    assert.deepEqual(opsOf(rows), ['c', 't', 'c', 'c']);
    assert.deepEqual([rows[1]?.['_log_key'] ?? null, rows[1]?.['before'] ?? null], [null, null]);
  });
  await t.test('a logical message, transaction metadata, heartbeats and signals are rows', () => {
    const [message] = rowsIn(proofs, targets.message);
    assert.ok(message);
    const content = structOf(message, 'message');
    assert.deepEqual(
      [message['op'], content['prefix'], Buffer.from(String(content['content']), 'base64').toString()],
      ['m', 'foz', 'hello "😀"'],
    );
    const ended = rowsIn(proofs, targets.transaction).map((row) => structOf(row, 'value'));
    assert.ok(
      ended.some((value) => value['status'] === 'END' && Number(value['event_count']) === 3),
      'the transaction of three changes',
    );
    assert.equal(typeof structOf(rowsIn(proofs, targets.heartbeat)[0] ?? {}, 'value')['ts_ms'], 'bigint');
    assert.equal(structOf(rowsIn(proofs, targets.signal)[0] ?? {}, 'after')['type'], 'execute-snapshot');
  });
  await t.test('an incremental snapshot says so in every row, and an unchanged TOAST value is the placeholder', () => {
    const rows = rowsIn(proofs, targets.toasted);
    const kinds = rows.map((row) => `${String(row['op'])} ${String(structOf(row, 'source')['snapshot'])}`);
    assert.deepEqual(kinds.slice(5), ['u null', ...Array.from({ length: 5 }, () => 'r incremental')]);
    const updated = structOf(rows[5] ?? {}, 'after');
    assert.deepEqual([updated['title'], updated['body']], ['uno', unavailableValue]);
  });
}

async function cassandraKinds(t: TestContext, proofs: Proofs): Promise<void> {
  await t.test('Cassandra: row, partition, range and cell deletes, a losing write and a TTL are rows with their write times', () => {
    const rows = rowsIn(proofs, targets.rides);
    // The agent may send an event twice: what it says is asserted, not how often.
    const events = rows.filter((row) => row['op'] !== null && row['op'] !== undefined);
    const of = (id: string) => events.filter((row) => keysOf([row])[0]?.includes(id));
    const driver = (row: RawRow | undefined) => structOf(structOf(row ?? {}, 'after'), 'driver');
    const writtenAt = (row: RawRow) => Number(structOf(row, 'source')['ts_us']);
    const stale = of('feff81910001').find((row) => writtenAt(row) === 1000);
    assert.equal(driver(stale)['value'], 'too late');
    const cell = of('feff81910002').find((row) => row['op'] === 'u' || structOf(row, 'after')['driver'] === null);
    assert.ok(cell, 'a cell delete');
    const fare = structOf(structOf(cell, 'after'), 'fare');
    assert.deepEqual([fare['value'] ?? null, fare['set']], [null, true]);
    const deleted = of('feff81910003').find((row) => row['op'] === 'd');
    assert.equal(typeof driver(deleted)['deletion_ts'], 'bigint', 'a row delete with its time');
    assert.ok(
      rows.some((row) => row['op'] == null && keysOf([row])[0]?.includes('feff81910003')),
      'and its tombstone',
    );
    const range = events.find((row) => row['op'] === 'r');
    assert.ok(range, 'a range delete');
    assert.match(JSON.stringify(plainText(range['after'])), /INCL_END_BOUND.*feff81910004/);
    const partition = events.find((row) => row['op'] === 'd' && keysOf([row])[0]?.includes('zrh'));
    assert.match(keysOf([partition ?? {}])[0] ?? '', /"ride_id":null/);
    assert.ok(
      of('feff81910005').some((row) => row['op'] === 'i' && driver(row)['value'] === 'Ana'),
      'the row with a TTL',
    );
  });
}

function plainText(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, held: unknown) => (typeof held === 'bigint' ? String(held) : held)));
}
