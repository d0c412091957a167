// A masked column that the source renames comes under a name that its contract does not know, until the contract follows.
// Nothing in a record tells it from a new column beside one that was dropped, so a column that the contract does not
// know takes the mask of the one that is absent; where several are absent or unknown, nobody can tell which is which,
// and the unknown ones are dropped. Records say all their columns, so a row of known and present columns has none of this.

import { columnName, type Shape, type ShapeField } from '../../lake/raw/shape.ts';
import type { ColumnMasks } from './column-masks.ts';

/** What an unknown column is treated as: the masked column that is absent, or dropped as possibly one of several. */
export interface StandIn {
  readonly as: string | null;
  readonly absent: readonly string[];
}

/** By the name in the record. */
export type StandIns = ReadonlyMap<string, StandIn>;

/** Bounds of a range delete, which the agent of Cassandra adds to each row: they name columns of the key with their values. */
export const rangeBounds: ReadonlySet<string> = new Set(['_range_start', '_range_end']);

const none: StandIns = new Map();

export function standIns(masks: ColumnMasks, row: readonly ShapeField[]): StandIns {
  const { byColumn, inside, known, keyColumns, database } = masks;
  const isUnknown = (field: ShapeField) => !known.has(field.name) && !known.has(columnName(field));
  const unknown = row.filter((field) => isUnknown(field) && (database === 'postgres' || !rangeBounds.has(field.name)));
  if (unknown.length === 0) return none;
  const present = new Set(row.flatMap((field) => [field.name, columnName(field)]));
  // Cassandra renames columns of the key alone.
  const renamable = database === 'postgres' ? [...byColumn.keys(), ...inside.keys()] : keyColumns;
  const absent = renamable.filter((name) => !present.has(name));
  const [only = null] = absent.length === 1 && unknown.length === 1 ? absent : [];
  return absent.length === 0 ? none : new Map(unknown.map(({ name }) => [name, { as: only, absent }]));
}

/** The same of a table's columns, as its source names them. */
export function standInColumns(masks: ColumnMasks, columns: readonly string[]): StandIns {
  return standIns(
    masks,
    columns.map((name) => ({ name, type: { kind: 'null' } })),
  );
}

/** Of `before` and `after`; records that are no change events keep known columns alone. */
export function standInsUnder(masks: ColumnMasks, shape: Shape | undefined): StandIns {
  if (shape?.root.kind !== 'struct') return none;
  const rows = shape.root.fields.filter(({ name }) => name === 'before' || name === 'after');
  return new Map(rows.flatMap(({ type }) => (type.kind === 'struct' ? [...standIns(masks, type.fields)] : [])));
}

/** For people and for the snapshot's summary: `hmac k1 as email`. */
export function standInNames(found: StandIns, maskNames: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const maskOf = (column: string) => maskNames.get(column) ?? 'as its parts';
  return new Map(
    [...found].map(([name, { as, absent }]) => [name, as === null ? `drop as ${absent.join(' or ')}` : `${maskOf(as)} as ${as}`]),
  );
}
