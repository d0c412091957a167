// A column's mask as an expression of Trino. What an action cannot do to a type is null: nothing is shown because it could not
// be hidden. A struct of which parts are masked is built again, part by part, under its own type.

import { isStruct, type IcebergType, type StructType } from '../../lake/iceberg/schema.ts';
import { trinoType } from '../../lake/iceberg/trino-type.ts';
import type { MaskAction } from './access-policy.ts';

export type MaskTree =
  | { readonly kind: 'value'; readonly action: MaskAction }
  /** By name; every field of the struct is in it. `isRebuilt`: even where all are shown, as older rows may have others. */
  | { readonly kind: 'fields'; readonly byName: ReadonlyMap<string, MaskTree>; readonly isRebuilt?: boolean };

const nothing = 'NULL';
const partsMax = 2_000;

/** Null: the column is shown as it is. */
export function trinoMask(column: string, type: IcebergType, tree: MaskTree): string | null {
  if (isClear(tree)) return null;
  const parts = { left: partsMax };
  return masked(quoted(column), type, tree, parts) ?? nothing;
}

function isClear(tree: MaskTree): boolean {
  if (tree.kind === 'value') return tree.action === 'clear';
  return tree.isRebuilt !== true && [...tree.byName.values()].every(isClear);
}

/** Null: it cannot be told in Trino's SQL. */
function masked(value: string, type: IcebergType, tree: MaskTree, parts: { left: number }): string | null {
  if (--parts.left < 0) return null;
  if (isClear(tree)) return value;
  if (tree.kind === 'fields') return isStruct(type) ? maskedStruct(value, type, tree.byName, parts) : null;
  const replacement =
    typeof type === 'string' ? replaced(value, type, tree.action) : isStruct(type) ? cell(value, type, tree, parts) : null;
  if (replacement !== null) return replacement;
  const name = trinoType(type);
  return name === null ? null : `CAST(NULL AS ${name})`;
}

function maskedStruct(value: string, type: StructType, trees: ReadonlyMap<string, MaskTree>, parts: { left: number }): string | null {
  const name = trinoType(type);
  if (name === null) return null;
  const fields = type.fields.map((field) => {
    const tree = trees.get(field.name) ?? { kind: 'value', action: 'null' };
    return masked(`${value}.${quoted(field.name)}`, field.type, tree, parts);
  });
  if (fields.includes(null)) return null;
  return `IF(${value} IS NULL, NULL, CAST(ROW(${fields.join(', ')}) AS ${name}))`;
}

/** A cell of Cassandra: its value is masked, when it was written is not. */
function cell(value: string, type: StructType, tree: MaskTree, parts: { left: number }): string | null {
  if (tree.kind !== 'value' || tree.action === 'null' || !isCell(type)) return null;
  const clear: MaskTree = { kind: 'value', action: 'clear' };
  return maskedStruct(value, type, new Map(type.fields.map(({ name }) => [name, name === 'value' ? tree : clear])), parts);
}

export function isCell(type: StructType): boolean {
  const names = new Set(type.fields.map(({ name }) => name));
  return names.has('value') && [...names].every((name) => ['value', 'deletion_ts', 'set'].includes(name));
}

function replaced(value: string, type: string, action: MaskAction): string | null {
  if (type === 'string') return replacedText(value, action);
  const unit = action === 'truncate-to-year' ? 'year' : action === 'truncate-to-month' ? 'month' : null;
  if (unit === null) return null;
  if (type === 'timestamptz') return `date_trunc('${unit}', ${value} AT TIME ZONE 'UTC')`;
  return type === 'date' || type === 'timestamp' ? `date_trunc('${unit}', ${value})` : null;
}

function replacedText(value: string, action: MaskAction): string | null {
  switch (action) {
    case 'fixed':
      return `'[masked]'`;
    case 'alphanumeric':
      return alphanumeric(value);
    case 'show-first-4':
      return `IF(length(${value}) <= 4, ${value}, concat(substr(${value}, 1, 4), ${alphanumeric(`substr(${value}, 5)`)}))`;
    case 'show-last-4':
      return `IF(length(${value}) <= 4, ${value}, concat(${alphanumeric(`substr(${value}, 1, length(${value}) - 4)`)}, substr(${value}, -4)))`;
    case 'sha-256':
      return `lower(to_hex(sha256(to_utf8(${value}))))`;
    default:
      return null;
  }
}

/** Digits become n, other characters x, punctuation of numbers and addresses stays. The order matters: n is no digit. */
function alphanumeric(value: string): string {
  return `regexp_replace(regexp_replace(${value}, '[^0-9(),.\\-@]', 'x'), '[0-9]', 'n')`;
}

function quoted(name: string): string {
  return `"${name.toLowerCase().replaceAll('"', '""')}"`;
}
