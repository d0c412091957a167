// Verify against sources in memory: what is missing, extra or differing is said with its key and values, once.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { LoadedConfig } from '../../cli/config.ts';
import { isVisibleSql } from '../../quality/reconcile/lake-rows.ts';
import { verifyTable } from '../../cli/verify/verify-table.ts';
import { randomInt, seededRandom } from '../../runtime/random.ts';
import { memorySource } from '../../sources/memory-source.ts';
import { isVisible, type Source, type SourceColumn, type SourceRow, type SourceTable } from '../../sources/source.ts';
import { queryLab, type QueryLab } from './query-fixture.ts';

const column = (name: string, type: string, keyIndex: number | null): SourceColumn => ({
  name,
  type: { name: type, declared: type, arguments: [], fields: [], length: null, isFrozen: true },
  isNullable: keyIndex === null,
  keyIndex,
  role: keyIndex === null ? 'regular' : keyIndex === 0 ? 'partition' : 'clustering',
  isGenerated: false,
});

const rides: SourceTable = {
  name: { namespace: 'rides', table: 'rides' },
  columns: [column('city', 'text', 0), column('id', 'int', 1), column('fare', 'decimal', null), column('note', 'text', null)],
  key: ['city', 'id'],
};

const row = (city: string, id: number, fare: string | null, note: string | null): SourceRow => ({ values: [city, String(id), fare, note] });

const cell = (value: unknown) => ({ value, deletion_ts: null, set: true });

let pos = 0;
const ride = (city: string, id: number, fare: string | null, note: string | null) => ({
  key: JSON.stringify({ city, id }),
  value: {
    ts_ms: 1,
    op: 'i',
    source: {
      connector: 'cassandra',
      snapshot: 'false',
      ts_us: 1_795_000_000_000_000 + pos,
      file: 'f',
      pos: pos++,
      keyspace: 'rides',
      table: 'rides',
    },
    after: { city: cell(city), id: cell(id), fare: cell(fare), note: cell(note), _range_start: null, _range_end: null },
  },
});

function configOf(lab: QueryLab): LoadedConfig {
  const config = { query: { cacheDir: 'cache', memory: 200_000_000, threads: 1 }, verify: { ranges: 64 }, connectors: {}, sources: {} };
  return { config, directory: lab.directory, file: 'foz.yaml', secrets: [] } as unknown as LoadedConfig;
}

function verify(lab: QueryLab, source: Source, waitMs: number) {
  const { target, catalog, store, log, lake } = lab;
  return verifyTable(
    { target, loaded: configOf(lab), catalog, store, log, lake, waitMs, openSource: () => source },
    AbortSignal.timeout(60_000),
  );
}

test('equal tables are equal whatever the spelling of a value', async () => {
  await using lab = await queryLab('cass.rides.rides');
  await lab.land([ride('Braga', 1, '10.50', null), ride('São "x"', 2, '1E+1', 'a\nb')]);
  const source = memorySource({
    tables: [{ table: rides, rows: [row('Braga', 1, '10.5', null), row('São "x"', 2, '10', 'a\nb')] }],
    nowMs: 5,
  });
  const found = await verify(lab, source, 5_000);
  assert.deepEqual(found, {
    table: 'raw.rides',
    source: 2,
    lake: 2,
    missing: 0,
    extra: 0,
    differing: 0,
    at: '1970-01-01T00:00:00.005Z',
    ranges: { by: 'hash of the key', compared: 2, differing: 0 },
    repeated: { rows: 0, samples: [] },
    samples: [],
  });
});

test('missing, extra and differing rows are named with key, column and both values', async () => {
  await using lab = await queryLab('cass.rides.rides');
  await lab.land([ride('a', 1, '1', 'same'), ride('a', 2, '2', 'lake'), ride('a', 3, '3', null)]);
  const source = memorySource({
    tables: [{ table: rides, rows: [row('a', 1, '1', 'same'), row('a', 2, null, 'source'), row('b', 4, '4', null)] }],
  });
  const { samples, at, ranges, repeated, ...counts } = await verify(lab, source, 0);
  assert.ok(at);
  assert.equal(ranges.differing, 3);
  assert.equal(repeated.rows, 0);
  assert.deepEqual(counts, { table: 'raw.rides', source: 3, lake: 3, missing: 1, extra: 1, differing: 1 });
  assert.deepEqual(samples, [
    {
      kind: 'differing',
      key: ['a', '2'],
      columns: [
        { column: 'fare', source: null, lake: '2' },
        { column: 'note', source: 'source', lake: 'lake' },
      ],
    },
    { kind: 'extra', key: ['a', '3'], columns: [] },
    { kind: 'missing', key: ['b', '4'], columns: [] },
  ]);
});

test('a row that arrives while Cassandra is compared is looked at again before it is called missing', async () => {
  await using lab = await queryLab('cass.rides.rides');
  await lab.land([ride('a', 1, '1', null)]);
  const source = memorySource({ tables: [{ table: rides, rows: [row('a', 1, '1', null), row('a', 2, '2', null)] }] });
  let readings = 0;
  const late: Source = {
    ...source,
    read: async (table, selection, signal) => {
      readings++;
      if (readings === 2) await lab.land([ride('a', 2, '2', null)]);
      return source.read(table, selection, signal);
    },
  };
  const { samples, at, ranges, repeated, ...counts } = await verify(lab, late, 30_000);
  assert.ok(at);
  assert.deepEqual([ranges.differing, repeated.rows], [1, 0]);
  assert.deepEqual({ ...counts, samples }, { table: 'raw.rides', source: 2, lake: 2, missing: 0, extra: 0, differing: 0, samples: [] });
  assert.equal(readings, 2);
});

test('a lake that does not catch up is said to be behind, not to differ', async () => {
  await using lab = await queryLab('cass.rides.rides');
  await lab.land([ride('a', 1, '1', null)]);
  // A record that the worker never gets to see.
  const offsets = await lab.log.offsets(lab.target.topic);
  const log = {
    ...lab.log,
    offsets: async () => new Map([...offsets].map(([p, range]) => [p, { ...range, highWatermark: range.highWatermark + 5n }])),
  };
  const source = memorySource({ tables: [{ table: rides, rows: [row('a', 1, '1', null)] }] });
  const { target, catalog, store, lake } = lab;
  const input = { target, loaded: configOf(lab), catalog, store, log, lake, waitMs: 300, openSource: () => source };
  await assert.rejects(verifyTable(input, AbortSignal.timeout(30_000)), { code: 'LAKE_BEHIND' });
});

test('what a PostgreSQL snapshot sees is decided in SQL as in isVisible, ids wrapped around included', async () => {
  await using lab = await queryLab('cass.rides.rides');
  const random = seededRandom(5);
  for (let round = 0; round < 30; round++) {
    const epoch = BigInt(randomInt(random, 3)) << 32n;
    const near = [10n, 0xfffffff0n, 0x80000000n][randomInt(random, 3)] ?? 0n;
    const xmin = epoch + near;
    const xmax = xmin + BigInt(randomInt(random, 40));
    const running = Array.from({ length: randomInt(random, 4) }, () => xmin + BigInt(randomInt(random, 40))).filter((id) => id < xmax);
    const snapshot = { xmin, xmax, running };
    const ids = Array.from({ length: 50 }, (_, i) => (xmin + BigInt(i) - 5n) & 0xffffffffn);
    const { rows } = await lab.lake.query(
      `SELECT id, ${isVisibleSql(snapshot)} FROM (SELECT unnest([${ids.join(', ')}])::BIGINT AS id) t, LATERAL (SELECT {'txId': id} AS source) s`,
    );
    for (const [id, seen] of rows)
      assert.equal(seen, isVisible(snapshot, BigInt(String(id))), `${String(id)} in ${xmin}:${xmax}:${running.join()}`);
  }
});
