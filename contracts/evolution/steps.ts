// What differs between a table's columns before and after, in words: one step for each thing that happens.

import { isList, isMap, isStruct, type IcebergType, type StructField, type StructType } from '../../lake/iceberg/schema.ts';
import type { ColumnMove } from './plan.ts';

export interface EvolutionStep {
  readonly kind: 'add' | 'rename' | 'hide' | 'replace' | 'widen' | 'reorder' | 'document' | 'decision';
  readonly column: string;
  /** `decimal(12,2)`, `phone → mobile`, `int → long`. */
  readonly detail: string;
  /** What happens to rows that are there already. */
  readonly rows: string;
  /** Of a decision; empty where the contract has to change. */
  readonly choices: readonly { readonly decision: string; readonly what: string }[];
}

export function describeChanges(before: StructType, after: StructType, moves: readonly ColumnMove[]): readonly EvolutionStep[] {
  const steps: EvolutionStep[] = [];
  const step = (kind: EvolutionStep['kind'], column: string, detail: string, rows: string) =>
    void steps.push({ kind, column, detail, rows, choices: [] });
  const byId = new Map(before.fields.map((field) => [field.id, field]));
  for (const field of after.fields) {
    const old = byId.get(field.id);
    if (!old) {
      step('add', field.name, columnText(field.type), 'rows there already read as null, unless the column took another one over');
      continue;
    }
    // What is hidden already follows its column.
    if (old.name !== field.name && !isHidden(old.name)) describeMove(old, field, moves, step);
    const [was, widened] = [columnText(old.type), columnText(field.type)];
    if (was !== widened) step('widen', field.name, `${was} → ${widened}`, 'keep their values; no file is rewritten');
    if (old.doc !== field.doc) step('document', field.name, field.doc ?? '', 'not concerned');
  }
  const kept = after.fields.filter((field) => byId.has(field.id)).map((field) => field.id);
  const isReordered = kept.some((id, i) => id !== before.fields[i]?.id);
  const visible = after.fields.filter((field) => !isHidden(field.name)).map((field) => field.name);
  if (isReordered) step('reorder', '*', visible.join(', '), 'not concerned');
  return steps;
}

function describeMove(
  old: StructField,
  field: StructField,
  moves: readonly ColumnMove[],
  step: (kind: EvolutionStep['kind'], column: string, detail: string, rows: string) => void,
): void {
  const move = moves.find((candidate) => candidate.parent === 'after' && candidate.to === field.name);
  if (move?.isReplaced === true) {
    step(
      'replace',
      old.name,
      `${columnText(old.type)} kept as ${field.name}`,
      'keep their values there; the current view reads them in the new column, null where its type cannot hold one',
    );
  } else if (field.name.startsWith('_dropped_')) {
    step(
      'hide',
      old.name,
      `kept as ${field.name}`,
      'keep their values there, and records that still have the key go there; the current view leaves it out',
    );
  } else {
    step('rename', field.name, `${old.name} → ${field.name}`, 'keep their values, under the new name; no file is rewritten');
  }
}

function isHidden(name: string): boolean {
  return /^_(dropped|replaced)_\d+_/.test(name);
}

/** Of Cassandra's cells, the value's. */
function columnText(type: IcebergType): string {
  const fields = isStruct(type) ? type.fields : [];
  const value = fields.find((field) => field.name === 'value');
  return typeText(value && fields.every((field) => cellParts.has(field.name)) ? value.type : type);
}

const cellParts: ReadonlySet<string> = new Set(['value', 'deletion_ts', 'set']);

export function typeText(type: IcebergType): string {
  if (isStruct(type)) return `struct<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(', ')}>`;
  if (isList(type)) return `list<${typeText(type.element)}>`;
  return isMap(type) ? `map<${typeText(type.key)}, ${typeText(type.value)}>` : type;
}
