// `const`, `enum` and `uniqueItems`: equal as JSON is equal. 1 and 1.0 are one number, key order does not count.

import { isJsonObject, type JsonValue } from '../json-schema.ts';
import { ceilAt, decimalText, exactDecimal, floorAt } from './exact-decimal.ts';
import { allOf, anyOf, not, type SqlBoolean } from './sql-boolean.ts';
import { isAlwaysFormed, cellAt, decimalCell, fieldCells, isNotNull, isNull, NotInSql, type Cell } from './sql-cell.ts';
import { isAmong, sqlDouble, sqlLong, sqlString } from './sql-text.ts';
import type { Wire } from './wire.ts';

export const longMin = -(2n ** 63n);
export const longMax = 2n ** 63n - 1n;

export function isOneOf(cell: Cell, values: readonly JsonValue[]): SqlBoolean {
  const texts = values.flatMap((value) => (typeof value === 'string' && value.isWellFormed() ? [sqlString(value)] : []));
  if (cell.wire.kind === 'string' && texts.length > 1) {
    const isText = `coalesce(${isAmong(cell.sql, texts)}, false)`;
    return values.includes(null) ? anyOf([isNull(cell), isText]) : isText;
  }
  return anyOf(values.map((value) => isEqual(cell, value)));
}

export function isEqual(cell: Cell, value: JsonValue): SqlBoolean {
  const { wire, sql } = cell;
  if (wire.kind === 'json') throw new NotInSql('equality with a value of any type');
  if (value === null) return isNull(cell);
  if (typeof value === 'string') return wire.kind === 'string' && value.isWellFormed() ? same(sql, sqlString(value)) : false;
  if (typeof value === 'boolean') return wire.kind === 'boolean' ? same(sql, String(value)) : false;
  if (typeof value === 'number') return isNumber(cell, value);
  if ((wire.kind === 'list' || wire.kind === 'struct') && !isAlwaysFormed(wire))
    throw new NotInSql('equality with values that have a form of their own');
  if (Array.isArray(value)) return isList(cell, value);
  return isJsonObject(value) ? isStruct(cell, value) : false;
}

function same(sql: string, constant: string): string {
  return `(${sql} IS NOT DISTINCT FROM ${constant})`;
}

function isNumber(cell: Cell, value: number): SqlBoolean {
  if (cell.wire.kind === 'double') return same(cell.sql, sqlDouble(value));
  const exact = exactDecimal(value);
  if (cell.wire.kind === 'long')
    return exact.scale === 0 && exact.digits >= longMin && exact.digits <= longMax ? same(cell.sql, sqlLong(exact.digits)) : false;
  const decimal = decimalCell(cell);
  if (decimal === null) return false;
  const units = floorAt(exact, decimal.scale);
  const limit = 10n ** BigInt(decimal.precision);
  if (units !== ceilAt(exact, decimal.scale) || units >= limit || units <= -limit) return false;
  return same(decimal.sql, `${sqlString(decimalText(units, decimal.scale))}::DECIMAL(${decimal.precision},${decimal.scale})`);
}

function isList(cell: Cell, values: readonly JsonValue[]): SqlBoolean {
  const { wire, sql } = cell;
  if (wire.kind !== 'list') return false;
  const elements = values.map((value, i) => isEqual(cellAt(`(${sql})[${i + 1}]`, wire.element), value));
  return allOf([`coalesce(len(${sql}) = ${values.length}, false)`, ...elements]);
}

function isStruct(cell: Cell, value: { readonly [key: string]: JsonValue }): SqlBoolean {
  if (cell.wire.kind !== 'struct') return false;
  const fields = fieldCells(cell);
  const names = new Set(fields.map((field) => field.name));
  if (Object.keys(value).some((key) => !names.has(key))) return false;
  const parts = fields.map((field) => {
    const wanted = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
    return wanted === undefined ? not(field.isPresent) : allOf([field.isPresent, isEqual(field.cell, wanted)]);
  });
  return allOf([isNotNull(cell), ...parts]);
}

/** Of a list that is not null: no two elements are equal. */
export function areUnique(list: Cell): SqlBoolean {
  const { wire } = list;
  if (wire.kind !== 'list') return true;
  const raw = `coalesce(len(${list.sql}), 0)`;
  if (wire.element.kind === 'null') return `(${raw} <= 1)`;
  const elements = comparable(list, wire.element);
  // list_unique does not see nulls.
  return `(${raw} <= 1 OR list_unique(${elements}) + (CASE WHEN list_count(${elements}) < ${raw} THEN 1 ELSE 0 END) = ${raw})`;
}

function comparable(list: Cell, wire: Wire): string {
  if (hasOnly(wire, ['boolean', 'string', 'long'])) return list.sql;
  // 0.0 and −0.0 are one number.
  if (wire.kind === 'double') return `list_transform(${list.sql}, lambda foz_u: foz_u + 0)`;
  if (wire.kind === 'decimal') {
    const decimal = decimalCell(cellAt('foz_u', wire));
    if (decimal) return `list_transform(${list.sql}, lambda foz_u: ${decimal.sql})`;
  }
  throw new NotInSql('uniqueItems over elements of this type');
}

/** Values that DuckDB compares as JSON does, without any conversion. */
function hasOnly(wire: Wire, kinds: readonly Wire['kind'][]): boolean {
  return kinds.includes(wire.kind) && !('logical' in wire);
}
