// A client that is asked in SQL: DuckDB, Spark, Trino. They differ in types, in how a time is written and in how one asks
// for a table as it was; the rest is the same statement.

import { quoted, literal } from '../../lake/parquet/duckdb-type.ts';
import { rowsOf, type LakeClient, type Order, type Row } from './client.ts';

export interface SqlDialect {
  readonly name: string;
  readonly quote: (name: string) => string;
  /** A namespace inside another is one name with a dot, or each level is a name. */
  readonly nested: 'one name' | 'names';
  readonly text: (text: string) => string;
  readonly types: {
    readonly long: string;
    readonly string: string;
    readonly decimal: string;
    readonly int: string;
    readonly timestamptz: string;
  };
  /** What follows the columns of CREATE TABLE. */
  readonly partitionedByDay: string;
  readonly time: (iso: string) => string;
  readonly widen: (table: string, column: string, type: string) => string;
  readonly atVersion: (id: string) => string;
  readonly atTime: (iso: string) => string;
  /** Id and time in milliseconds, oldest first. */
  readonly snapshots: (table: string) => string;
  /** The new name in a RENAME: with catalog and namespace, with the namespace, or alone. */
  readonly renamedTo: (namespace: string, name: string) => string;
}

export type Ask = (sql: string) => Promise<unknown>;

const catalog = 'lake';

export function sqlClient(dialect: SqlDialect, ask: Ask, close: () => Promise<void>): LakeClient {
  const { types, quote } = dialect;
  const inCatalog = (names: readonly string[]) => [catalog, ...names].map(quote).join('.');
  const schema = (namespace: string) => inCatalog(dialect.nested === 'names' ? namespace.split('.') : [namespace]);
  const name = (table: string) => {
    const at = table.lastIndexOf('.');
    return `${schema(table.slice(0, at))}.${quote(table.slice(at + 1))}`;
  };
  const values = (order: Order) => {
    const { id, amount, quantity, ordered_at: at } = order;
    const place = order.city ?? order.place ?? null;
    const note = order.note === undefined ? [] : [dialect.text(order.note)];
    const city = place === null ? `CAST(NULL AS ${types.string})` : dialect.text(place);
    return `(${[id, city, `CAST('${amount}' AS ${types.decimal})`, quantity, dialect.time(at), ...note].join(', ')})`;
  };
  return {
    name: dialect.name,
    createNamespace: async (namespace) => void (await ask(`CREATE SCHEMA ${schema(namespace)}`)),
    dropNamespace: async (namespace) => void (await ask(`DROP SCHEMA ${schema(namespace)}`)),
    tables: async (namespace) =>
      tableNames(rowsOf(await ask(`SHOW TABLES ${dialect.name === 'DuckDB' ? 'FROM' : 'IN'} ${schema(namespace)}`))),
    createOrders: async (table) => {
      const columns = [
        `id ${types.long}`,
        `city ${types.string}`,
        `amount ${types.decimal}`,
        `quantity ${types.int}`,
        `ordered_at ${types.timestamptz}`,
      ];
      await ask(`CREATE TABLE ${name(table)} (${columns.join(', ')}) ${dialect.partitionedByDay}`);
    },
    append: async (table, orders) => void (await ask(`INSERT INTO ${name(table)} VALUES ${orders.map(values).join(', ')}`)),
    evolve: async (table) => {
      await ask(`ALTER TABLE ${name(table)} ADD COLUMN note ${types.string}`);
      await ask(`ALTER TABLE ${name(table)} RENAME COLUMN city TO place`);
      await ask(dialect.widen(name(table), 'quantity', types.long));
    },
    delete: async (table, where) => void (await ask(`DELETE FROM ${name(table)} WHERE ${where}`)),
    snapshots: async (table) => rowsOf(await ask(dialect.snapshots(table))).map(([id, atMs]) => ({ id: String(id), atMs: Number(atMs) })),
    read: async (table, columns, { snapshot, atMs, where } = {}) => {
      const travel =
        snapshot !== undefined ? dialect.atVersion(snapshot) : atMs === undefined ? '' : dialect.atTime(new Date(atMs).toISOString());
      const list = columns.map((path) => path.map(quote).join('.')).join(', ');
      return rowsOf(await ask(`SELECT ${list} FROM ${name(table)} ${travel} ${where === undefined ? '' : `WHERE ${where}`}`));
    },
    rename: async (table, to) => {
      const [namespace = '', last = ''] = to.split('.');
      await ask(`ALTER TABLE ${name(table)} RENAME TO ${dialect.renamedTo(namespace, last)}`);
    },
    drop: async (table) => void (await ask(`DROP TABLE ${name(table)}`)),
    [Symbol.asyncDispose]: close,
  };
}

/** Spark says the namespace first, the others the name alone. */
function tableNames(rows: readonly Row[]): readonly string[] {
  return rows.map((row) => String(row.length === 1 ? row[0] : row[1])).toSorted();
}

const plainTime = (iso: string): string => iso.replace('T', ' ').replace(/(\.\d+)?Z$/, '$1');

export const duckdbDialect: SqlDialect = {
  name: 'DuckDB',
  quote: quoted,
  nested: 'one name',
  text: literal,
  types: { long: 'BIGINT', string: 'VARCHAR', decimal: 'DECIMAL(12, 2)', int: 'INTEGER', timestamptz: 'TIMESTAMPTZ' },
  partitionedByDay: 'PARTITIONED BY (day(ordered_at))',
  time: (iso) => `TIMESTAMPTZ '${plainTime(iso)}+00'`,
  widen: (table, column, type) => `ALTER TABLE ${table} ALTER COLUMN ${column} TYPE ${type}`,
  atVersion: (id) => `AT (VERSION => ${id})`,
  atTime: (iso) => `AT (TIMESTAMP => TIMESTAMPTZ '${plainTime(iso)}+00')`,
  snapshots: (table) => `SELECT snapshot_id, epoch_ms(timestamp_ms) FROM iceberg_snapshots('${catalog}.${table}') ORDER BY sequence_number`,
  renamedTo: (_namespace, name) => quoted(name),
};

export const sparkDialect: SqlDialect = {
  name: 'Spark',
  nested: 'names',
  quote: (name) => `\`${name}\``,
  text: (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`,
  types: { long: 'BIGINT', string: 'STRING', decimal: 'DECIMAL(12, 2)', int: 'INT', timestamptz: 'TIMESTAMP' },
  partitionedByDay: 'USING iceberg PARTITIONED BY (days(ordered_at))',
  time: (iso) => `TIMESTAMP '${plainTime(iso)}'`,
  widen: (table, column, type) => `ALTER TABLE ${table} ALTER COLUMN ${column} TYPE ${type}`,
  atVersion: (id) => `VERSION AS OF ${id}`,
  atTime: (iso) => `TIMESTAMP AS OF '${plainTime(iso)}'`,
  snapshots: (table) => `SELECT snapshot_id, unix_millis(committed_at) FROM ${catalog}.${table}.snapshots ORDER BY committed_at`,
  renamedTo: (namespace, name) => `${namespace}.${name}`,
};

export const trinoDialect: SqlDialect = {
  name: 'Trino',
  quote: quoted,
  nested: 'one name',
  text: literal,
  types: { long: 'bigint', string: 'varchar', decimal: 'decimal(12, 2)', int: 'integer', timestamptz: 'timestamp(6) with time zone' },
  partitionedByDay: `WITH (partitioning = ARRAY['day(ordered_at)'])`,
  time: (iso) => `TIMESTAMP '${plainTime(iso)} UTC'`,
  widen: (table, column, type) => `ALTER TABLE ${table} ALTER COLUMN ${column} SET DATA TYPE ${type}`,
  atVersion: (id) => `FOR VERSION AS OF ${id}`,
  atTime: (iso) => `FOR TIMESTAMP AS OF TIMESTAMP '${plainTime(iso)} UTC'`,
  snapshots: (table) => {
    const [namespace, name] = table.split('.');
    return `SELECT snapshot_id, CAST(to_unixtime(committed_at) * 1000 AS bigint) FROM ${catalog}.${namespace}."${name}$snapshots" ORDER BY committed_at`;
  },
  renamedTo: (namespace, name) => `${catalog}.${namespace}.${name}`,
};
