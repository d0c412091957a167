// What changes between two versions of a contract beside which rows their schemas accept: tables and columns that come and
// go, stored types, keys. A schema does not mind a column that it no longer names; who reads the table does.

import type { Contract, ContractTable } from '../../contracts/contract.ts';
import { lakeColumns } from '../../contracts/evolution/lake-columns.ts';
import { isJsonObject, type JsonSchema } from '../../contracts/json-schema.ts';
import { promotedType, type WantedType } from '../../lake/iceberg/evolve.ts';
import { typeText } from './type-text.ts';
import type { ContractDifference, Direction } from './registry-ports.ts';
import type { VersionStep } from './semantic-version.ts';

export function compareTables(older: Contract, newer: Contract): readonly ContractDifference[] {
  const differences: ContractDifference[] = [];
  for (const table of older.tables) {
    const after = newer.tables.find(({ name }) => name === table.name);
    if (after) differences.push(...compareColumns(table, after));
    else differences.push(difference('TABLE_REMOVED', table, '', 'the table is no longer in the contract', 'major', ['forward']));
  }
  for (const table of newer.tables) {
    if (!older.tables.some(({ name }) => name === table.name))
      differences.push(difference('TABLE_ADDED', table, '', 'the table is new in the contract', 'minor', []));
  }
  return differences;
}

function compareColumns(older: ContractTable, newer: ContractTable): readonly ContractDifference[] {
  const differences: ContractDifference[] = [];
  const byName = new Map(newer.columns.map((column) => [column.name, column]));
  const byId = new Map(newer.columns.flatMap((column) => (column.id === null ? [] : [[column.id, column] as const])));
  const [typesBefore, typesAfter] = [storedTypes(older), storedTypes(newer)];
  const paired = new Set<string>();
  for (const column of older.columns) {
    const after = byName.get(column.name) ?? (column.id === null ? undefined : byId.get(column.id));
    if (!after) {
      differences.push(difference('COLUMN_REMOVED', older, column.name, 'the column is no longer in the contract', 'major', ['forward']));
      continue;
    }
    paired.add(after.name);
    if (after.name !== column.name)
      differences.push(difference('COLUMN_RENAMED', older, column.name, `the column is called ${after.name} now`, 'major', ['forward']));
    differences.push(...compareStored(older, column.name, typesBefore.get(column.name), typesAfter.get(after.name)));
  }
  for (const column of newer.columns) {
    if (!paired.has(column.name))
      differences.push(difference('COLUMN_ADDED', newer, column.name, 'the column is new in the contract', 'minor', []));
  }
  const [before, after] = [keyOf(older), keyOf(newer)];
  if (before !== after)
    differences.push(
      difference('KEY_CHANGED', older, '', `the key was (${before}) and is (${after}) now`, 'major', ['backward', 'forward']),
    );
  return differences;
}

function compareStored(
  table: ContractTable,
  column: string,
  from: WantedType | undefined,
  to: WantedType | undefined,
): readonly ContractDifference[] {
  if (from === undefined || to === undefined || typeText(from) === typeText(to)) return [];
  const message = `stored as ${typeText(from)} before, as ${typeText(to)} now`;
  if (holdsType(to, from)) return [difference('STORED_TYPE_WIDENED', table, column, message, 'minor', [])];
  return [difference('STORED_TYPE_CHANGED', table, column, message, 'major', ['backward'])];
}

/** What the lake stores a contract's columns as, by name. */
export function storedTypes(table: ContractTable): ReadonlyMap<string, WantedType> {
  return new Map(lakeColumns(table).map(({ name, type }) => [name, type]));
}

export function columnSchema(body: JsonSchema, name: string): JsonSchema | null {
  const properties = isJsonObject(body) ? body['properties'] : undefined;
  const schema = isJsonObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  return typeof schema === 'boolean' || isJsonObject(schema) ? schema : null;
}

/** Whether every value of `inner` can stand in a column of `outer` without a change: equal, promoted, or with more fields. */
export function holdsType(outer: WantedType, inner: WantedType): boolean {
  if (typeof outer === 'string' || typeof inner === 'string')
    return (
      typeof outer === 'string' && typeof inner === 'string' && (typeText(outer) === typeText(inner) || promotedType(inner, outer) !== null)
    );
  if (outer.type === 'list' && inner.type === 'list') return holdsType(outer.element, inner.element);
  // Spec: the keys of a map may not change.
  if (outer.type === 'map' && inner.type === 'map')
    return typeText(outer.key) === typeText(inner.key) && holdsType(outer.value, inner.value);
  if (outer.type !== 'struct' || inner.type !== 'struct') return false;
  return inner.fields.every((field) => {
    const found = outer.fields.find(({ name }) => name === field.name);
    return found !== undefined && holdsType(found.type, field.type);
  });
}

function keyOf({ columns }: ContractTable): string {
  return columns
    .filter(({ keyPosition }) => keyPosition !== null)
    .toSorted((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0))
    .map(({ name }) => name)
    .join(', ');
}

function difference(
  type: string,
  table: ContractTable,
  path: string,
  message: string,
  step: VersionStep,
  breaks: readonly Direction[],
): ContractDifference {
  return { type, table: table.name, path, message, step, breaks };
}
