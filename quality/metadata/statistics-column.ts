// A column by the name that a check gives it, as a field of the raw table whose statistics can answer for it. Names are
// read as in measure/column-place.ts; what that finds by another way than a plain path is left to the scan.

import { fieldNamed, isStruct, type Schema, type StructField, type StructType } from '../../lake/iceberg/schema.ts';
import { currentSource } from '../../lake/raw/current.ts';
import type { Check } from '../check.ts';

export interface StatisticsColumn {
  readonly fieldId: number;
  /** Iceberg primitive. */
  readonly type: string;
  /** Whether every row has a say: false for a column of the source, of which deletes and tombstones know nothing. */
  readonly isOfEveryRow: boolean;
}

export function statisticsColumn(schema: Schema, view: Check['view'], name: string): StatisticsColumn | null {
  const logName = view === 'current' && name === '_changed_at' ? 'changed_at' : name;
  const isOwn = view === 'raw' || logName !== name || name.startsWith('_log_');
  const own = isOwn ? leaf(schema, logName.split('.')) : null;
  if (own) return { ...own, isOfEveryRow: view === 'raw' && !/^(?:after|before)\./.test(name) };
  const after = fieldNamed(schema, 'after')?.type;
  if (after === undefined || !isStruct(after)) return null;
  const path = name.split('.');
  const cell = currentSource(schema) === 'cassandra' ? [...path.slice(0, 1), 'value', ...path.slice(1)] : path;
  const found = leaf(after, cell);
  return found && { ...found, isOfEveryRow: false };
}

function leaf(struct: StructType, path: readonly string[]): { readonly fieldId: number; readonly type: string } | null {
  const [first = '', ...rest] = path;
  const field: StructField | undefined = fieldNamed(struct, first);
  if (!field) return null;
  if (rest.length === 0) return typeof field.type === 'string' ? { fieldId: field.id, type: field.type } : null;
  return isStruct(field.type) ? leaf(field.type, rest) : null;
}
