// The table and the twenty checks of the quality benchmark, and each check as people write it by hand: how many rows it is
// about, how many fail, and some of them.

import type { Aggregate, Check, Measure, Threshold } from '../quality/check.ts';
import type { LakeTables, TableColumns } from '../tests/unit/lake-table-fixture.ts';
import { checkOf as plainCheck } from '../tests/unit/quality-fixture.ts';

export const rowsPerFile = 1_000_000;
const accounts = 100_000;

const orders: TableColumns = {
  name: 'orders',
  source: 'postgres',
  columns: [
    ['id', 'long'],
    ['account_id', 'long'],
    ['email', 'string'],
    ['reference', 'string'],
    ['status', 'string'],
    ['city', 'string'],
    ['total', 'decimal(12,2)'],
    ['rating', 'double'],
    ['ordered_at', 'timestamptz'],
    ['note', 'string'],
  ],
};

/** One order in 100,000 has something wrong with it, each in its own way. */
const order = `{id: i, account_id: CASE WHEN i % 700001 = 0 THEN -1 ELSE hash(i) % ${accounts} END,
  email: CASE WHEN i % 900001 = 7 THEN NULL WHEN i % 800001 = 3 THEN 'nowhere' ELSE 'customer' || (i * 7) || '@example.com' END,
  reference: CASE WHEN i % 1000001 = 5 THEN 'R-1' ELSE 'R-' || i END,
  status: CASE WHEN i % 600001 = 1 THEN 'lost' ELSE ['new', 'paid', 'sent', 'done'][(hash(i + 1) % 4 + 1)::INT] END,
  city: ['Porto', 'Braga', 'Faro', 'Aveiro', 'Lisboa', 'Coimbra', 'Viseu', 'Beja'][(hash(i + 2) % 8 + 1)::INT],
  total: (hash(i + 3) % 100000) / 100, rating: CASE WHEN i % 10 = 0 THEN NULL ELSE 1 + (hash(i + 4) % 400) / 100 END,
  ordered_at: TIMESTAMPTZ '2026-11-20 00:00:00+00' + INTERVAL (i % 86400) SECOND,
  note: CASE WHEN i % 3 = 0 THEN '' ELSE 'left at the door of number ' || (i % 977) END}`;

function eventRows(after: string, from: number, to: number): string {
  return `SELECT i AS o, '{"id":' || i || '}' AS key, 'c' AS op, TIMESTAMPTZ '2026-11-20 12:00:00+00' AS changed_at, ${after} AS after FROM range(${from}, ${to}) t(i)`;
}

export async function makeTables(lab: LakeTables, rows: number): Promise<void> {
  await lab.create(orders);
  await lab.create({ name: 'accounts', source: 'postgres', columns: [['id', 'long']] });
  for (let from = 0; from < rows; from += rowsPerFile)
    await lab.append('orders', eventRows(order, from, Math.min(rows, from + rowsPerFile)));
  await lab.append('accounts', eventRows('{id: i}', 0, accounts));
}

export interface BenchCheck {
  readonly check: Check;
  /** By hand, over `after`'s columns under their names: rows considered; what is measured; which rows fail, where any do. */
  readonly by: { readonly considered: string; readonly measured: string; readonly failing: string | null };
}

const none: Threshold = { operator: 'equal', values: [0], unit: 'value' };

function checkOf(name: string, measure: Measure, fail: Threshold): Check {
  return plainCheck(name, { table: 'orders', view: 'raw', measure, fail });
}

const total = 'SELECT count(*) FROM orders';

function counted(name: string, measure: Measure, condition: string): BenchCheck {
  const failing = `SELECT * FROM orders WHERE ${condition} LIMIT 100`;
  return {
    check: checkOf(name, measure, none),
    by: { considered: total, measured: `SELECT count(*) FROM orders WHERE ${condition}`, failing },
  };
}

function figure(name: string, column: string, of: Aggregate, sql: string): BenchCheck {
  const fail: Threshold = { operator: 'greaterOrEqual', values: [0], unit: 'value' };
  return {
    check: checkOf(name, { kind: 'aggregate', column, of }, fail),
    by: { considered: total, measured: `SELECT ${sql} FROM orders`, failing: null },
  };
}

const emailPattern = '^[^@ ]+@[^@ ]+[.][a-z]+$';
const twice = (column: string) => `SELECT ${column}, count(*) FROM orders WHERE ${column} IS NOT NULL GROUP BY 1 HAVING count(*) > 1`;

function invalid(column: string, valid: Extract<Measure, { kind: 'invalid' }>['valid']): Measure {
  return { kind: 'invalid', column, valid };
}

export function benchChecks(rows: number): readonly BenchCheck[] {
  return [
    {
      check: checkOf('rows', { kind: 'rowCount' }, { operator: 'equal', values: [rows], unit: 'value' }),
      by: { considered: total, measured: total, failing: null },
    },
    counted('email-nulls', { kind: 'nulls', column: 'email' }, 'email IS NULL'),
    counted('status-nulls', { kind: 'nulls', column: 'status' }, 'status IS NULL'),
    counted('ordered-nulls', { kind: 'nulls', column: 'ordered_at' }, 'ordered_at IS NULL'),
    counted(
      'city-missing',
      { kind: 'missing', column: 'city', values: ['', 'n/a', 'unknown'] },
      "city IS NULL OR city IN ('', 'n/a', 'unknown')",
    ),
    counted(
      'status-valid',
      invalid('status', { kind: 'values', values: ['new', 'paid', 'sent', 'done'] }),
      "status NOT IN ('new', 'paid', 'sent', 'done')",
    ),
    counted('email-pattern', invalid('email', { kind: 'pattern', pattern: emailPattern }), `NOT regexp_matches(email, '${emailPattern}')`),
    counted(
      'reference-pattern',
      invalid('reference', { kind: 'pattern', pattern: '^R-[0-9]+$' }),
      "NOT regexp_matches(reference, '^R-[0-9]+$')",
    ),
    counted('total-range', invalid('total', { kind: 'range', min: 0, max: 10_000 }), 'total < 0 OR total > 10000'),
    counted('rating-range', invalid('rating', { kind: 'range', min: 1, max: 5 }), 'rating < 1 OR rating > 5'),
    counted(
      'ordered-range',
      invalid('ordered_at', { kind: 'range', min: '2020-01-01', max: '2026-12-31' }),
      "ordered_at < TIMESTAMPTZ '2020-01-01' OR ordered_at > TIMESTAMPTZ '2026-12-31'",
    ),
    counted('note-length', invalid('note', { kind: 'length', min: null, max: 200 }), 'length(note) > 200'),
    {
      check: checkOf('reference-unique', { kind: 'duplicates', columns: ['reference'] }, none),
      by: {
        considered: total,
        measured: `SELECT coalesce(sum(n - 1), 0) FROM (${twice('reference')}) q(v, n)`,
        failing: `SELECT * FROM orders WHERE reference IN (SELECT v FROM (${twice('reference')}) q(v, n)) LIMIT 100`,
      },
    },
    counted(
      'account-exists',
      { kind: 'relationship', columns: ['account_id'], to: { table: 'accounts', columns: ['id'] } },
      'account_id IS NOT NULL AND account_id NOT IN (SELECT id FROM accounts)',
    ),
    counted(
      'done-is-rated',
      { kind: 'expression', sql: `"after".status <> 'done' OR "after".total >= 0` },
      "NOT (status <> 'done' OR total >= 0)",
    ),
    {
      check: checkOf('cities', { kind: 'distinct', column: 'city' }, { operator: 'between', values: [1, 20], unit: 'value' }),
      by: { considered: total, measured: 'SELECT count(DISTINCT city) FROM orders', failing: null },
    },
    figure('total-sum', 'total', 'sum', 'sum(total)'),
    figure('total-max', 'total', 'max', 'max(total)'),
    figure('rating-average', 'rating', 'average', 'avg(rating)'),
    figure('rating-stddev', 'rating', 'stddev', 'stddev_samp(rating)'),
  ];
}
