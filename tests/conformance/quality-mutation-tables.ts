// Tables of users and rides, as they are or with faults planted in them, and the checks of both. Used on DuckDB and Trino.

import type { Aggregate, Check, Measure, Threshold, Valid } from '../../quality/check.ts';
import type { LakeTables, TableColumns } from '../unit/lake-table-fixture.ts';
import { checkOf as plainCheck } from '../unit/quality-fixture.ts';

export const usersTable: TableColumns = {
  name: 'users',
  source: 'postgres',
  columns: [
    ['id', 'long'],
    ['email', 'string'],
    ['full_name', 'string'],
    ['status', 'string'],
    ['city', 'string'],
    ['balance', 'decimal(12,2)'],
    ['rating', 'double'],
    ['born', 'date'],
    ['seen', 'timestamptz'],
  ],
};

export const ridesTable: TableColumns = {
  name: 'rides',
  source: 'cassandra',
  columns: [
    ['city', 'string'],
    ['ride_id', 'string'],
    ['user_id', 'long'],
    ['fare', 'decimal(12,2)'],
    ['surge', 'double'],
    ['status', 'string'],
  ],
};

export const usersCount = 200;
export const ridesCount = 300;
export const now = Date.parse('2026-11-21T10:00:00Z');

/** Columns of user `i`. */
export const userColumns: Readonly<Record<string, string>> = {
  id: 'i',
  email: `'u' || i || '@example.com'`,
  full_name: `'Name ' || i`,
  status: `['active', 'suspended', 'closed'][i % 3 + 1]`,
  city: `['Porto', 'Braga', 'Faro', 'Évora', 'Aveiro'][i % 5 + 1]`,
  balance: '(i * 7 % 1000) / 4',
  rating: 'CASE WHEN i % 10 = 9 THEN NULL ELSE 1 + (i % 9) / 2 END',
  born: `DATE '1980-01-01' + CAST(i AS INTEGER)`,
  seen: `TIMESTAMPTZ '2026-11-21 09:30:00+00' - INTERVAL (i) MINUTE`,
};

/** Columns of ride `i`. */
export const rideColumns: Readonly<Record<string, string>> = {
  city: `['ams', 'zrh'][i % 2 + 1]`,
  ride_id: `'ride-' || i`,
  user_id: `i % ${usersCount}`,
  fare: '5 + i / 4',
  surge: '1 + (i % 5) / 4',
  status: `['requested', 'done'][i % 2 + 1]`,
};

export interface Plant {
  /** Column expressions over `i`, in place of the ordinary ones. */
  readonly users?: Readonly<Record<string, string>>;
  readonly rides?: Readonly<Record<string, string>>;
  /** Rows that there are: a condition over `i`, and how many `i`s. */
  readonly keepUsers?: string;
  readonly usersCount?: number;
  /** Users deleted afterwards, by a condition over `i`. */
  readonly deleteUsers?: string;
  readonly changedAt?: string;
}

function structSql(columns: Readonly<Record<string, string>>): string {
  const members = Object.entries(columns).map(([name, value]) => `${name}: ${value}`);
  return `{${members.join(', ')}}`;
}

/** `prefix`: the tables are `<prefix>users` and `<prefix>rides`. */
export async function plantTables(lab: LakeTables, plant: Plant, prefix = ''): Promise<void> {
  await lab.create({ ...usersTable, name: `${prefix}users` });
  await lab.create({ ...ridesTable, name: `${prefix}rides` });
  const changedAt = plant.changedAt ?? `TIMESTAMPTZ '2026-11-21 09:59:58+00'`;
  const count = plant.usersCount ?? usersCount;
  const all = { ...userColumns, ...plant.users };
  await lab.append(
    `${prefix}users`,
    `SELECT i AS o, '{"id":' || ${all['id'] ?? 'i'} || ',"n":' || i || '}' AS key, 'c' AS op, ${changedAt} AS changed_at, ${structSql(all)} AS after FROM range(${count}) t(i) WHERE ${plant.keepUsers ?? 'true'}`,
    { day: '2026-11-20', now: now - 1_000 },
  );
  if (plant.deleteUsers !== undefined)
    await lab.append(
      `${prefix}users`,
      `SELECT ${count} + i AS o, '{"id":' || i || ',"n":' || i || '}' AS key, 'd' AS op, ${changedAt} AS changed_at, CASE WHEN false THEN ${structSql(all)} END AS after FROM range(${count}) t(i) WHERE ${plant.deleteUsers}`,
      { day: '2026-11-20', now: now - 500 },
    );
  await lab.append(
    `${prefix}rides`,
    `SELECT i AS o, '{"city":"c","ride_id":"' || i || '"}' AS key, 'i' AS op, ${changedAt} + INTERVAL (i) MICROSECOND AS changed_at, ${structSql({ ...rideColumns, ...plant.rides })} AS after FROM range(${ridesCount}) t(i)`,
    { day: '2026-11-20', now: now - 1_000 },
  );
}

const none: Threshold = { operator: 'equal', values: [0], unit: 'value' };
const exactly = (value: number): Threshold => ({ operator: 'equal', values: [value], unit: 'value' });
const between = (low: number, high: number): Threshold => ({ operator: 'between', values: [low, high], unit: 'value' });
const atMost = (value: number, unit: Threshold['unit'] = 'value'): Threshold => ({ operator: 'lessOrEqual', values: [value], unit });

export function checkOf(table: string, name: string, measure: Measure, fail: Threshold | null, more: Partial<Check> = {}): Check {
  return plainCheck(name, { table, measure, fail, ...more });
}

/** All checks, with thresholds that tables without a fault pass. */
export function mutationChecks(view: Check['view'], prefix = ''): readonly Check[] {
  const [u, r] = [`${prefix}users`, `${prefix}rides`];
  const own = (name: string) => (view === 'raw' ? `"after".${name}` : name);
  const cell = (name: string) => (view === 'raw' ? `"after".${name}.value` : name);
  const newCheck = (...[table, name, measure, fail, more]: Parameters<typeof checkOf>) =>
    checkOf(table, name, measure, fail, { view, ...more });
  const invalid = (table: string, name: string, column: string, valid: Valid, more: Partial<Check> = {}) =>
    newCheck(table, name, { kind: 'invalid', column, valid }, none, more);
  const figure = (name: string, column: string, of: Aggregate, fail: Threshold, table = u) =>
    newCheck(table, name, { kind: 'aggregate', column, of }, fail);
  return [
    newCheck(u, 'rows', { kind: 'rowCount' }, exactly(usersCount)),
    newCheck(u, 'rows-active', { kind: 'rowCount' }, exactly(67), { filter: `${own('status')} = 'active'` }),
    newCheck(u, 'email-nulls', { kind: 'nulls', column: 'email' }, none),
    newCheck(u, 'rating-nulls', { kind: 'nulls', column: 'rating' }, atMost(10, 'percent')),
    newCheck(u, 'name-missing', { kind: 'missing', column: 'full_name', values: ['', 'n/a'] }, none),
    invalid(u, 'status-values', 'status', { kind: 'values', values: ['active', 'suspended', 'closed'] }),
    invalid(u, 'balance-not-values', 'balance', { kind: 'notValues', values: [-1, 999.99] }),
    invalid(u, 'name-pattern', 'full_name', { kind: 'pattern', pattern: '^(Name [0-9]+|n/a|)$' }),
    invalid(u, 'email-format', 'email', { kind: 'format', format: 'email' }),
    invalid(u, 'balance-range', 'balance', { kind: 'range', min: -1, max: 100_000 }),
    invalid(u, 'rating-range', 'rating', { kind: 'range', min: 1, max: 5 }),
    invalid(u, 'born-range', 'born', { kind: 'range', min: '1900-01-01', max: '2025-12-31' }),
    invalid(u, 'city-length', 'city', { kind: 'length', min: 1, max: 6 }),
    newCheck(u, 'email-unique', { kind: 'duplicates', columns: ['email'] }, none),
    newCheck(u, 'name-city-unique', { kind: 'duplicates', columns: ['full_name', 'city'] }, none),
    newCheck(u, 'closed-is-known', { kind: 'expression', sql: `${own('status')} <> 'closed' OR ${own('born')} IS NOT NULL` }, none),
    newCheck(u, 'cities', { kind: 'distinct', column: 'city' }, exactly(5)),
    figure('balance-sum', 'balance', 'sum', exactly(20_575)),
    figure('balance-max', 'balance', 'max', exactly(248.5)),
    figure('balance-min', 'balance', 'min', exactly(0)),
    figure('rating-average', 'rating', 'average', between(2.95, 3.05)),
    figure('rating-stddev', 'rating', 'stddev', between(1.2, 1.4)),
    figure('id-variance', 'id', 'variance', between(3349, 3351)),
    figure('balance-median', 'balance', { quantile: 0.5 }, between(80, 110)),
    newCheck(u, 'seen-freshness', { kind: 'freshness', by: { column: 'seen' } }, atMost(3600)),
    newCheck(u, 'change-freshness', { kind: 'freshness', by: 'change' }, atMost(60)),
    newCheck(u, 'seen-retention', { kind: 'retention', column: 'seen' }, atMost(86_400)),
    newCheck(u, 'latency', { kind: 'latency', quantile: 0.99, overMs: 3_600_000 }, atMost(5)),
    newCheck(
      u,
      'failed-rows',
      {
        kind: 'sql',
        result: 'failedRows',
        sql: `SELECT ${own('id')} AS id, ${own('status')} FROM \${table} WHERE ${own('status')} = 'closed' AND ${own('balance')} > 200`,
      },
      atMost(20),
    ),
    newCheck(
      u,
      'value',
      { kind: 'sql', result: 'value', sql: `SELECT count(*) FROM \${table} u JOIN current.${r} r ON r.user_id = u.${own('id')}` },
      exactly(300),
    ),
    newCheck(r, 'user-exists', { kind: 'relationship', columns: ['user_id'], to: { table: u, columns: ['id'] } }, none),
    newCheck(r, 'done-user-exists', { kind: 'relationship', columns: ['user_id'], to: { table: u, columns: ['id'] } }, none, {
      filter: `${cell('status')} = 'done'`,
    }),
    newCheck(r, 'fare-positive', { kind: 'expression', sql: `${cell('fare')} > 0 /* free rides are none */` }, none),
    newCheck(r, 'fare-sum', { kind: 'aggregate', column: 'fare', of: 'sum' }, exactly(12_712.5)),
    newCheck(r, 'surge-average', { kind: 'aggregate', column: 'surge', of: 'average' }, between(1.49, 1.51)),
  ];
}
