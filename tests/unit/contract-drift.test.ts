import assert from 'node:assert/strict';
import test from 'node:test';
import type { ContractInForce } from '../../catalog/contracts.ts';
import { driftWatch } from '../../cli/contract/drift-watch.ts';
import { columnsOf } from '../../contracts/columns.ts';
import type { Contract } from '../../contracts/contract.ts';
import { draftContract } from '../../contracts/draft/draft-contract.ts';
import { driftText, isDrift } from '../../contracts/draft/drift-text.ts';
import { driftOf, type Drift } from '../../contracts/draft/drift.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import { memorySource } from '../../sources/memory-source.ts';
import type { SourceColumn, SourceTable } from '../../sources/source.ts';
import { accountsTable, sourceColumn, sourceType, tripsTable } from './contract-source-fixture.ts';

const before: Contract = draftContract(accountsTable(), 'postgres', { id: 'accounts', tableName: 'accounts' }).contract;

/** kind, column, severity of each finding. */
function found(source: SourceTable, contract = before): readonly string[] {
  return driftOf(contract, source, 'postgres').map(({ kind, column, severity }) => `${severity} ${kind} ${column ?? '-'}`);
}

function columnOf(name: string): SourceColumn {
  const one = accountsTable().columns.find((candidate) => candidate.name === name);
  assert.ok(one);
  return one;
}

test('a table that is as its contract says has no drift', () => {
  assert.deepEqual(driftOf(before, accountsTable(), 'postgres'), []);
  const trips = draftContract(tripsTable(), 'cassandra', { id: 'trips', tableName: 'trips' }).contract;
  assert.deepEqual(driftOf(trips, tripsTable(), 'cassandra'), []);
});

test('a column with the same number and another name is renamed, not dropped and added', () => {
  const renamed = accountsTable({ born: null, birth_date: { ...columnOf('born'), name: 'birth_date' } });
  const [drift] = driftOf(before, renamed, 'postgres');
  assert.deepEqual(found(renamed), ['error column-renamed born']);
  assert.match(drift?.found ?? '', /birth_date \(same column number 10\)/);
  assert.match(drift?.mend ?? '', /Rename born to birth_date in the contract and keep x-id 10/);
});

test('a rename is one beside other changes as well', () => {
  const nickname = sourceColumn('nickname', sourceType('text'), { number: 30 });
  const changed = accountsTable({ born: null, birth_date: { ...columnOf('born'), name: 'birth_date' }, nickname, tags: null });
  assert.deepEqual(found(changed), ['error column-dropped tags', 'error column-renamed born', 'warning column-added nickname']);
  // A name that is taken by a known column is no new name of another.
  const replaced = accountsTable({ born: null, tags: { ...columnOf('born'), name: 'tags' } });
  assert.deepEqual(found(replaced), ['error type-changed tags', 'error column-dropped born', 'warning column-renumbered tags']);
});

test('a renamed key column is a rename, not another key', () => {
  const renamed = accountsTable({ id: { ...columnOf('id'), name: 'account_id' } }, { key: ['account_id'] });
  assert.deepEqual(found(renamed), ['error column-renamed id']);
});

test('two columns that exchanged their names are two renames', () => {
  const born = { ...columnOf('born'), name: 'age' };
  const age = { ...columnOf('age'), name: 'born' };
  assert.deepEqual(found(accountsTable({ born, age }, { checks: [] })).slice(0, 2), [
    'error column-renamed age',
    'error column-renamed born',
  ]);
});

test('a column dropped and added again under its name has another number, which is told', () => {
  assert.deepEqual(found(accountsTable({ born: { ...columnOf('born'), number: 40 } })), ['warning column-renumbered born']);
});

test('after a restore from a dump, when numbers are counted anew, names decide', () => {
  const restored = accountsTable();
  const columns = restored.columns.map((one, index) => ({ ...one, number: index + 1 }));
  assert.ok(found({ ...restored, columns }).every((line) => line.startsWith('warning column-renumbered')));
});

const changes: readonly (readonly [what: string, change: Readonly<Record<string, SourceColumn | null>>, expected: readonly string[]])[] = [
  ['added', { nickname: sourceColumn('nickname', sourceType('text'), { number: 30 }) }, ['warning column-added nickname']],
  ['dropped', { born: null }, ['error column-dropped born']],
  [
    'widened',
    {
      age: { ...columnOf('age'), type: sourceType('int8', 'bigint') },
      balance: { ...columnOf('balance'), type: sourceType('numeric', 'numeric(14,2)') },
    },
    ['error type-widened balance', 'error type-widened age'],
  ],
  ['longer', { email: { ...columnOf('email'), type: sourceType('varchar', 'character varying(400)') } }, ['error type-widened email']],
  ['without length', { email: { ...columnOf('email'), type: sourceType('varchar', 'character varying') } }, ['error type-widened email']],
  ['narrowed', { balance: { ...columnOf('balance'), type: sourceType('numeric', 'numeric(10,2)') } }, ['warning type-narrowed balance']],
  [
    'fewer whole digits, more places',
    { balance: { ...columnOf('balance'), type: sourceType('numeric', 'numeric(12,4)') } },
    ['error type-changed balance'],
  ],
  ['another type', { born: { ...columnOf('born'), type: sourceType('text') } }, ['error type-changed born']],
  ['an enum made text', { status: { ...columnOf('status'), type: sourceType('text') } }, ['error type-changed status']],
  ['nullable', { balance: { ...columnOf('balance'), isNullable: true } }, ['error nullable balance']],
  ['not null', { born: { ...columnOf('born'), isNullable: false } }, ['info not-null born']],
  [
    'labels',
    { status: { ...columnOf('status'), type: sourceType('enum', 'public.user_status', { labels: ['active', 'closed', 'banned'] }) } },
    ['error enum-label-added status', 'warning enum-label-removed status'],
  ],
];

test('each kind of change is told with its severity', () => {
  for (const [what, change, expected] of changes) assert.deepEqual(found(accountsTable(change)), expected, what);
});

test('a column that the contract never lets be null, required or not, may not become nullable unseen', () => {
  const [table] = before.tables;
  assert.ok(table && typeof table.body === 'object');
  const { balance, ...properties } = Object(table.body['properties']);
  const body = { ...table.body, properties: { ...properties, balance }, required: [] };
  const contract: Contract = { ...before, tables: [{ ...table, body, columns: columnsOf(body) }] };
  const lines = found(accountsTable({ balance: { ...columnOf('balance'), isNullable: true } }), contract);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('error')),
    ['error nullable balance'],
  );
});

test('another key, a lost unique constraint and a missing table are told', () => {
  assert.deepEqual(found(accountsTable({}, { key: ['id', 'email'] })), ['error key-changed -']);
  assert.deepEqual(found(accountsTable({}, { uniques: [] })), ['warning unique-dropped email']);
  assert.deepEqual(found({ ...accountsTable(), name: { namespace: 'public', table: 'others' } }), ['error table-missing -']);
});

test('Cassandra renames key columns only: they are known by their place', () => {
  const contract = draftContract(tripsTable(), 'cassandra', { id: 'trips', tableName: 'trips' }).contract;
  const trips = tripsTable();
  const columns = trips.columns.map((one) => (one.name === 'trip_id' ? { ...one, name: 'id' } : one));
  const renamed = driftOf(contract, { ...trips, columns, key: ['city', 'day', 'id'] }, 'cassandra');
  assert.deepEqual(
    renamed.map(({ kind, column: name }) => [kind, name]),
    [['column-renamed', 'trip_id']],
  );
  const place = sourceType('udt', 'frozen<place>', { fields: [{ name: 'lat', type: sourceType('float') }] });
  const changed = trips.columns.map((one) => (one.name === 'pickup' ? { ...one, type: place } : one));
  assert.deepEqual(
    driftOf(contract, { ...trips, columns: changed }, 'cassandra').map(({ kind }) => kind),
    ['type-narrowed'],
  );
});

test('every finding says what the contract has, what the source has, and what to do', () => {
  for (const drift of changes.flatMap(([, change]) => driftOf(before, accountsTable(change), 'postgres'))) {
    for (const part of [drift.expected, drift.found, drift.mend]) assert.ok(part.length > 0, drift.kind);
    assert.match(driftText(drift), /contract: .+\n {4}source: .+\n {4}mend: .+/);
  }
  assert.equal(isDrift(driftOf(before, accountsTable({ born: { ...columnOf('born'), isNullable: false } }), 'postgres')), false);
});

interface Told {
  readonly level: string;
  readonly text: string;
}

/** A watch over one table, with a clock that only moves when the test lets it. */
function watched(tables: { current: SourceTable | null }, contract: () => Promise<ContractInForce | null>) {
  const told: Told[] = [];
  const figures = new Map<string, number>();
  const write = (level: string) => (_fields: unknown, text?: string) => void told.push({ level, text: text ?? '' });
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') } as unknown as Logger;
  const metrics = {
    set: (name: string, labels: object, value: number) => void figures.set(`${name} ${Object.values(labels).join(' ')}`, value),
  } as unknown as Metrics;
  let wake: (() => void) | null = null;
  const sleeping = { resolve: (): void => undefined };
  const clock = {
    now: () => 1_000,
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        wake = resolve;
        signal?.addEventListener('abort', () => resolve(), { once: true });
        sleeping.resolve();
      }),
  } as unknown as Clock;
  const watch = driftWatch({
    targets: () => [{ topic: 'pg.public.accounts', ident: { namespace: ['raw'], name: 'accounts' } }],
    intervalMs: 60_000,
    activeContract: contract,
    openLive: () => {
      const source = memorySource({ tables: tables.current ? [{ table: tables.current, rows: [] }] : [] });
      const name = { namespace: 'public', table: 'accounts' };
      return { source, database: 'postgres', name, tableName: 'accounts', [Symbol.asyncDispose]: async () => undefined };
    },
    clock,
    logger,
    metrics,
  });
  const turn = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    sleeping.resolve = resolve;
    wake?.();
    await promise;
  };
  return { watch, told, figures, turn };
}

test('the watch tells each difference once, counts it, and says when it is gone; it outlives a source that is away', async () => {
  const tables: { current: SourceTable | null } = { current: accountsTable() };
  const [table] = before.tables;
  assert.ok(table);
  const inForce = { contract: before, table } as unknown as ContractInForce;
  let isAway = false;
  const { watch, told, figures, turn } = watched(tables, async () => {
    if (isAway) throw new Error('the registry is away');
    return inForce;
  });
  const ended = new AbortController();
  const running = watch.run(ended.signal);
  await turn();
  assert.equal(told.length, 0);
  assert.equal(figures.get('foz_contract_drift accounts error'), 0);
  tables.current = accountsTable({ born: null });
  await turn();
  await turn();
  assert.deepEqual(told, [{ level: 'warn', text: 'the source has drifted from its contract' }]);
  assert.equal(figures.get('foz_contract_drift accounts error'), 1);
  assert.deepEqual(
    watch.status().map(({ contract, version, drifts, problem }) => [contract, version, drifts.map((one: Drift) => one.kind), problem]),
    [['accounts', '1.0.0', ['column-dropped'], null]],
  );
  isAway = true;
  await turn();
  assert.equal(watch.status()[0]?.problem, 'the registry is away');
  isAway = false;
  tables.current = null;
  await turn();
  assert.deepEqual(
    watch.status()[0]?.drifts.map(({ kind }) => kind),
    ['table-missing'],
  );
  tables.current = accountsTable();
  await turn();
  assert.equal(told.at(-1)?.text, 'drift is gone');
  assert.equal(figures.get('foz_contract_drift accounts error'), 0);
  ended.abort();
  await running;
});

const accountsChecks = (more: NonNullable<SourceTable['checks']>): SourceTable => {
  const table = accountsTable();
  const names = new Set(more.map(({ name }) => name));
  return { ...table, checks: [...(table.checks ?? []).filter(({ name }) => !names.has(name)), ...more] };
};

const check = (name: string, expression: string, column: string) => ({ name, expression, columns: [column], isValidated: true });

test('a CHECK that lets through what the contract forbids is drift; one that says more is only told', () => {
  assert.deepEqual(found(accountsChecks([check('age_check', '((age >= 16) AND (age < 130))', 'age')])), ['warning check-loosened age']);
  assert.deepEqual(found(accountsChecks([check('age_check', '((age > 17) AND (age <= 129))', 'age')])), []);
  assert.deepEqual(found(accountsChecks([check('age_check', '((age >= 21) AND (age < 130))', 'age')])), ['info check-tightened age']);
  assert.deepEqual(found(accountsChecks([check('mail_length', '(char_length(email) <= 100)', 'email')])), ['info check-tightened email']);
  assert.deepEqual(
    found(accountsChecks([check('currency_check', "(currency = ANY (ARRAY['EUR'::bpchar, 'GBPC'::bpchar]))", 'currency')])),
    ['warning check-loosened currency'],
  );
  // A rule of the contract that no constraint stands behind is the contract's own.
  assert.deepEqual(found(accountsChecks([check('age_check', '(age >= 18)', 'age')])), []);
  const [drift] = driftOf(before, accountsChecks([check('age_check', '(age >= 16)', 'age')]), 'postgres');
  assert.deepEqual([drift?.expected, drift?.found], ['minimum: 18', 'CHECK: minimum: 16']);
  assert.match(drift?.mend ?? '', /Write minimum: 16 in the contract, or tighten the constraint: ALTER TABLE public\.accounts ADD CHECK/);
});

test('a CHECK that the contract keeps as text is told when it is another, gone, or new', () => {
  const born = { ...check('born_check', '(born <= created_at)', 'born'), columns: ['born', 'created_at'] };
  assert.deepEqual(found(accountsChecks([born])), ['warning check-changed -']);
  const table = accountsTable();
  const without = { ...table, checks: (table.checks ?? []).filter(({ name }) => name !== 'born_check') };
  assert.deepEqual(found(without), ['warning check-dropped -']);
  assert.match(
    driftOf(before, without, 'postgres')[0]?.mend ?? '',
    /ALTER TABLE public\.accounts ADD CONSTRAINT born_check CHECK \(born < created_at\);/,
  );
  assert.deepEqual(found(accountsChecks([{ ...born, name: 'second' }])), ['info check-added -']);
});

test('a comment that differs is told; a description without a comment is the contract’s own', () => {
  assert.deepEqual(found(accountsTable({ email: { ...columnOf('email'), comment: 'Private' } })), ['info comment-changed email']);
  const { comment: _comment, ...silent } = columnOf('email');
  assert.deepEqual(found(accountsTable({ email: silent })), []);
  const [drift] = driftOf(before, accountsTable({}, { comment: "Who ride's" }), 'postgres');
  assert.match(
    drift?.mend ?? '',
    /^Write description: "Who ride's" in the contract\. Or in the source: COMMENT ON TABLE public\.accounts IS 'Who rides';$/,
  );
});

test('figures that a contract gives Cassandra’s decimal are its own: how the lake stores it', () => {
  const table = tripsTable();
  const withFare = { ...table, columns: [...table.columns, sourceColumn('toll', sourceType('decimal'))] };
  const { contract } = draftContract(withFare, 'cassandra', { id: 'trips', tableName: 'trips' });
  const text = JSON.stringify(contract.tables[0]?.body).replace('"x-physicalType":"decimal"', '"x-physicalType":"decimal(12,2)"');
  assert.match(text, /decimal\(12,2\)/);
  const body = JSON.parse(text);
  const tables = contract.tables.map((one) => ({ ...one, body, columns: columnsOf(body) }));
  assert.deepEqual(driftOf({ ...contract, tables }, withFare, 'cassandra'), []);
});
