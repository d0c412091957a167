// Columns of a contract's types, `_violations` and the quarantine policy, on a real Trino and on DuckDB: the raw table and
// its current rows are the same to both, also rows that stand in columns from before the contract, and rows whose large
// values were left out of the last event.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileContracts } from '../../cli/contract/file-contracts.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { currentSql } from '../../lake/raw/current.ts';
import type { DialectName } from '../../lake/raw/current/dialect.ts';
import { unavailableTexts } from '../../lake/raw/current/postgres.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import { systemRandom } from '../../runtime/random.ts';
import { openLakeQuery } from '../../query/lake-query.ts';
import { applyContract } from '../../sync/apply-contract.ts';
import { openJsonDecoder } from '../../sync/decode/json-decoder.ts';
import { memoryLog, type MemoryLog } from '../../sync/log/memory-log.ts';
import { syncDefaults } from '../../sync/options.ts';
import type { TableTarget } from '../../sync/table.ts';
import { Worker } from '../../sync/worker.ts';
import { until } from './stack-processes.ts';
import { loadedTable } from './world-table.ts';
import { targetOf, type World } from './world.ts';

type Ask = (sql: string) => Promise<readonly (readonly unknown[])[]>;
type Kind = 'plain' | 'timestamp' | 'timestamptz' | 'binary' | 'nested';

interface Typed {
  readonly target: TableTarget;
  readonly contract: object;
  /** Columns of the contract. */
  readonly columns: Readonly<Record<string, Kind>>;
  /** Before the contract was there, and after. */
  readonly events: readonly (readonly TypedEvent[])[];
  /** Path of a column's value in a raw row. */
  readonly raw: (column: string) => string;
}

interface TypedEvent {
  readonly key: object;
  readonly value: object;
}

export async function writeTypedTables(world: World): Promise<readonly Typed[]> {
  const tables = [ofPostgres(), ofCassandra()];
  for (const table of tables) await writeTyped(world, table);
  return tables;
}

export async function typedSection(t: TestContext, world: World, ask: Ask, tables: readonly Typed[]): Promise<void> {
  const { catalog, store } = world.readers;
  await using lake = await openLakeQuery({ catalog, store, cacheDir: join(world.dir, 'typed-cache'), threads: 1 });
  for (const table of tables) {
    const { name } = table.target.ident;
    await t.test(`Trino reads the typed columns and violations of ${name}, and its current rows, as DuckDB does`, async () => {
      const { metadata } = await loadedTable(world, table.target);
      const schema = currentSchema(metadata);
      const of = (dialect: DialectName, from: string) => statements(table, schema, dialect, from);
      const [trino, duck] = [of('trino', `lake.raw.${name}`), of('duckdb', `raw.${name}`)];
      for (const [what, sql] of Object.entries(trino)) {
        const [theirs, ours] = [plain(await ask(sql)), plain((await lake.query(duck[what] ?? '')).rows)];
        assert.deepEqual(theirs, ours, what);
        if (what === 'raw') assert.deepEqual(new Set(ours.map((row) => row.at(-1))), new Set([null]), 'nothing is rescued');
      }
      const current = plain(await ask(trino['current'] ?? ''));
      assert.deepEqual(
        current.map(([id, , note]) => [id, note]),
        [
          ['1', 'late'],
          ['2', 'kept'],
          ['3', 'before the contract'],
        ],
        'the quarantined row is as if it had not come, the flagged one is there',
      );
    });
  }
}

function statements({ columns, raw }: Typed, schema: Schema, dialect: DialectName, from: string): Readonly<Record<string, string>> {
  const text = (value: string, kind: Kind) => texts[dialect][kind](value);
  const all = (value: (column: string) => string) => Object.entries(columns).map(([column, kind]) => text(value(column), kind));
  const violations = texts[dialect].nested('_violations');
  const place = '_log_partition, _log_offset';
  return {
    raw: `SELECT _log_offset, ${all(raw).join(', ')}, ${violations}, _rescued.reason FROM ${from} ORDER BY ${place}`,
    current: `SELECT ${all((column) => `"${column}"`).join(', ')} FROM (${currentSql({ schema, dialect, from })}) t ORDER BY 1`,
  };
}

/** Each kind of value as one text in both engines; nested ones as JSON. */
const texts: Readonly<Record<DialectName, Readonly<Record<Kind, (value: string) => string>>>> = {
  trino: {
    plain: (value) => `CAST(${value} AS varchar)`,
    timestamp: (value) => `CAST(CAST(${value} AS timestamp(6)) AS varchar)`,
    timestamptz: (value) => `CAST(${value} AT TIME ZONE 'UTC' AS varchar)`,
    binary: (value) => `to_hex(${value})`,
    nested: (value) => `json_format(CAST(${value} AS json))`,
  },
  duckdb: {
    plain: (value) => `CAST(${value} AS varchar)`,
    timestamp: (value) => `strftime(${value}, '%Y-%m-%d %H:%M:%S.%f')`,
    timestamptz: (value) => `strftime(timezone('UTC', ${value}), '%Y-%m-%d %H:%M:%S.%f') || ' UTC'`,
    binary: (value) => `hex(${value})`,
    nested: (value) => `CAST(to_json(${value}) AS varchar)`,
  },
};

/** JSON texts by their values: engines space them and order numbers' digits as they like. */
function plain(rows: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return rows.map((row) => row.map(plainValue));
}

function plainValue(value: unknown): string | null {
  if (typeof value !== 'string' || !/^[[{"]/.test(value)) return value === null ? null : String(value);
  return JSON.stringify(JSON.parse(value), (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part) ? sorted(part) : part,
  );
}

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function writeTyped(world: World, { target, contract, events }: Typed): Promise<void> {
  const log = memoryLog({ clusterId: target.ident.name });
  log.createTopic(target.topic, { partitions: 1 });
  const directory = join(world.dir, target.ident.name);
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'contract.json');
  await writeFile(file, JSON.stringify(contract));
  const contracts = fileContracts([file]);
  const [before = [], after = []] = events;
  await land(world, target, log, before, null);
  const inForce = await contracts.activeContract(target.ident);
  assert.ok(inForce);
  const { catalog, store } = world.readers;
  const wanted = { contract: inForce.contract, table: inForce.table, decisions: new Map([['*', 'replace']] as const) };
  const { outcome } = await applyContract(target, wanted, { catalog, store, clock: systemClock, random: systemRandom });
  assert.equal(outcome, 'applied');
  await land(world, target, log, after, { registry: contracts, maskKeys: new Map(), refreshMs: 1_000 });
}

async function land(
  world: World,
  target: TableTarget,
  log: MemoryLog,
  events: readonly TypedEvent[],
  contracts: ConstructorParameters<typeof Worker>[2]['contracts'] | null,
): Promise<void> {
  const records = events.map(({ key, value }) => ({
    key: Buffer.from(JSON.stringify(key)),
    value: Buffer.from(JSON.stringify(value)),
    logTimeMs: Date.parse('2026-11-20T12:00:00Z'),
  }));
  log.produce(target.topic, 0, records);
  const decoder = await openJsonDecoder({ tempDir: join(world.dir, target.ident.name) });
  const { catalog, store } = world.readers;
  const parts = { log, catalog, store, openDecoder: () => decoder, clock: systemClock, random: systemRandom, logger: silentLogger };
  await using worker = new Worker([target], { ...syncDefaults, commitMaxAgeMs: 200 }, { ...parts, ...(contracts ? { contracts } : {}) });
  worker.start();
  await until(`${target.ident.name} holds its events`, 60_000, async () =>
    worker.status().tables[0]?.rowsCommitted === events.length ? true : null,
  );
  await worker.stop();
}

const [textPlaceholder = '', binaryPlaceholder = ''] = unavailableTexts;

function ofPostgres(): Typed {
  const row = {
    id: 1,
    v: 1,
    note: 'first',
    d: 20_048,
    t: 45_296_123_456,
    ts: 1_732_193_696_123_456,
    tz: '2024-11-21T12:54:56.123456Z',
    n: '12.30',
    b: '3q2+7w==',
    tags: ['a', null, 'ü"'],
  };
  const properties = {
    id: { type: 'integer', 'x-physicalType': 'bigint', 'x-primaryKey': 1 },
    v: { type: 'integer', minimum: 0, maximum: 100, 'x-physicalType': 'integer' },
    note: { type: 'string', 'x-physicalType': 'text' },
    d: { type: 'string', format: 'date', 'x-physicalType': 'date' },
    t: { type: 'string', 'x-physicalType': 'time' },
    ts: { type: 'string', 'x-physicalType': 'timestamp' },
    tz: { type: 'string', format: 'date-time', 'x-physicalType': 'timestamptz' },
    n: { type: 'number', minimum: 0, 'x-policy': 'quarantine', 'x-physicalType': 'numeric(12,2)' },
    b: { type: 'string', contentEncoding: 'base64', 'x-physicalType': 'bytea' },
    tags: { type: 'array', items: { type: ['string', 'null'] }, 'x-physicalType': 'text[]' },
  };
  let lsn = 100;
  const event = (after: typeof row, op = 'u'): TypedEvent => {
    const source = { version: '3.7', connector: 'postgresql', ts_us: 1_795_000_000_000_000, txId: 7, lsn: lsn++ };
    return { key: { id: after.id }, value: { before: null, after, source, transaction: null, op, ts_ms: 1_795_000_000_000 } };
  };
  const early = { d: -1, ts: -1, tz: '1969-12-31T23:59:59.999999Z', n: '-0.01', b: 'AAE=' };
  return {
    target: targetOf('typed_pg', 'typed_pg'),
    contract: document('typed_pg', 'public.typed_pg', properties),
    columns: {
      id: 'plain',
      v: 'plain',
      note: 'plain',
      d: 'plain',
      t: 'plain',
      ts: 'timestamp',
      tz: 'timestamptz',
      n: 'plain',
      b: 'binary',
      tags: 'nested',
    },
    raw: (column) => `"after"."${column}"`,
    events: [
      [event(row, 'c'), event({ ...row, ...early, id: 3, note: 'before the contract', tags: ['x'] }, 'c'), event({ ...row, id: 2 }, 'c')],
      [
        // What the update left out is in a column from before the contract.
        event({ ...row, note: 'late', b: binaryPlaceholder, tags: [textPlaceholder] }),
        event({ ...row, id: 2, note: 'kept', ...early, n: '99.99' }),
        event({ ...row, id: 2, note: 'kept', v: 101, b: binaryPlaceholder }),
        event({ ...row, id: 2, note: 'bad', n: '-5.00', v: -1 }),
        event({ ...row, id: 4, note: 'bad', n: '-0.01' }, 'c'),
      ],
    ],
  };
}

function ofCassandra(): Typed {
  const row = {
    id: '1',
    note: 'first',
    at: 1_732_193_696_123,
    d: 20_048,
    n: '12.30',
    place: { lat: 1.5, since: 20_048 },
    prices: { a: '1.50' },
    seats: [1, 2],
  };
  const properties = {
    id: { type: 'string', 'x-physicalType': 'text', 'x-primaryKey': 1 },
    note: { type: 'string', maxLength: 20, 'x-physicalType': 'text' },
    at: { type: 'string', format: 'date-time', 'x-physicalType': 'timestamp' },
    d: { type: 'string', format: 'date', 'x-physicalType': 'date' },
    n: { type: 'number', minimum: 0, 'x-policy': 'quarantine', 'x-physicalType': 'decimal(8,2)' },
    place: {
      type: 'object',
      'x-physicalType': 'place',
      properties: { lat: { type: 'number', 'x-physicalType': 'double' }, since: { type: 'string', 'x-physicalType': 'date' } },
    },
    prices: {
      type: 'object',
      additionalProperties: { type: 'number', 'x-physicalType': 'decimal(6,2)' },
      'x-physicalType': 'map<text, decimal(6,2)>',
    },
    seats: { type: 'array', items: { type: 'integer', 'x-physicalType': 'int' }, 'x-physicalType': 'list<int>' },
  };
  let pos = 1;
  const event = (after: Readonly<Record<string, unknown>>, op = 'i'): TypedEvent => {
    const source = { ts_us: 1_795_000_000_000_000 + pos, snapshot: 'false', keyspace: 'ride', file: 'f', pos: pos++ };
    const cells = Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value === undefined ? null : cell(value)]));
    return { key: { id: after['id'] }, value: { ts_ms: 1, op, source, after: cells } };
  };
  const early = { at: -1, d: -1, place: { lat: -0.5, since: -1 }, prices: {}, seats: [] };
  return {
    target: targetOf('typed_cass', 'typed_cass'),
    contract: { ...document('typed_cass', 'ride.typed_cass', properties), 'x-database': 'cassandra' },
    columns: {
      id: 'plain',
      at: 'timestamptz',
      note: 'plain',
      d: 'plain',
      n: 'plain',
      place: 'nested',
      prices: 'nested',
      seats: 'nested',
    },
    raw: (column) => `"after"."${column}"."value"`,
    events: [
      [event(row), event({ ...row, ...early, id: '3', note: 'before the contract' }), event({ ...row, id: '2' })],
      [
        event({ ...row, id: '1', note: 'late', seats: [7] }),
        event({ ...row, ...early, id: '2', note: 'kept' }),
        event({ ...row, id: '2', note: 'bad', n: '-5.00' }),
        event({ ...row, id: '4', note: 'bad', n: '-5.00' }),
      ],
    ],
  };
}

function cell(value: unknown): object {
  return { value, deletion_ts: null, set: true };
}

function document(name: string, physicalName: string, properties: object): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    'x-contract': { id: name, version: '1.0.0', table: { name, physicalName } },
    type: 'object',
    properties,
    required: ['id'],
  };
}
