// When a value that is not null is not valid, as a condition. Never null for a value that is not null, so that no engine's
// reading of a null decides; NaN is in no range.

import { decimalParts } from '../../lake/iceberg/evolve.ts';
import { isList, isMap, isStruct, type IcebergType } from '../../lake/iceberg/schema.ts';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import { textFormats } from '../../contracts/formats.ts';
import { linearPattern } from '../../contracts/linear-pattern.ts';
import type { Scalar, Valid } from '../check.ts';
import { isFloating, plainText, type CheckDialect } from './check-dialect.ts';
import type { ColumnPlace } from './column-place.ts';

export type Condition = { readonly kind: 'sql'; readonly sql: string } | { readonly kind: 'problem'; readonly reason: string };

const sql = (text: string): Condition => ({ kind: 'sql', sql: text });
const problem = (reason: string): Condition => ({ kind: 'problem', reason });

export function invalidCondition(valid: Valid, place: ColumnPlace, dialect: CheckDialect): Condition {
  const value = place.sql;
  switch (valid.kind) {
    case 'values':
    case 'notValues': {
      const isListed = isOneOf(valid.values, place, dialect);
      if (isListed.kind === 'problem') return isListed;
      return sql(valid.kind === 'values' ? `(${value} IS NOT NULL AND NOT ${isListed.sql})` : `(${value} IS NOT NULL AND ${isListed.sql})`);
    }
    case 'pattern': {
      const pattern = linearPattern(valid.pattern);
      if (pattern.kind === 'refused') return problem(pattern.reason);
      return sql(`(NOT coalesce(${dialect.isMatch(plainText(value, place.type, dialect), pattern.re2)}, true))`);
    }
    case 'format': {
      const format = textFormats.get(valid.format);
      if (!format) return problem(`there is no format ${valid.format}: expected one of ${[...textFormats.keys()].join(', ')}`);
      if (holdsFormat(place.type, valid.format)) return sql('(false)');
      const text = plainText(value, place.type, dialect);
      const isLong = format.lengthMax === undefined ? '' : ` OR coalesce(length(${text}) > ${format.lengthMax}, false)`;
      return sql(`(NOT coalesce(${dialect.isMatch(text, format.pattern)}, true)${isLong})`);
    }
    case 'range':
      return outOfRange(valid, place, dialect);
    case 'length': {
      const length = lengthOf(place, dialect);
      const ends = [
        ...(valid.min === null ? [] : [`${length} < ${valid.min}`]),
        ...(valid.max === null ? [] : [`${length} > ${valid.max}`]),
      ];
      return ends.length === 0 ? sql('(false)') : sql(`(coalesce(${ends.join(' OR ')}, false))`);
    }
  }
}

/** Types whose every value has the format by itself. */
function holdsFormat(type: IcebergType, format: string): boolean {
  return (
    (type === 'date' && format === 'date') ||
    (type === 'uuid' && format === 'uuid') ||
    (type === 'timestamptz' && format === 'date-time') ||
    (type === 'timestamp' && format === 'date-time-local')
  );
}

/** False rather than null for a null value. */
export function isOneOf(values: readonly Scalar[], place: ColumnPlace, dialect: CheckDialect): Condition {
  const wanted = [...new Set(values.flatMap((value) => scalarSql(value, place.type, dialect) ?? []))];
  // What the type cannot hold is equal to none of its values.
  if (wanted.length === 0) return sql('(false)');
  const value = isComposite(place.type) ? plainText(place.sql, place.type, dialect) : place.sql;
  return sql(`(coalesce(${value} IN (${wanted.join(', ')}), false))`);
}

function isComposite(type: IcebergType): boolean {
  return isStruct(type) || isList(type) || isMap(type);
}

const moments: ReadonlySet<string> = new Set(['date', 'timestamp', 'timestamptz']);

/** A constant of the column's type; null where the type has no such value. */
function scalarSql(value: Scalar, type: IcebergType, dialect: CheckDialect): string | null {
  if (typeof type !== 'string') return literal(String(value));
  if (type === 'boolean') return typeof value === 'boolean' ? String(value) : /^(?:true|false)$/.test(String(value)) ? String(value) : null;
  if (type === 'string') return literal(String(value));
  if (type === 'uuid') return uuid.test(String(value)) ? `CAST(${literal(String(value))} AS uuid)` : null;
  if (moments.has(type)) return momentSql(String(value), type, dialect);
  if (type === 'binary' || typeof value === 'boolean') return null;
  return numberSql(value, type);
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const number = /^[+-]?\d{1,38}(?:\.\d{1,37})?(?:e[+-]?\d{1,3})?$/i;

function numberSql(value: string | number, type: IcebergType): string | null {
  const text = String(value).trim();
  if (!number.test(text)) return null;
  if (isFloating(type) || /e/i.test(text)) return `CAST(${literal(text)} AS double)`;
  return text.replace(/^\+/, '');
}

function momentSql(value: string, type: string, dialect: CheckDialect): string | null {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)?)?$/i.exec(value.trim());
  if (!match) return null;
  const [, date = '', time = '00:00', seconds = ':00', fraction = '', zone = 'Z'] = match;
  if (type === 'date') return `DATE ${literal(date)}`;
  if (type === 'timestamp') return `TIMESTAMP ${literal(`${date} ${time}${seconds}.${fraction.padEnd(6, '0')}`)}`;
  const ms = Date.parse(`${date}T${time}${seconds}${zone}`);
  return Number.isFinite(ms) ? dialect.instant(BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, '0'))) : null;
}

function outOfRange(valid: Extract<Valid, { kind: 'range' }>, place: ColumnPlace, dialect: CheckDialect): Condition {
  const { min, max } = valid;
  const isText = place.type === 'string';
  const asNumbers = isText && [min, max].every((end) => end === null || typeof end === 'number');
  // Numbers that the source keeps as text: what is no number is in no range.
  const value = asNumbers ? `TRY_CAST(${place.sql} AS double)` : place.sql;
  const type = asNumbers ? 'double' : place.type;
  const ends: string[] = [];
  for (const [end, operator] of [
    [min, '<'],
    [max, '>'],
  ] as const) {
    if (end === null) continue;
    const bound = boundSql(end, type, dialect);
    if (bound === null) return problem(`${JSON.stringify(end)} is no value of type ${String(typeof type === 'string' ? type : type.type)}`);
    ends.push(`${value} ${operator} ${bound}`);
  }
  if (ends.length === 0) return sql('(false)');
  const nan = isFloating(type) ? ` OR ${dialect.isNan(value)}` : '';
  return sql(`(${place.sql} IS NOT NULL AND coalesce(${ends.join(' OR ')}${nan}, true))`);
}

function boundSql(end: number | string, type: IcebergType, dialect: CheckDialect): string | null {
  return typeof type !== 'string' || type === 'boolean' || type === 'binary' ? null : scalarSql(end, type, dialect);
}

function lengthOf({ sql: value, type }: ColumnPlace, dialect: CheckDialect): string {
  if (isList(type) || isMap(type)) return dialect.elements(value);
  if (type === 'binary') return dialect.bytes(value);
  return `length(${plainText(value, type, dialect)})`;
}

/** Whether aggregates of numbers take it, and how exactly. */
export function numberKind(type: IcebergType): 'integer' | 'decimal' | 'floating' | 'text' | null {
  if (type === 'int' || type === 'long') return 'integer';
  if (isFloating(type)) return 'floating';
  if (type === 'string') return 'text';
  return typeof type === 'string' && decimalParts(type) ? 'decimal' : null;
}
