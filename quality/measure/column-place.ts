// A column by the name that a check gives it, in the rows that it looks at. In the current view a name is a column of the
// source; in raw rows it is a column of the raw table, or a path into one (`source.lsn`), or else one of the source's, as
// the event brought it (`email` is `after.email`). Members of a struct follow a dot: `pickup.lat`.

import { fieldNamed, isStruct, type IcebergType, type Schema, type StructType } from '../../lake/iceberg/schema.ts';
import { quoted } from '../../lake/parquet/duckdb-type.ts';
import { currentColumns, currentSource } from '../../lake/raw/current.ts';
import type { Check } from '../check.ts';

export interface ColumnPlace {
  readonly sql: string;
  readonly type: IcebergType;
  /** Condition under which a row says anything of the column; null: always. A change of another column does not. */
  readonly speaks: string | null;
  /** Column of the source that it is, or lies in; null for columns of the log. */
  readonly column: string | null;
}

export type FoundColumn = { readonly kind: 'place'; readonly place: ColumnPlace } | { readonly kind: 'problem'; readonly reason: string };

/** `row`: the alias that the statement gives the rows. */
export function columnPlace(schema: Schema, view: Check['view'], name: string, row: string): FoundColumn {
  const found = view === 'current' ? inCurrent(schema, name, row) : inRaw(schema, name, row);
  if (found !== null) return { kind: 'place', place: found };
  const known = view === 'current' ? currentColumns(schema).map((column) => column.name) : schema.fields.map((field) => field.name);
  const expected = known.length === 0 ? 'a table with change events' : `one of ${known.slice(0, 40).join(', ')}`;
  return { kind: 'problem', reason: `there is no column ${name} in the ${view} rows: expected ${expected}` };
}

const currentLogColumns: ReadonlyMap<string, IcebergType> = new Map<string, IcebergType>([
  ['_log_partition', 'int'],
  ['_log_offset', 'long'],
  ['_changed_at', 'timestamptz'],
]);

function inCurrent(schema: Schema, name: string, row: string): ColumnPlace | null {
  const logType = currentLogColumns.get(name);
  if (logType !== undefined) return { sql: `${row}.${quoted(name)}`, type: logType, speaks: null, column: null };
  const isCassandra = currentSource(schema) === 'cassandra';
  const columns = currentColumns(schema);
  return longestFirst(name, (first, rest) => {
    const column = columns.find((one) => one.name === first);
    const type = column === undefined ? undefined : isCassandra ? cellType(column.type) : column.type;
    const inner = type === undefined ? null : member(type, `${row}.${quoted(first)}`, rest);
    return inner && { ...inner, speaks: null, column: first };
  });
}

function inRaw(schema: Schema, name: string, row: string): ColumnPlace | null {
  const own = longestFirst(name, (first, rest) => {
    const field = fieldNamed(schema, first);
    const inner = field === undefined ? null : member(field.type, `${row}.${quoted(first)}`, rest);
    const column = (first === 'after' || first === 'before') && rest[0] !== undefined ? rest[0] : null;
    return inner && { ...inner, speaks: null, column };
  });
  return own ?? inAfter(schema, name, row);
}

/** A column of the source in the event's new row: of Cassandra only where the change touched it. */
function inAfter(schema: Schema, name: string, row: string): ColumnPlace | null {
  const after = fieldNamed(schema, 'after')?.type;
  if (after === undefined || !isStruct(after)) return null;
  const isCassandra = currentSource(schema) === 'cassandra';
  const rows = `${row}."after"`;
  // Of PostgreSQL `op` tells; whether a struct is null costs reading all of it.
  const hasRow = currentSource(schema) === 'postgres' ? `${row}.op IN ('c', 'u', 'r')` : `${rows} IS NOT NULL`;
  return longestFirst(name, (first, rest) => {
    const field = fieldNamed(after, first);
    if (field === undefined) return null;
    const cell = `${rows}.${quoted(first)}`;
    const inner = member(field.type, cell, isCassandra ? ['value', ...rest] : rest);
    return inner && { ...inner, speaks: isCassandra ? `${cell} IS NOT NULL` : hasRow, column: first };
  });
}

function cellType(type: IcebergType): IcebergType {
  return isStruct(type) ? (fieldNamed(type, 'value')?.type ?? 'string') : type;
}

type Place = Pick<ColumnPlace, 'sql' | 'type'>;

function member(type: IcebergType, sql: string, path: readonly string[]): Place | null {
  let at: Place = { type, sql };
  for (const name of path) {
    const field = isStruct(at.type) ? fieldOf(at.type, name) : undefined;
    if (field === undefined) return null;
    at = { type: field.type, sql: `${at.sql}.${quoted(name)}` };
  }
  return at;
}

function fieldOf(type: StructType, name: string): StructType['fields'][number] | undefined {
  return fieldNamed(type, name);
}

/** A column may have a dot in its own name: the longest first part that is a column counts. */
function longestFirst<T>(name: string, find: (first: string, rest: readonly string[]) => T | null): T | null {
  const parts = name.split('.');
  for (let length = parts.length; length > 0; length--) {
    const found = find(parts.slice(0, length).join('.'), parts.slice(length));
    if (found !== null) return found;
  }
  return null;
}
