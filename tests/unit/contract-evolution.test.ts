// A contract's columns into a table while the real worker writes it: added, renamed, hidden, widened, replaced, and every
// record still rebuilt from its row, whenever it landed.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ContractTable } from '../../contracts/contract.ts';
import { lakeColumns } from '../../contracts/evolution/lake-columns.ts';
import { planEvolution } from '../../contracts/evolution/plan.ts';
import { highestFieldId } from '../../lake/iceberg/schema.ts';
import { rawSchema } from '../../lake/raw/raw-schema.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { ContractInForce, Contracts } from '../../catalog/contracts.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { silentLogger } from '../../runtime/log.ts';
import { applyContract, planContract } from '../../sync/apply-contract.ts';
import type { CommitDeps } from '../../sync/commit.ts';
import { openTable } from '../../sync/contract/open-table.ts';
import { TableContracts } from '../../sync/contract/table-contracts.ts';
import type { TableTarget } from '../../sync/table.ts';
import { allRebuild, contractTable, deps, event, noticed, wanted, type Property } from './contract-evolution-fixture.ts';
import { queryLab } from './query-fixture.ts';

const base: readonly Property[] = [
  { name: 'id', id: '1', type: 'bigint' },
  { name: 'fare', id: '2', type: 'numeric(12,2)' },
  { name: 'born', id: '3', type: 'date' },
  { name: 'phone', id: '4', type: 'text' },
  { name: 'small', id: '5', type: 'integer' },
  { name: 'photo', id: '6', type: 'bytea' },
];
const usual = { fare: '12.30', born: 20_048, phone: '+49', small: 7, photo: '3q2+7w==' };

test('a table made by its contract has exactly its types from the first record on', async () => {
  await using lab = await queryLab('pg.public.users');
  const applied = await applyContract(lab.target, wanted(base, '1.0.0'), deps(lab));
  assert.equal(applied.outcome, 'applied');
  assert.deepEqual([...new Set(applied.plan.steps.map((step) => step.kind))], ['add']);
  assert.equal((await applyContract(lab.target, wanted(base, '1.0.0'), deps(lab))).outcome, 'unchanged');
  await lab.land([event(1, usual), event(2, { ...usual, fare: '12.3' }), event(3, { ...usual, fare: null, born: null })]);
  const { rows } = await lab.lake.query(
    'SELECT id, fare, born, phone, small, hex(photo), typeof(fare), typeof(born), typeof(small) FROM current.users ORDER BY id',
  );
  assert.deepEqual(rows, [
    [1n, '12.30', '2024-11-21', '+49', 7, 'DEADBEEF', 'DECIMAL(12,2)', 'DATE', 'INTEGER'],
    [3n, null, null, '+49', 7, 'DEADBEEF', 'DECIMAL(12,2)', 'DATE', 'INTEGER'],
  ]);
  const { rows: rescued } = await lab.lake.query('SELECT _rescued.reason FROM raw.users WHERE _rescued IS NOT NULL');
  assert.deepEqual(rescued, [['not-as-typed: after.fare is no decimal(12,2) that is written back as it came']]);
  await allRebuild(lab, 3);
});

test('add, rename, widen, reorder, document and drop: rows before and after read under the names of today, and rebuild', async () => {
  await using lab = await queryLab('pg.public.users');
  await applyContract(lab.target, wanted(base, '1.0.0'), deps(lab));
  await lab.land([event(1, usual), event(2, usual)]);
  const next: readonly Property[] = [
    { name: 'id', id: '1', type: 'bigint' },
    { name: 'mobile', id: '4', type: 'text', description: 'Where to call' },
    { name: 'fare', id: '2', type: 'numeric(14,2)' },
    { name: 'small', id: '5', type: 'bigint' },
    { name: 'born', id: '3', type: 'date' },
    { name: 'city', id: '7', type: 'text' },
  ];
  const { outcome, plan } = await applyContract(lab.target, wanted(next, '1.1.0'), deps(lab));
  assert.equal(outcome, 'applied');
  assert.deepEqual(
    plan.steps.map(({ kind, column, detail }) => `${kind} ${column}: ${detail}`),
    [
      'rename mobile: phone → mobile',
      'document mobile: Where to call',
      'widen fare: decimal(12,2) → decimal(14,2)',
      'widen small: int → long',
      'add city: string',
      `hide photo: kept as _dropped_${photoId(plan)}_photo`,
      'reorder *: id, mobile, fare, small, born, city',
    ],
  );
  await noticed();
  // The source renames a little later than the lake: both keys go to the one column.
  await lab.land([event(3, { ...usual, fare: '123456789012.34', small: 5_000_000_000 })]);
  await lab.land([event(4, { mobile: '+31', fare: '1.00', small: 1, born: 0, city: 'Köln' })]);
  const { rows } = await lab.lake.query('SELECT * EXCLUDE (_log_partition, _log_offset, _changed_at) FROM current.users ORDER BY id');
  assert.deepEqual(rows, [
    [1n, '+49', '12.30', 7n, '2024-11-21', null],
    [2n, '+49', '12.30', 7n, '2024-11-21', null],
    [3n, '+49', '123456789012.34', 5_000_000_000n, '2024-11-21', null],
    [4n, '+31', '1.00', 1n, '1970-01-01', 'Köln'],
  ]);
  await allRebuild(lab, 4);
});

test('another type needs a decision; replaced, new rows are typed and the current view reads the old ones cast', async () => {
  await using lab = await queryLab('pg.public.users');
  const at = '2024-07-01T07:00:00.000000Z';
  await lab.land([event(1, { ...usual, at, made: 1_709_210_096_123_456 }), event(2, { ...usual, fare: 'NaN', at: null, made: null })]);
  const typed: readonly Property[] = [...base, { name: 'at', type: 'timestamptz' }, { name: 'made', type: 'timestamp' }];
  const asked = await applyContract(lab.target, wanted(typed, '1.0.0'), deps(lab));
  assert.equal(asked.outcome, 'undecided');
  assert.deepEqual(
    asked.plan.steps.filter((step) => step.kind === 'decision').map((step) => [step.column, step.choices.map((choice) => choice.decision)]),
    ['fare', 'born', 'photo', 'at', 'made'].map((column) => [column, ['replace', 'keep']]),
  );
  const { outcome } = await applyContract(lab.target, wanted(typed, '1.0.0', { '*': 'replace', photo: 'keep' }), deps(lab));
  assert.equal(outcome, 'applied');
  await noticed();
  await lab.land([event(3, { ...usual, at, made: -1 }), event(4, { ...usual, fare: '99.99', at: null, made: null })]);
  const { rows } = await lab.lake.query(
    'SELECT id, fare, born, photo, "at", made, typeof(fare), typeof(photo) FROM current.users ORDER BY id',
  );
  assert.deepEqual(rows, [
    [1n, '12.30', '2024-11-21', '3q2+7w==', '2024-07-01 07:00:00+00', '2024-02-29 12:34:56.123456', 'DECIMAL(12,2)', 'VARCHAR'],
    [2n, null, '2024-11-21', '3q2+7w==', null, null, 'DECIMAL(12,2)', 'VARCHAR'],
    [3n, '12.30', '2024-11-21', '3q2+7w==', '2024-07-01 07:00:00+00', '1969-12-31 23:59:59.999999', 'DECIMAL(12,2)', 'VARCHAR'],
    [4n, '99.99', '2024-11-21', '3q2+7w==', null, null, 'DECIMAL(12,2)', 'VARCHAR'],
  ]);
  await allRebuild(lab, 4);
});

const cell = (value: unknown) => ({ value, deletion_ts: null, set: true });

test('cells of Cassandra take the contract’s types as well, also in a table that had others', async () => {
  await using lab = await queryLab('cass.ride.rides');
  const ride = (id: string, after: object, us: number) => ({
    key: `{"id":"${id}"}`,
    value: {
      ts_ms: 1,
      op: 'i',
      source: { ts_us: us, snapshot: 'false', keyspace: 'ride', file: 'f', pos: us },
      after: { id: cell(id), ...after },
    },
  });
  const usualRide = { fare: cell('12.50'), at: cell(1_795_251_919_231), tags: cell(['a']), raw: cell('3q2+7w==') };
  await lab.land([ride('a', usualRide, 1), ride('b', { ...usualRide, fare: null }, 2)]);
  const table: ContractTable = {
    ...contractTable([
      { name: 'id', type: 'text' },
      { name: 'fare', type: 'decimal(8,2)' },
      { name: 'at', type: 'timestamp' },
      { name: 'tags', type: 'list<text>' },
      { name: 'raw', type: 'blob' },
    ]),
    name: 'rides',
  };
  const { outcome } = await applyContract(
    lab.target,
    { contract: { id: 'rides', version: '1.0.0' }, table, decisions: new Map([['*', 'replace']]) },
    deps(lab),
  );
  assert.equal(outcome, 'applied');
  await noticed();
  await lab.land([ride('b', { fare: cell('7.25'), at: null, tags: null, raw: null }, 3), ride('c', usualRide, 4)]);
  const { rows } = await lab.lake.query('SELECT id, fare, "at", tags, hex(raw), typeof(fare) FROM current.rides ORDER BY id');
  const bytes = 'DEADBEEF';
  assert.deepEqual(rows, [
    ['a', '12.50', '2026-11-21 09:05:19.231+00', ['a'], bytes, 'DECIMAL(8,2)'],
    ['b', '7.25', '2026-11-21 09:05:19.231+00', ['a'], bytes, 'DECIMAL(8,2)'],
    ['c', '12.50', '2026-11-21 09:05:19.231+00', ['a'], bytes, 'DECIMAL(8,2)'],
  ]);
  await allRebuild(lab, 4);
});

test('a name that differs only in case cannot be decided away; a plan for a table that is absent is all additions', async () => {
  await using lab = await queryLab('pg.public.users');
  const { steps, undecided } = await planContract(lab.target, wanted(base, '1.0.0'), lab.catalog);
  assert.deepEqual([steps.length, undecided], [base.length, 0]);
  await lab.land([event(1, { Email: 'x' })]);
  const plan = await planContract(lab.target, wanted([...base, { name: 'email', type: 'text' }], '1.0.0', { '*': 'replace' }), lab.catalog);
  assert.equal(plan.undecided, 1);
  assert.match(plan.steps.at(-1)?.detail ?? '', /equal but for case/);
});

const planned = (table: ContractTable, before: { schema: typeof rawSchema; lastColumnId: number; columns: string | undefined }) =>
  planEvolution({ ...before, contract: { id: 'users', version: '1.0.0' }, table, decisions: new Map() });

test('a property that comes back after it was dropped is a new column', () => {
  const first = planned(contractTable(base), { schema: rawSchema, lastColumnId: highestFieldId(rawSchema), columns: undefined });
  const without = planned(contractTable(base.slice(0, 5)), {
    schema: first.schema ?? rawSchema,
    lastColumnId: first.lastColumnId,
    columns: first.columns,
  });
  assert.deepEqual(
    without.steps.map((step) => step.kind),
    ['hide'],
  );
  const again = planned(contractTable(base), {
    schema: without.schema ?? rawSchema,
    lastColumnId: without.lastColumnId,
    columns: without.columns,
  });
  assert.deepEqual(
    again.steps.map((step) => step.kind),
    ['add'],
  );
});

function photoId(plan: { readonly moves: readonly { readonly parent: string; readonly to: string }[] }): string {
  return /_dropped_(\d+)_photo/.exec(plan.moves.find((move) => move.parent === 'after' && move.to.includes('photo'))?.to ?? '')?.[1] ?? '';
}

test('what the record’s text cannot be one spelling of stays text', () => {
  const table = contractTable([
    { name: 'a', type: 'timestamptz(3)' },
    { name: 'b', type: 'numeric' },
    { name: 'c', type: 'numeric(8,2)[]' },
    { name: 'd', type: 'text[]' },
    { name: 'e', type: 'timestamptz' },
    { name: 'f', type: 'jsonb' },
    { name: 'g', type: 'time' },
  ]);
  const { columns, ...rest } = table;
  const masked = {
    ...rest,
    columns: columns.map((column) => (column.name === 'e' ? { ...column, mask: { kind: 'redact', text: '' } as const } : column)),
  };
  assert.deepEqual(
    lakeColumns(table).map(({ type }) => type),
    ['string', 'string', 'string', { type: 'list', element: 'string' }, 'timestamptz', 'string', 'long'],
  );
  assert.equal(lakeColumns(masked)[4]?.type, 'string');
});

test('the worker gives a new table the columns of the contract in force before the first record, and leaves others alone', async () => {
  await using lab = await queryLab('pg.public.users');
  const { contract, table } = wanted(base, '1.0.0');
  const inForce = { contract, table, digest: 'd', effective: { kind: 'now' } } as unknown as ContractInForce;
  const registry = { contractsInForce: async () => [inForce] } as unknown as Contracts;
  const contracts = (ident: TableTarget['ident']) =>
    new TableContracts(ident, { contracts: registry, maskKeys: new Map(), clock: systemClock, refreshMs: 1000, failed: () => undefined });
  const commitDeps = {
    ...deps(lab),
    logger: silentLogger,
    crashPoint: async () => undefined,
    waiting: () => undefined,
    waitMinMs: 1,
    waitMaxMs: 1,
  } as unknown as CommitDeps;
  const { signal } = new AbortController();
  const fresh: TableTarget = { topic: 'pg.public.people', ident: { namespace: ['raw'], name: 'people' } };
  const opened = await openTable(fresh, contracts(fresh.ident), commitDeps, signal);
  const after = currentSchema(opened.metadata).fields.find((field) => field.name === 'after')?.type;
  assert.deepEqual(
    typeof after === 'object' && after.type === 'struct' ? after.fields.map(({ name, type }) => `${name} ${String(type)}`) : after,
    ['id long', 'fare decimal(12,2)', 'born date', 'phone string', 'small int', 'photo binary'],
  );
  await lab.land([event(1, usual)]);
  const before = await lab.catalog.loadTable(lab.target.ident);
  const again = await openTable(lab.target, contracts(lab.target.ident), commitDeps, signal);
  assert.equal(again.metadata['current-schema-id'], before?.metadata['current-schema-id'], 'a table with rows waits for a person');
});
