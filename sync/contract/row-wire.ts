// How a decoded `after` stands in DuckDB, told to the rule compiler: the shape says which JSON each key has, the contract
// what it means. Row for row this is what logicalRow makes of the same event in JavaScript; where SQL cannot make it (a
// date beyond the year 9999, dates inside arrays), `strange` finds the rows and the validator judges them.
// Spec: contracts/type-table.ts, the forms of the wire.

import { columnType, databaseOfBody } from '../../contracts/column-type.ts';
import { isJsonObject, type JsonSchema } from '../../contracts/json-schema.ts';
import type { PhysicalType } from '../../contracts/physical-type.ts';
import type { Wire, WireField } from '../../contracts/rules/wire.ts';
import { literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import type { ShapeField, ShapeType } from '../../lake/raw/shape.ts';
import { wireJson } from '../../lake/raw/wire.ts';
import { unavailableTexts } from '../../lake/raw/current/postgres.ts';

export interface RowWire {
  readonly wire: Wire;
  /** Over the row: true where SQL does not see the value that people see. None may be NULL. */
  readonly strange: readonly string[];
}

/** `row`: SQL of the decoded `after`. */
export function rowWire(body: JsonSchema, after: readonly ShapeField[], row: string): RowWire {
  const database = databaseOfBody(body);
  const properties = isJsonObject(body) && isJsonObject(body['properties']) ? body['properties'] : {};
  const strange: string[] = [];
  const fields = after.flatMap((field): readonly WireField[] => {
    const schema = properties[field.name];
    const type = isJsonObject(schema) ? columnType(schema, database) : null;
    return database === 'cassandra' ? cellField(field, type, row, strange) : [rowField(field, type, row, strange)];
  });
  return { wire: { kind: 'struct', fields }, strange };
}

function rowField(field: ShapeField, type: PhysicalType | null, row: string, strange: string[]): WireField {
  const { name } = field;
  const wire = valueWire(field.type, type, `${row}.${quoted(name)}`, strange);
  if (!mayBeUnavailable(field.type, type)) return { name, wire };
  const placeholder = literal(unavailableTexts[0] ?? '');
  return { name, wire, isPresent: (struct) => `(${struct}.${quoted(name)} IS DISTINCT FROM ${placeholder})` };
}

/** A large value that an UPDATE left alone comes as a placeholder: of types without a bound on their size. */
function mayBeUnavailable(shape: ShapeType, type: PhysicalType | null): boolean {
  if (jsonKind(shape) !== 'string') return false;
  return type === null || !['enum', 'uuid', 'date', 'time', 'timetz', 'timestamp', 'timestamptz', 'interval'].includes(type.kind);
}

/** A cell that the change did not touch is null in the event, and absent in the row. */
function cellField(field: ShapeField, type: PhysicalType | null, row: string, strange: string[]): readonly WireField[] {
  const { name } = field;
  if (name === '_range_start' || name === '_range_end' || field.type.kind !== 'struct') return [];
  const value = field.type.fields.find((part) => part.name === 'value');
  if (!value) return [];
  const at = (struct: string): string => `${struct}.${quoted(name)}."value"`;
  const wire = valueWire(value.type, type, at(row), strange);
  return [{ name, wire, at, isPresent: (struct) => `(${struct}.${quoted(name)} IS NOT NULL)` }];
}

type JsonKind = 'null' | 'boolean' | 'long' | 'double' | 'string' | 'json';

/** What the decoder reads the value as, before any cast. */
function jsonKind(shape: ShapeType): JsonKind {
  if (shape.kind === 'typed') return wireJson(shape.wire);
  return shape.kind === 'struct' || shape.kind === 'list' ? 'json' : shape.kind;
}

function valueWire(shape: ShapeType, type: PhysicalType | null, value: string, strange: string[]): Wire {
  const kind = jsonKind(shape);
  if (kind === 'null') return { kind: 'null' };
  const form = type?.wire ?? 'as-is';
  if (kind === 'json') {
    if (type && !isPlain(type)) strange.push(`(${value} IS NOT NULL)`);
    return { kind: 'json' };
  }
  if (kind === 'string' && (form === 'integer-text' || form === 'decimal-text'))
    return { kind: 'decimal', precision: type?.precision ?? null, scale: type?.scale ?? null };
  if (kind === 'string' && form === 'json-text') return { kind: 'json' };
  if (kind === 'string' && form === 'inet-text') return { kind: 'string', logical: (text) => `regexp_replace(${text}, '^.*/', '')` };
  if (kind === 'string' && form === 'opaque-base64') {
    strange.push(`(${value} IS NOT NULL)`);
    return { kind: 'string' };
  }
  const time = kind === 'long' ? times[form] : undefined;
  if (!time) return { kind };
  strange.push(`(${value} IS NOT NULL AND ${value} NOT BETWEEN ${time.min} AND ${time.max})`);
  return { kind: 'string', logical: time.text, formats: time.formats };
}

/** Whether values inside are what they seem. */
function isPlain(type: PhysicalType): boolean {
  if (type.kind === 'json') return true;
  const parts = [type.element, type.key, ...type.fields.map((field) => field.type)].filter((part) => part !== null);
  const isOwn =
    type.wire === 'as-is' || type.wire === 'array' || type.wire === 'struct' || (type.wire === 'map' && type.key?.wire === 'as-is');
  return isOwn && type.kind !== 'map' && parts.every(isPlain);
}

interface TimeForm {
  readonly min: string;
  readonly max: string;
  readonly formats: readonly string[];
  readonly text: (whole: string) => string;
}

const clock = (micros: string): string =>
  `CASE WHEN ${micros} = 86400000000 THEN '24:00:00.000000' ELSE strftime(make_timestamp(${micros}), '%H:%M:%S.%f') END`;
const dateTime = (micros: string): string => `strftime(make_timestamp(${micros}), '%Y-%m-%dT%H:%M:%S.%f')`;

const times: Readonly<Partial<Record<PhysicalType['wire'], TimeForm>>> = {
  days: {
    min: '-719162',
    max: '2932896',
    formats: ['date'],
    // A date beyond the bounds is judged elsewhere; the cast must not fail on it.
    text: (days) => `(DATE '1970-01-01' + (CASE WHEN ${days} BETWEEN -719162 AND 2932896 THEN ${days} ELSE 0 END)::INTEGER)::VARCHAR`,
  },
  micros: {
    min: '-62135596800000000',
    max: '253402300799999999',
    formats: ['date-time-local'],
    text: (micros) => dateTime(`CASE WHEN ${micros} BETWEEN -62135596800000000 AND 253402300799999999 THEN ${micros} ELSE 0 END`),
  },
  millis: {
    min: '-62135596800000',
    max: '253402300799999',
    formats: ['date-time'],
    text: (millis) =>
      `(${dateTime(`CASE WHEN ${millis} BETWEEN -62135596800000 AND 253402300799999 THEN ${millis} ELSE 0 END * 1000`)} || 'Z')`,
  },
  'micros-of-day': {
    min: '0',
    max: '86400000000',
    formats: ['time-local'],
    text: (micros) => `(${clock(`(CASE WHEN ${micros} BETWEEN 0 AND 86400000000 THEN ${micros} ELSE 0 END)`)})`,
  },
  'nanos-of-day': {
    min: '0',
    max: '86399999999999',
    formats: ['time-local'],
    text: (nanos) =>
      `(strftime(make_timestamp((CASE WHEN ${nanos} BETWEEN 0 AND 86399999999999 THEN ${nanos} ELSE 0 END) // 1000), '%H:%M:%S.%f') || lpad((${nanos} % 1000)::VARCHAR, 3, '0'))`,
  },
};
