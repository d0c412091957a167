// A repair makes the current rows the source's again, whatever else happens to the keys meanwhile: records are checked
// where it matters, in the table that the real worker lands them in.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CdcMeasure, Check } from '../../quality/check.ts';
import type { MeasureSession } from '../../quality/measurer.ts';
import { reconcileMeasurer } from '../../quality/reconcile/reconcile-measurer.ts';
import { reconcile } from '../../quality/reconcile/reconcile.ts';
import { repairTable, type RepairInput } from '../../quality/reconcile/repair.ts';
import { keyCondition } from '../../quality/reconcile/postgres-repair.ts';
import type { RepairRecord } from '../../quality/reconcile/repair-record.ts';
import { memorySource } from '../../sources/memory-source.ts';
import type { Source, SourceColumn, SourcePosition, SourceRow, SourceTable } from '../../sources/source.ts';
import { caughtUp } from '../../cli/verify/catch-up.ts';
import { queryLab, type LakeRecord, type QueryLab } from './query-fixture.ts';

const column = (name: string, type: string, keyIndex: number | null): SourceColumn => ({
  name,
  type: { name: type, declared: type, arguments: [], fields: [], length: null, isFrozen: true },
  isNullable: keyIndex === null,
  keyIndex,
  role: keyIndex === null ? 'regular' : 'partition',
  isGenerated: false,
});

const signal = AbortSignal.timeout(120_000);

function repairInput(lab: QueryLab, source: Source, kind: 'postgres' | 'cassandra', table: SourceTable): RepairInput {
  const { target, catalog, log, lake } = lab;
  return {
    ident: target.ident,
    sourceName: table.name,
    kind,
    source,
    catalog,
    lake,
    duckdb: { directory: `${lab.directory}/cache`, memoryBytes: 200_000_000, threads: 1 },
    arrived: (_position, deadlineMs) => caughtUp({ target, catalog, log }, deadlineMs, signal),
    masks: null,
    rangesMax: 16,
    topic: target.topic,
    repairId: 'repair-1',
    signals: { topic: 'pg-signal', topicPrefix: 'pg' },
    publish: async (records) => lab.land(records.filter(({ topic }) => topic === target.topic).map(landed)),
    keysMax: 100,
    keysPerSignal: 2,
    waitMs: 0,
    isDryRun: false,
  };
}

const textOf = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('utf8'));

function landed({ key, value, headers, partition }: RepairRecord): LakeRecord {
  return { key: textOf(key), value: textOf(value), headers, ...(partition === null ? {} : { partition }) };
}

async function differences(input: RepairInput): Promise<readonly string[]> {
  const found = await reconcile({ ...input, deadlineMs: 0, differencesMax: 100 }, signal);
  return found.differences.map(({ kind, key }) => `${kind} ${key.join(' ')}`);
}

// Cassandra

const rides: SourceTable = {
  name: { namespace: 'rides', table: 'rides' },
  columns: [column('city', 'text', 0), column('id', 'int', 1), column('fare', 'decimal', null), column('note', 'text', null)],
  key: ['city', 'id'],
};

/** Microseconds, some minutes before now. */
const start = (BigInt(Date.now()) - 600_000n) * 1000n;

const cell = (value: unknown, deletion: bigint | null = null) => ({
  value,
  deletion_ts: deletion === null ? null : Number(deletion),
  set: true,
});

interface Written {
  readonly op?: 'i' | 'u' | 'd';
  readonly city?: string;
  readonly id: number;
  readonly fare?: string | null;
  readonly note?: string | null;
  /** After the start. */
  readonly at: number;
}

function event({ op = 'i', city = 'a', id, fare, note, at }: Written): LakeRecord {
  const us = start + BigInt(at);
  const of = (value: string | null | undefined) =>
    op === 'd' ? cell(null, us) : value === undefined ? null : cell(value, value === null ? us : null);
  const source = { connector: 'cassandra', snapshot: 'false', ts_us: Number(us), file: 'f', pos: at, keyspace: 'rides', table: 'rides' };
  const after = { city: cell(city), id: cell(id), fare: of(fare), note: of(note), _range_start: null, _range_end: null };
  return { key: JSON.stringify({ city, id }), value: { ts_ms: 1, op, source, after } };
}

const writtenAt = (value: string | null, us: number) => (value === null ? null : start + BigInt(us));

function ride(id: number, fare: string | null, note: string | null, fareAt: number, noteAt = fareAt): SourceRow {
  return { values: ['a', String(id), fare, note], writeTimesUs: [null, null, writtenAt(fare, fareAt), writtenAt(note, noteAt)] };
}

function ridesSource(rows: readonly SourceRow[]): Source {
  return memorySource({ tables: [{ table: rides, rows }], nowMs: Date.now() });
}

test('Cassandra: rows missing, altered, half missing and too many are the source’s after a repair, which says what it did', async () => {
  await using lab = await queryLab('cass.rides.rides');
  await lab.land([
    event({ id: 1, fare: '1.10', note: 'same', at: 1 }),
    // Altered: the very same write with another value, larger and smaller than the true one.
    event({ id: 2, fare: '9.99', note: 'zzz', at: 2 }),
    event({ id: 3, fare: '3.00', note: 'aaa', at: 3 }),
    // Its delete never came.
    event({ id: 4, fare: '4.00', note: 'gone', at: 4 }),
    // A cell that the source set to null, and an update that is missing.
    event({ id: 5, fare: '5.00', note: 'set to null', at: 5 }),
    event({ id: 6, fare: '6.00', note: 'before', at: 6 }),
    // Deleted here by an event that the source does not know.
    event({ id: 8, fare: '8.00', note: 'back', at: 8 }),
    event({ op: 'd', id: 8, at: 90 }),
    event({ id: 9, fare: '9.00', note: 'the newest', at: 100 }),
  ]);
  const rows = [
    ride(1, '1.1', 'same', 1),
    ride(2, '2.5', 'zz', 2),
    ride(3, '3', 'bbb', 3),
    ride(5, '5', null, 5),
    ride(6, '6', 'after', 6, 16),
    // Never came; its cells are of two writes.
    ride(7, '7.25', 'second', 7, 17),
    ride(8, '8', 'back', 8),
    ride(9, '9', 'the newest', 100),
  ];
  const input = repairInput(lab, ridesSource(rows), 'cassandra', rides);
  const expected = ['differing a 2', 'differing a 3', 'differing a 5', 'differing a 6', 'extra a 4', 'missing a 7', 'missing a 8'];
  assert.deepEqual((await differences(input)).toSorted(), expected);

  const dry = await repairTable({ ...input, isDryRun: true, publish: () => assert.fail('a dry run writes nothing') }, signal);
  assert.deepEqual([dry.written, dry.deleted, dry.left, dry.after], [6, 1, 0, null]);

  const done = await repairTable(input, signal);
  assert.deepEqual([done.written, done.deleted, done.behind, done.after?.differences], [6, 1, 0, []]);
  const { rows: tagged } = await lab.lake.query(
    `SELECT count(*), count(*) FILTER (WHERE _rescued IS NOT NULL), count(DISTINCT _shape) FROM raw.rides WHERE list_contains(list_transform(_headers, h -> h.key), 'foz.repair')`,
  );
  assert.deepEqual(tagged[0]?.map(Number).slice(0, 2), [done.records, 0], 'all in raw, with the header, and typed');

  const again = await repairTable({ ...input, publish: () => assert.fail('nothing is left to send') }, signal);
  assert.equal(again.before.missing + again.before.extra + again.before.differing, 0);
});

test('Cassandra: a write that is newer than the repaired row wins, whether it lands before or after the repair', async () => {
  for (const isBefore of [true, false]) {
    await using lab = await queryLab('cass.rides.rides');
    await lab.land([
      event({ id: 1, fare: '9.00', note: 'n', at: 1 }),
      event({ id: 2, fare: '2.00', note: 'n', at: 2 }),
      event({ id: 3, at: 50 }),
    ]);
    const input = repairInput(lab, ridesSource([ride(1, '1', 'n', 1), ride(3, null, null, 50)]), 'cassandra', rides);
    const later = [event({ op: 'u', id: 1, fare: '7.00', at: 60 }), event({ id: 2, fare: '8.00', note: 'again', at: 61 })];
    const publish = async (records: readonly RepairRecord[]) => {
      const mine = records.filter(({ topic }) => topic === lab.target.topic).map(landed);
      await lab.land(isBefore ? [...later, ...mine] : [...mine, ...later]);
    };
    await repairTable({ ...input, publish }, signal);
    const newer = ridesSource([ride(1, '7', 'n', 60, 1), ride(2, '8', 'again', 61), ride(3, null, null, 50)]);
    assert.deepEqual(await differences({ ...input, source: newer }), [], isBefore ? 'before' : 'after');
  }
});

test('Cassandra: what was written in the last minute and is newer than all that arrived is behind, not broken', async () => {
  await using lab = await queryLab('cass.rides.rides');
  await lab.land([event({ id: 1, fare: '1.00', note: 'n', at: 1 })]);
  const fresh: SourceRow = { values: ['a', '2', '2', null], writeTimesUs: [null, null, BigInt(Date.now()) * 1000n, null] };
  const input = repairInput(lab, ridesSource([ride(1, '1', 'n', 1), fresh]), 'cassandra', rides);
  await assert.rejects(repairTable({ ...input }, signal), { code: 'LAKE_BEHIND' });
});

test('more differences than are repaired at once: the rest is counted, and another run does it', async () => {
  await using lab = await queryLab('cass.rides.rides');
  await lab.land([event({ id: 100, fare: '1.00', note: 'n', at: 1 })]);
  const rows = [ride(100, '1', 'n', 1), ...Array.from({ length: 5 }, (_, i) => ride(i, '1', 'n', 1))];
  const input = { ...repairInput(lab, ridesSource(rows), 'cassandra', rides), keysMax: 3 };
  const first = await repairTable(input, signal);
  assert.deepEqual([first.written, first.left, first.after?.missing], [3, 2, 2]);
  const second = await repairTable(input, signal);
  assert.deepEqual([second.written, second.left, second.after?.missing], [2, 0, 0]);
});

const checkOf = (of: CdcMeasure) => ({ id: of, measure: { kind: 'cdc', of }, samplesMax: 5 }) as unknown as Check;

test('nothing is sent where the lake is behind, nor for a table whose key is masked', async () => {
  await using lab = await queryLab('cass.rides.rides');
  await lab.land([event({ id: 1, fare: '1.00', note: 'n', at: 1 })]);
  const input = {
    ...repairInput(lab, ridesSource([ride(2, '2', 'n', 1)]), 'cassandra', rides),
    publish: () => assert.fail('nothing is to be sent'),
  };
  const offsets = await lab.log.offsets(lab.target.topic);
  const ahead = new Map([...offsets].map(([p, range]) => [p, { ...range, highWatermark: range.highWatermark + 5n }]));
  const log = { ...lab.log, offsets: async () => ahead };
  const arrived = () => caughtUp({ target: lab.target, catalog: lab.catalog, log }, 0, signal);
  await assert.rejects(repairTable({ ...input, arrived }, signal), { code: 'LAKE_BEHIND' });
  const masks = { whole: new Map([['city', (text: string) => `${text}*`]]), inside: new Set<string>() };
  await assert.rejects(repairTable({ ...input, masks }, signal), { code: 'CONFIG_INVALID', message: /its key is masked/ });
});

test('as a check, one comparison answers how many rows are not shared and how many deletes did not come through; personal keys are masked', async () => {
  await using lab = await queryLab('cass.rides.rides');
  await lab.land([event({ id: 1, fare: '1.00', note: 'n', at: 1 }), event({ id: 2, fare: '2.00', note: 'n', at: 2 })]);
  const source = ridesSource([ride(1, '1.01', 'n', 1), ride(3, '3', 'n', 3)]);
  const input = { ...repairInput(lab, source, 'cassandra', rides), deadlineMs: 0 };
  let readings = 0;
  const measurer = reconcileMeasurer({
    withTable: async (table, _signal, work) => {
      readings++;
      return table === 'rides' ? work(input) : null;
    },
  });
  assert.deepEqual(
    (['reconcile', 'deletePropagation', 'offsetGaps'] as const).map((of) => measurer.answers({ kind: 'cdc', of })),
    [true, true, false],
  );
  const columns = [{ name: 'city', pii: 'place', classification: null, mask: null }];
  const session = { table: { name: 'rides' }, contract: { table: { body: {}, columns } } } as unknown as MeasureSession;
  const found = await measurer.measure([checkOf('reconcile'), checkOf('deletePropagation')], session, signal);
  const [all, deletes] = [found.get('reconcile'), found.get('deletePropagation')];
  assert.equal(readings, 1);
  assert.ok(all?.kind === 'measured' && deletes?.kind === 'measured');
  assert.deepEqual([all.measured.value, all.measured.total, deletes.measured.value], [3, 3, 1]);
  assert.deepEqual(all.keys, [
    { city: 'masked', id: '1', difference: 'differing: fare' },
    { city: 'masked', id: '2', difference: 'extra' },
    { city: 'masked', id: '3', difference: 'missing' },
  ]);
  assert.deepEqual(deletes.keys, [{ city: 'masked', id: '2', difference: 'extra' }]);
  assert.ok(!JSON.stringify([...found]).includes('1.01'), 'values are not shown');
  const unknown = await measurer.measure([checkOf('reconcile')], { ...session, table: { ...session.table, name: 'others' } }, signal);
  assert.equal(unknown.get('reconcile')?.kind, 'skipped');
});

// PostgreSQL

const users: SourceTable = {
  name: { namespace: 'public', table: 'users' },
  columns: [column('id', 'int8', 0), column('email', 'text', null), column('balance', 'numeric', null)],
  key: ['id'],
};

const position: SourcePosition = {
  kind: 'postgres',
  lsn: '0/1000',
  snapshot: { xmin: 1_000n, xmax: 1_000n, running: [] },
  atMs: Date.now(),
};

/** As PostgreSQL: the rows of one snapshot. */
function usersSource(rows: readonly SourceRow[]): Source {
  const source = memorySource({ tables: [{ table: users, rows }] });
  return { ...source, read: async (...input) => ({ ...(await source.read(...input)), position }) };
}

const user = (id: number, balance: string): SourceRow => ({ values: [String(id), `u${id}@example.com`, balance] });

function change(op: 'c' | 'u' | 'r' | 'd', id: number, balance: string, lsn: number | null): LakeRecord {
  const row = { id, email: `u${id}@example.com`, balance };
  const source = {
    connector: 'postgresql',
    snapshot: lsn === null ? 'incremental' : 'false',
    sequence: null,
    ts_ms: 1,
    ts_us: 1000,
    ts_ns: 1_000_000,
    txId: lsn,
    lsn,
    xmin: null,
  };
  const value = {
    before: op === 'd' ? row : null,
    after: op === 'd' ? null : row,
    source,
    transaction: null,
    op,
    ts_ms: 2,
    ts_us: 2000,
    ts_ns: 2_000_000,
  };
  return { key: JSON.stringify({ id }), value };
}

const at = (record: LakeRecord, partition: number): LakeRecord => ({ ...record, partition });

test('PostgreSQL: extra rows are deleted by events, missing and differing ones asked of the connector, in bounded signals', async () => {
  await using lab = await queryLab('pg.public.users', 3);
  await lab.land([
    at(change('c', 1, '1.00', 10), 0),
    at(change('c', 2, '2.01', 11), 1),
    at(change('c', 3, '3.00', 12), 2),
    // Read without an LSN after that, and known without any.
    at(change('r', 3, '3.50', null), 2),
    at(change('r', 4, '4.00', null), 2),
  ]);
  const source = usersSource([user(1, '1'), user(2, '2'), user(5, '5'), user(6, '6')]);
  const signals: RepairRecord[] = [];
  const input = repairInput(lab, source, 'postgres', users);
  const publish = async (records: readonly RepairRecord[]) => {
    signals.push(...records.filter(({ topic }) => topic === 'pg-signal'));
    const mine = records.filter(({ topic }) => topic === 'pg.public.users');
    assert.ok(
      mine.every(({ partition }) => partition === 2),
      'where the keys’ events stand',
    );
    await lab.land(mine.map(landed));
    // What the connector answers.
    if (mine.length === 0)
      await lab.land([at(change('r', 2, '2.00', null), 1), change('r', 5, '5.00', null), change('r', 6, '6.00', null)]);
  };
  const done = await repairTable({ ...input, publish }, signal);
  assert.deepEqual([done.read, done.signals, done.deleted, done.records], [3, 2, 2, 4]);
  assert.deepEqual(done.after?.differences, []);
  const asked = signals.map(({ key, value }) => [Buffer.from(key).toString(), JSON.parse(Buffer.from(value ?? []).toString())]);
  assert.deepEqual(asked[0], [
    'pg',
    {
      id: 'repair-1',
      type: 'execute-snapshot',
      data: {
        'data-collections': ['public.users'],
        type: 'INCREMENTAL',
        'additional-conditions': [{ 'data-collection': 'public.users', filter: `("id" IN ('2', '5'))` }],
      },
    },
  ]);
  const { rows } = await lab.lake.query(
    `SELECT source.lsn, "before".id, op FROM raw.users WHERE op = 'd' AND _rescued IS NULL ORDER BY "before".id`,
  );
  assert.deepEqual(
    rows.map((row) => row.map(String)),
    [
      ['12', '3', 'd'],
      ['0', '4', 'd'],
    ],
    'the highest LSN of the key',
  );
});

test('PostgreSQL: a row that is inserted again stands, whether its insert lands before the repair’s delete or after', async () => {
  for (const isBefore of [true, false]) {
    await using lab = await queryLab('pg.public.users');
    await lab.land([change('c', 1, '1.00', 10), change('c', 2, '2.00', 11), change('r', 3, '3.00', null)]);
    const input = repairInput(lab, usersSource([user(1, '1')]), 'postgres', users);
    // In transactions that the compared snapshot did not see.
    const inserted = [change('c', 2, '2.50', 5_000), change('c', 3, '3.50', 5_001)];
    const publish = async (records: readonly RepairRecord[]) => {
      const mine = records.filter(({ topic }) => topic === lab.target.topic).map(landed);
      if (mine.length > 0) await lab.land(isBefore ? [...inserted, ...mine] : [...mine, ...inserted]);
    };
    await repairTable({ ...input, publish }, signal);
    const { rows } = await lab.lake.query('SELECT id, balance FROM current.users ORDER BY id');
    assert.deepEqual(
      rows.map((row) => row.map(String)),
      [
        ['1', '1.00'],
        ['2', '2.50'],
        ['3', '3.50'],
      ],
      isBefore ? 'before' : 'after',
    );
  }
});

test('a condition names keys of several columns and quotes as SQL does', () => {
  const table: SourceTable = { ...users, columns: [column('a', 'int4', 0), column('B "x"', 'text', 1)], key: ['a', 'B "x"'] };
  assert.equal(
    keyCondition(table, [
      ['1', `it's`],
      ['2', '\\'],
    ]),
    `(("a", "B ""x""") IN (('1', 'it''s'), ('2', '\\')))`,
  );
});
