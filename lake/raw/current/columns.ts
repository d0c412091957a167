// The columns of the current view, and what a column took over: where a contract changed a type that no promotion changes,
// rows from before have their value in `_replaced_<id>_<name>`, and the view reads it cast. Each row fills one of the two.

import type { IcebergType, StructField, StructType } from '../../iceberg/schema.ts';
import { literal, quoted } from '../../parquet/duckdb-type.ts';
import { convertedSql } from './convert.ts';
import type { Dialect } from './dialect.ts';

export interface CurrentColumn extends StructField {
  /** Columns that it took over from, newest first. */
  readonly replaced: readonly StructField[];
}

const outside: ReadonlySet<string> = new Set(['_range_start', '_range_end']);

/** The source's columns, in the order of the table. */
export function currentColumnsOf(after: StructType): readonly CurrentColumn[] {
  const replaced = Map.groupBy(after.fields, (field) => /^_replaced_\d+_(.+)$/s.exec(field.name)?.[1] ?? '');
  return after.fields
    .filter((field) => !outside.has(field.name) && !/^_(?:dropped|replaced)_\d+_/.test(field.name))
    .map((field) => ({ ...field, replaced: (replaced.get(field.name) ?? []).toSorted((a, b) => b.id - a.id) }));
}

/** The column's value in a row's struct. */
export function valueSql(column: CurrentColumn, row: string, dialect: Dialect): string {
  const own = `${row}.${quoted(column.name)}`;
  const before = column.replaced.map((old) => convertedSql(`${row}.${quoted(old.name)}`, old.type, column.type, dialect));
  return before.length === 0 ? own : `coalesce(${[own, ...before].join(', ')})`;
}

/** Types in which the connector spells the placeholder of a value that it did not read. */
export function isPlaceholderType(type: IcebergType): boolean {
  return type === 'string' || type === 'binary' || listElement(type) !== null;
}

/** Whether a value is the placeholder, in any of its spellings for the type. */
export function isUnavailableSql(value: string, type: IcebergType, texts: readonly string[], placeholder: string): string {
  const bytes = Buffer.from(placeholder);
  if (type === 'binary') return `${value} = from_hex('${bytes.toString('hex')}')`;
  const element = listElement(type);
  if (element === null) return `${value} IN (${texts.map(literal).join(', ')})`;
  if (element !== 'string') return `${value} = ARRAY[${[...bytes].join(', ')}]`;
  const items = texts.flatMap((text) => /^\["(.*)"\]$/.exec(text)?.[1] ?? []);
  return `(${items.map((item) => `${value} = ARRAY[${literal(item)}]`).join(' OR ')})`;
}

function listElement(type: IcebergType): string | null {
  if (typeof type === 'string' || type.type !== 'list' || typeof type.element !== 'string') return null;
  return ['string', 'int', 'long'].includes(type.element) ? type.element : null;
}
