// Which columns of the source are compared with the lake, and the source's rows as their masks leave them there.

import type { SourceColumn, SourceReading, SourceRow, SourceTable, SourceValue } from '../../sources/source.ts';
import type { KeyedRow } from './key-ranges.ts';

export interface MaskedColumns {
  /** Columns masked as a whole: what becomes of a text; null: it is dropped. */
  readonly whole: ReadonlyMap<string, (text: string) => SourceValue>;
  /** Columns of which parts are masked. */
  readonly inside: ReadonlySet<string>;
  /** The same for a table of these columns: some may be masked ones that the source has renamed. */
  ofColumns?(names: readonly string[]): MaskedColumns;
}

export function masksOf(masks: MaskedColumns | null, table: SourceTable): MaskedColumns | null {
  return masks?.ofColumns?.(table.columns.map(({ name }) => name)) ?? masks;
}

/** Generated columns are in snapshots but not in later events; static ones the agent does not deliver truly. */
export function comparedColumns(table: SourceTable, masks: MaskedColumns | null): readonly string[] {
  return table.columns
    .filter((column) => !column.isGenerated && column.role !== 'static' && isComparable(column, masks))
    .map((column) => column.name);
}

/** Masked, and no text: null in the lake whatever the source has. */
export function notComparedColumns(table: SourceTable, masks: MaskedColumns | null): readonly string[] {
  return table.columns.filter((column) => !isComparable(column, masks)).map((column) => column.name);
}

const textTypes: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'citext', 'ascii', 'enum', 'name']);

function isComparable({ name, type }: SourceColumn, masks: MaskedColumns | null): boolean {
  if (masks?.inside.has(name)) return false;
  return !masks?.whole.has(name) || textTypes.has(type.name);
}

export async function* keyedRows(
  table: SourceTable,
  masks: MaskedColumns | null,
  columns: readonly string[],
  pages: SourceReading['pages'],
): AsyncGenerator<readonly KeyedRow[]> {
  const places = new Map(table.columns.map((column, i) => [column.name, i]));
  const pick = (row: SourceRow, names: readonly string[]) =>
    names.map((name) => {
      const value = row.values[places.get(name) ?? -1] ?? null;
      const mask = masks?.whole.get(name);
      return mask && value !== null ? mask(value) : value;
    });
  for await (const page of pages) yield page.map((row) => ({ key: pick(row, table.key), values: pick(row, columns) }));
}
