// One value inside a DuckDB expression: where it is, how it stands there, and what rules ask about it first. Answers are
// never NULL, and constants wherever the wire form alone decides.

import { allOf, anyOf, type SqlBoolean } from './sql-boolean.ts';
import { sqlName } from './sql-text.ts';
import type { Wire, WireField } from './wire.ts';

export interface Cell {
  /** As decoded: NULL exactly for null. */
  readonly raw: string;
  /** The logical value. */
  readonly sql: string;
  readonly wire: Wire;
  /** The row itself: whether there is one is asked once, around everything. */
  readonly isRow?: true;
}

/** A part of the contract that SQL cannot say over this value: the validator judges it. */
export class NotInSql extends Error {}

export type JsonType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';

export function cellAt(raw: string, wire: Wire): Cell {
  const logical = 'logical' in wire ? wire.logical : undefined;
  return { raw, sql: logical ? logical(raw) : raw, wire };
}

export function isNull(cell: Cell): SqlBoolean {
  if (cell.isRow) return false;
  return cell.wire.kind === 'null' ? true : `(${cell.raw} IS NULL)`;
}

export function isNotNull(cell: Cell): SqlBoolean {
  if (cell.isRow) return true;
  return cell.wire.kind === 'null' ? false : `(${cell.raw} IS NOT NULL)`;
}

const typeOf: Readonly<Record<Exclude<Wire['kind'], 'null' | 'json'>, JsonType>> = {
  boolean: 'boolean',
  long: 'integer',
  double: 'number',
  decimal: 'number',
  string: 'string',
  list: 'array',
  struct: 'object',
};

/** What is not null there is a number, a string …; null where only null occurs. */
export function typeOfCell(cell: Cell): JsonType | null {
  if (cell.wire.kind === 'json') throw new NotInSql('a value of any type');
  return cell.wire.kind === 'null' ? null : typeOf[cell.wire.kind];
}

export interface FieldCell {
  readonly name: string;
  readonly isPresent: SqlBoolean;
  readonly cell: Cell;
}

/** Of a struct that is not null. */
export function fieldCells(cell: Cell): readonly FieldCell[] {
  return cell.wire.kind === 'struct' ? cell.wire.fields.map((field) => fieldCell(cell, field)) : [];
}

/** Null where no row has the key. */
export function fieldNamed(cell: Cell, name: string): FieldCell | null {
  const field = cell.wire.kind === 'struct' ? cell.wire.fields.find((candidate) => candidate.name === name) : undefined;
  return field ? fieldCell(cell, field) : null;
}

function fieldCell(struct: Cell, field: WireField): FieldCell {
  const raw = field.at ? field.at(struct.sql) : `${struct.sql}.${sqlName(field.name)}`;
  return { name: field.name, isPresent: field.isPresent ? field.isPresent(struct.sql) : true, cell: cellAt(raw, field.wire) };
}

/** Digits that DuckDB's widest decimal has on either side of the point when nothing is declared. */
const openDecimal = { precision: 38, scale: 18 };
const plainNumber = "'-?(?:0|[1-9][0-9]{0,17})(?:\\.[0-9]{1,18})?'";

export interface DecimalCell {
  /** A DECIMAL; NULL where `isExact` is false. */
  readonly sql: string;
  readonly precision: number;
  readonly scale: number;
  /** False where DuckDB has no decimal for the text: too many digits, an exponent, no number at all. */
  readonly isExact: string;
}

export function decimalCell(cell: Cell): DecimalCell | null {
  const { wire } = cell;
  if (wire.kind !== 'decimal') return null;
  const { precision, scale } = wire;
  // Without a digit before the point DuckDB writes .50, not 0.50.
  const digits = precision !== null && precision === scale ? precision + 1 : precision;
  if (digits !== null && scale !== null && digits <= 38 && scale >= 0 && scale < digits) {
    const sql = `TRY_CAST(${cell.sql} AS DECIMAL(${digits},${scale}))`;
    return { sql, precision: digits, scale, isExact: `coalesce(${sql}::VARCHAR = ${cell.sql}, ${cell.raw} IS NULL)` };
  }
  const isExact = `coalesce(regexp_full_match(${cell.sql}, ${plainNumber}), true)`;
  return { sql: `TRY_CAST(${cell.sql} AS DECIMAL(38,18))`, ...openDecimal, isExact };
}

/** `term` for every value of this type; true for others. */
export function whereType(cell: Cell, type: JsonType, term: () => SqlBoolean): SqlBoolean {
  if (typeOfCell(cell) !== type) return true;
  return anyOf([isNull(cell), term()]);
}

export function hasType(cell: Cell, type: string): SqlBoolean {
  if (type === 'null') return isNull(cell);
  const own = typeOfCell(cell);
  if (own === type || (own === 'integer' && type === 'number')) return isNotNull(cell);
  if (own !== 'number' || type !== 'integer') return false;
  const decimal = decimalCell(cell);
  return `coalesce(${decimal ? `${decimal.sql} = trunc(${decimal.sql})` : `${cell.sql} = trunc(${cell.sql})`}, false)`;
}

export function hasSomeType(cell: Cell, types: readonly string[]): SqlBoolean {
  const own = typeOfCell(cell);
  const covers = own !== null && (types.includes(own) || (own === 'integer' && types.includes('number')));
  if (covers && types.includes('null')) return true;
  return anyOf(types.map((type) => hasType(cell, type)));
}

/** Every element from index `from` on keeps what `term` says of it. */
export function everyElement(list: Cell, from: number, variable: string, term: (element: Cell) => SqlBoolean): SqlBoolean {
  if (list.wire.kind !== 'list') return true;
  const holds = term(cellAt(variable, list.wire.element));
  if (holds === true) return true;
  if (holds === false) return `(${list.raw} IS NULL OR len(${list.sql}) <= ${from})`;
  return `(${list.raw} IS NULL OR len(list_filter(${elementsFrom(list, from)}, lambda ${variable}: NOT ${holds})) = 0)`;
}

export function elementsFrom(list: Cell, from: number): string {
  return from === 0 ? list.sql : `(${list.sql})[${from + 1}:]`;
}

export function element(list: Cell, index: number): Cell | null {
  return list.wire.kind === 'list' ? cellAt(`(${list.sql})[${index + 1}]`, list.wire.element) : null;
}

/** Elements are there and null, or there. */
export function hasElement(list: Cell, index: number): SqlBoolean {
  return allOf([isNotNull(list), `(coalesce(len(${list.sql}), 0) > ${index})`]);
}

/** Whether the value stands as its wire form says: where it does not, DuckDB's answer does not count. */
export function isFormed(cell: Cell): SqlBoolean {
  const { wire } = cell;
  if (wire.kind === 'decimal') return decimalCell(cell)?.isExact ?? true;
  const formed = 'isFormed' in wire ? wire.isFormed : undefined;
  return formed ? anyOf([isNull(cell), formed(cell.raw)]) : true;
}

/** Values of which nothing has to be found out first. */
export function isAlwaysFormed(wire: Wire): boolean {
  switch (wire.kind) {
    case 'json':
    case 'decimal':
      return false;
    case 'list':
      return isAlwaysFormed(wire.element);
    case 'struct':
      return wire.fields.every((field) => isAlwaysFormed(field.wire));
    default:
      return !('isFormed' in wire) || wire.isFormed === undefined;
  }
}
