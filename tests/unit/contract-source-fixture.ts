// Live tables as introspection describes them, for tests without a database.

import type { SourceColumn, SourceTable, SourceType } from '../../sources/source.ts';

export function sourceType(name: string, declared = name, more: Partial<SourceType> = {}): SourceType {
  return { name, declared, arguments: [], fields: [], length: null, isFrozen: true, ...more };
}

export function sourceColumn(name: string, type: SourceType, more: Partial<SourceColumn> = {}): SourceColumn {
  return { name, type, isNullable: true, keyIndex: null, role: 'regular', isGenerated: false, ...more };
}

const text = sourceType('text');
const labels = ['active', 'suspended', 'closed'];

/** PostgreSQL; `more` replaces columns by name, null removes one. */
export function accountsTable(more: Readonly<Record<string, SourceColumn | null>> = {}, table: Partial<SourceTable> = {}): SourceTable {
  const columns: readonly SourceColumn[] = [
    sourceColumn('id', sourceType('int8', 'bigint'), { isNullable: false, keyIndex: 0, role: 'partition', number: 1, identity: 'always' }),
    sourceColumn('email', sourceType('varchar', 'mail', { base: 'character varying(320)' }), {
      isNullable: false,
      number: 2,
      domain: 'mail',
      comment: 'Where we write to',
    }),
    sourceColumn('status', sourceType('enum', 'user_status', { labels }), {
      isNullable: false,
      number: 3,
      defaultText: "'active'::user_status",
    }),
    sourceColumn('balance', sourceType('numeric', 'numeric(12,2)'), { isNullable: false, number: 5, defaultText: '0' }),
    sourceColumn('currency', sourceType('bpchar', 'character(4)'), { number: 6 }),
    sourceColumn('age', sourceType('int2', 'smallint'), { number: 7 }),
    sourceColumn('tags', sourceType('array', 'text[]', { arguments: [text] }), { number: 8 }),
    sourceColumn('preferences', sourceType('jsonb'), { number: 9 }),
    sourceColumn('moods', sourceType('array', 'user_status[]', { arguments: [sourceType('enum', 'user_status', { labels })] }), {
      number: 13,
    }),
    sourceColumn('marks', sourceType('array', 'numeric(5,2)[]', { arguments: [sourceType('numeric', 'numeric(5,2)')] }), { number: 14 }),
    sourceColumn('born', sourceType('date'), { number: 10 }),
    sourceColumn('initials', text, { number: 11, isGenerated: true, defaultText: 'left(email, 2)' }),
    sourceColumn('created_at', sourceType('timestamptz', 'timestamp with time zone'), {
      isNullable: false,
      number: 12,
      defaultText: 'now()',
    }),
  ];
  const replaced = columns.flatMap((column) => (Object.hasOwn(more, column.name) ? (more[column.name] ?? []) : column));
  const added = Object.entries(more).flatMap(([name, column]) => (columns.some((one) => one.name === name) ? [] : (column ?? [])));
  return {
    name: { namespace: 'public', table: 'accounts' },
    columns: [...replaced, ...added],
    key: ['id'],
    comment: 'Who rides',
    checks: [
      { name: 'balance_min', expression: "(balance >= ('-100'::integer)::numeric)", columns: ['balance'], isValidated: true },
      { name: 'mail_check', expression: "((VALUE)::text ~ '^[^@]+@[^@]+$'::text)", columns: ['email'], isValidated: true, domain: 'mail' },
      {
        name: 'currency_check',
        expression: "(currency = ANY (ARRAY['EUR'::bpchar, 'USDC'::bpchar]))",
        columns: ['currency'],
        isValidated: true,
      },
      { name: 'age_check', expression: '((age >= 18) AND (age < 130))', columns: ['age'], isValidated: true },
      { name: 'born_check', expression: '(born < created_at)', columns: ['born', 'created_at'], isValidated: true },
      { name: 'late', expression: '(age > 20)', columns: ['age'], isValidated: false },
    ],
    uniques: [['email'], ['status', 'born']],
    foreignKeys: [],
    ...table,
  };
}

/** Cassandra: a partition of two columns, one clustering column, a static one, a user-defined type. */
export function tripsTable(): SourceTable {
  const double = sourceType('double');
  const place = sourceType('udt', 'frozen<place>', {
    fields: [
      { name: 'lat', type: double },
      { name: 'label', type: text },
    ],
  });
  return {
    name: { namespace: 'rides', table: 'trips' },
    columns: [
      sourceColumn('city', text, { isNullable: false, keyIndex: 0, role: 'partition' }),
      sourceColumn('day', sourceType('date'), { isNullable: false, keyIndex: 1, role: 'partition' }),
      sourceColumn('trip_id', sourceType('timeuuid'), { isNullable: false, keyIndex: 2, role: 'clustering', clusteringOrder: 'desc' }),
      sourceColumn('city_name', text, { role: 'static' }),
      sourceColumn('extras', sourceType('map', 'frozen<map<text, int>>', { arguments: [text, sourceType('int')] })),
      sourceColumn('fare', sourceType('decimal')),
      sourceColumn('pickup', place),
      sourceColumn('tags', sourceType('set', 'frozen<set<text>>', { arguments: [text] })),
    ],
    key: ['city', 'day', 'trip_id'],
    comment: 'Trips by city and day',
  };
}
