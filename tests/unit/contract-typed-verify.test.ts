// `foz verify` over typed columns: the lake's decimals, dates, timestamps, bytes and collections are the source's values.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { LoadedConfig } from '../../cli/config.ts';
import { verifyTable } from '../../cli/verify/verify-table.ts';
import type { ContractTable } from '../../contracts/contract.ts';
import { systemClock } from '../../runtime/clock.ts';
import { seededRandom } from '../../runtime/random.ts';
import { canonicalCassandra } from '../../sources/canonical-cassandra.ts';
import { canonicalPostgres, canonicalPostgresEvent } from '../../sources/canonical-postgres.ts';
import { parseCassandraType } from '../../sources/cassandra-type.ts';
import { memorySource } from '../../sources/memory-source.ts';
import type { SourceColumn, SourceTable, SourceType, SourceValue } from '../../sources/source.ts';
import { applyContract } from '../../sync/apply-contract.ts';
import { queryLab, type QueryLab } from './query-fixture.ts';

interface Column {
  readonly name: string;
  readonly declared: string;
  readonly type: SourceType;
  /** In the event. */
  readonly wire: unknown;
  readonly source: SourceValue;
}

const contractOf = (columns: readonly Column[]): ContractTable => ({
  name: 'table',
  physicalName: null,
  description: null,
  body: { type: 'object', properties: Object.fromEntries(columns.map(({ name, declared }) => [name, { 'x-physicalType': declared }])) },
  columns: columns.map(({ name, declared }, i) => ({
    name,
    id: String(i),
    physicalType: declared,
    keyPosition: i === 0 ? 1 : null,
    isRequired: false,
    isUnique: false,
    description: null,
    classification: null,
    pii: null,
    mask: null,
    tags: [],
  })),
  tags: [],
  quality: [],
});

async function compared(lab: QueryLab, columns: readonly Column[], table: SourceTable) {
  const { target, catalog, store, log, lake } = lab;
  const source = memorySource({ tables: [{ table, rows: [{ values: columns.map((column) => column.source) }] }], nowMs: 5 });
  const config = { query: { cacheDir: 'cache', memory: 200_000_000, threads: 1 }, verify: { ranges: 64 }, connectors: {}, sources: {} };
  const loaded = { config, directory: lab.directory, file: 'foz.yaml', secrets: [] } as unknown as LoadedConfig;
  return verifyTable({ target, loaded, catalog, store, log, lake, waitMs: 5_000, openSource: () => source }, AbortSignal.timeout(60_000));
}

const deps = (lab: QueryLab) => ({ catalog: lab.catalog, store: lab.store, clock: systemClock, random: seededRandom(7) });

const tableOf = (namespace: string, columns: readonly Column[]): SourceTable => ({
  name: { namespace, table: 'table' },
  key: ['id'],
  columns: columns.map(({ name, type }, i): SourceColumn => ({
    name,
    type,
    isNullable: i > 0,
    keyIndex: i === 0 ? 0 : null,
    role: i === 0 ? 'partition' : 'regular',
    isGenerated: false,
  })),
});

const ofCassandra = (name: string, declared: string, wire: unknown, driver: unknown): Column => {
  const type = parseCassandraType(declared.replace(/\(.*\)/, ''), new Map());
  return { name, declared, type, wire, source: canonicalCassandra(type, driver) };
};

test('typed cells of Cassandra equal the source', async () => {
  const columns = [
    ofCassandra('id', 'text', 'a', 'a'),
    ofCassandra('fare', 'decimal(8,2)', '12.50', '12.5'),
    ofCassandra('at', 'timestamp', 1_795_251_919_231, new Date(1_795_251_919_231)),
    ofCassandra('day', 'date', 20_048, '2024-11-21'),
    ofCassandra('raw', 'blob', '3q2+7w==', Buffer.from('deadbeef', 'hex')),
    ofCassandra('tags', 'list<text>', ['a', 'b'], ['a', 'b']),
    ofCassandra('prices', 'map<text, int>', { k: 1 }, new Map([['k', 1]])),
    ofCassandra('n', 'int', 7, 7),
  ];
  await using lab = await queryLab('cass.ride.table');
  const { outcome } = await applyContract(
    lab.target,
    { contract: { id: 't', version: '1.0.0' }, table: contractOf(columns), decisions: new Map() },
    deps(lab),
  );
  assert.equal(outcome, 'applied');
  const after = Object.fromEntries(columns.map(({ name, wire }) => [name, { value: wire, deletion_ts: null, set: true }]));
  await lab.land([
    {
      key: '{"id":"a"}',
      value: { ts_ms: 1, op: 'i', source: { ts_us: 5, snapshot: 'false', keyspace: 'ride', file: 'f', pos: 1 }, after },
    },
  ]);
  const { rows } = await lab.lake.query(
    'SELECT typeof(fare), typeof("at"), typeof(day), typeof(raw), typeof(tags), typeof(prices), typeof(n) FROM current."table"',
  );
  assert.deepEqual(rows, [['DECIMAL(8,2)', 'TIMESTAMP WITH TIME ZONE', 'DATE', 'BLOB', 'VARCHAR[]', 'MAP(VARCHAR, INTEGER)', 'INTEGER']]);
  const { samples, differing, missing, extra } = await compared(lab, columns, tableOf('ride', columns));
  assert.deepEqual(samples, []);
  assert.deepEqual([differing, missing, extra], [0, 0, 0]);
});

const type = (name: string): SourceType => ({ name, declared: name, arguments: [], fields: [], length: null, isFrozen: true });

test('canonical forms of PostgreSQL take what typed columns give back', () => {
  const cases: readonly (readonly [string, string, unknown])[] = [
    ['numeric', '12.30', '12.30'],
    ['date', '2024-11-21', '2024-11-21'],
    ['date', '0044-03-15', '0044-03-15'],
    ['timestamp', '2024-02-29 12:34:56.123456', '2024-02-29 12:34:56.123456'],
    ['timestamptz', '2024-07-01 07:00:00+00', '2024-07-01 07:00:00+00'],
    ['int4', '7', 7],
    ['time', '12:34:56.123456', 45_296_123_456n],
  ];
  for (const [name, text, lake] of cases) assert.equal(canonicalPostgresEvent(type(name), lake), canonicalPostgres(type(name), text), name);
});
