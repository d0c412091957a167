// The wire of a whole row: what each column's physical type (type-table.ts) makes of the kind that decoded it. The SQL here
// says what row-value.ts says in JavaScript, so that a row is the same to both; what has not the form its type has (an
// infinite date, NaN in a numeric) is left to the validator, as are maps and JSON columns.

import type { PhysicalType } from '../physical-type.ts';
import type { RowColumn } from '../row-value.ts';
import type { Database } from '../type-table.ts';
import { unavailableValue } from '../../sources/canonical-postgres.ts';
import { sqlName, sqlString } from './sql-text.ts';
import type { ScalarWire, Wire, WireField } from './wire.ts';

/** What decoded a value: a shape of the raw table has this form. */
export type DecodedType =
  | { readonly kind: 'null' | 'boolean' | 'long' | 'double' | 'string' | 'json' }
  | { readonly kind: 'struct'; readonly fields: readonly DecodedField[] }
  | { readonly kind: 'list'; readonly element: DecodedType };

export interface DecodedField {
  readonly name: string;
  readonly type: DecodedType;
}

/** `after` as it was decoded; a row of a kind that is no object is left to the validator. */
export function rowWire(columns: readonly RowColumn[], after: DecodedType, database: Database): Wire {
  if (after.kind === 'null') return { kind: 'null' };
  if (after.kind !== 'struct') return { kind: 'json' };
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const fields = after.fields.flatMap((field) =>
    database === 'cassandra' ? cassandraField(field, types.get(field.name)) : [postgresField(field, types.get(field.name))],
  );
  return { kind: 'struct', fields };
}

function postgresField({ name, type: decoded }: DecodedField, type: PhysicalType | undefined): WireField {
  const wire = wireOf(decoded, type);
  if (decoded.kind !== 'string' || !isStoredAside(type)) return { name, wire };
  const isPresent = (struct: string): string => `coalesce(${struct}.${sqlName(name)} <> ${sqlString(unavailableValue)}, true)`;
  return { name, wire, isPresent };
}

/** Short types are never left out of an event. */
function isStoredAside(type: PhysicalType | undefined): boolean {
  return type === undefined || !['uuid', 'date', 'time', 'timetz', 'timestamp', 'timestamptz', 'enum', 'interval'].includes(type.kind);
}

/** A cell that the change did not touch is null: then the row has no such key. */
function cassandraField({ name, type: decoded }: DecodedField, type: PhysicalType | undefined): readonly WireField[] {
  if (name === '_range_start' || name === '_range_end' || decoded.kind === 'null') return [];
  const value = decoded.kind === 'struct' ? decoded.fields.find((field) => field.name === 'value') : undefined;
  const isPresent = (struct: string): string => `(${struct}.${sqlName(name)} IS NOT NULL)`;
  if (decoded.kind === 'json') return [{ name, wire: { kind: 'json' }, isPresent }];
  if (value === undefined) return [];
  return [{ name, wire: wireOf(value.type, type), at: (struct) => `${struct}.${sqlName(name)}."value"`, isPresent }];
}

function wireOf(decoded: DecodedType, type: PhysicalType | undefined): Wire {
  if (decoded.kind === 'null') return { kind: 'null' };
  if (decoded.kind === 'json') return { kind: 'json' };
  if (type === undefined) return unchanged(decoded);
  const text = decoded.kind === 'string';
  switch (type.wire) {
    case 'as-is':
      return unchanged(decoded);
    case 'integer-text':
      return text ? { kind: 'decimal', precision: null, scale: null } : unchanged(decoded);
    case 'decimal-text':
      return text ? { kind: 'decimal', precision: type.precision, scale: type.scale } : unchanged(decoded);
    case 'inet-text':
      return text ? { kind: 'string', logical: (wire) => `regexp_replace(${wire}, '(?s)^.*/', '')` } : unchanged(decoded);
    case 'json-text':
    case 'opaque-base64':
      return text ? { kind: 'json' } : unchanged(decoded);
    case 'map':
      return { kind: 'json' };
    case 'array':
      return decoded.kind === 'list' ? { kind: 'list', element: elementWire(decoded.element, type) } : unchanged(decoded);
    case 'struct':
      return decoded.kind === 'struct' ? structWire(decoded.fields, type) : unchanged(decoded);
    default:
      return decoded.kind === 'long' ? temporalWire(type.wire) : unchanged(decoded);
  }
}

function unchanged(decoded: DecodedType): Wire {
  if (decoded.kind === 'list') return { kind: 'list', element: unchanged(decoded.element) };
  if (decoded.kind === 'struct')
    return { kind: 'struct', fields: decoded.fields.map(({ name, type }) => ({ name, wire: unchanged(type) })) };
  return { kind: decoded.kind };
}

/** An array of several dimensions is a list of lists whatever its type says. */
function elementWire(decoded: DecodedType, type: PhysicalType): Wire {
  if (decoded.kind === 'list' && type.database === 'postgres') return { kind: 'list', element: elementWire(decoded.element, type) };
  return wireOf(decoded, type.element ?? undefined);
}

function structWire(fields: readonly DecodedField[], type: PhysicalType): Wire {
  const types = new Map(type.fields.map((field) => [field.name, field.type]));
  return { kind: 'struct', fields: fields.map(({ name, type: decoded }) => ({ name, wire: wireOf(decoded, types.get(name)) })) };
}

const daysMin = -719_162n;
const daysMax = 2_932_896n;
const dayUs = 86_400_000_000n;
const dayMs = 86_400_000n;

function temporalWire(form: 'days' | 'micros-of-day' | 'nanos-of-day' | 'micros' | 'millis'): ScalarWire {
  switch (form) {
    case 'days':
      return temporal(['date'], daysMin, daysMax, (days) => `strftime(make_timestamp(${days} * ${dayUs}), '%Y-%m-%d')`);
    case 'micros':
      return temporal(
        ['date-time-local'],
        daysMin * dayUs,
        (daysMax + 1n) * dayUs - 1n,
        (us) => `strftime(make_timestamp(${us}), '%Y-%m-%dT%H:%M:%S.%f')`,
      );
    case 'millis':
      return temporal(
        ['date-time'],
        daysMin * dayMs,
        (daysMax + 1n) * dayMs - 1n,
        (ms) => `strftime(make_timestamp(${ms} * 1000), '%Y-%m-%dT%H:%M:%S.%fZ')`,
      );
    case 'micros-of-day':
      return temporal(['time-local'], 0n, dayUs - 1n, (us) => `strftime(make_timestamp(${us}), '%H:%M:%S.%f')`);
    case 'nanos-of-day':
      return temporal(
        ['time-local'],
        0n,
        dayUs * 1000n - 1n,
        (ns) => `(strftime(make_timestamp(${ns} // 1000), '%H:%M:%S.%f') || lpad((${ns} % 1000)::VARCHAR, 3, '0'))`,
      );
  }
}

function temporal(formats: readonly string[], min: bigint, max: bigint, text: (wire: string) => string): ScalarWire {
  const isFormed = (wire: string): string => `(${wire} BETWEEN ${min} AND ${max})`;
  // The conversion fails outside the range: it is not tried there.
  return { kind: 'string', formats, isFormed, logical: (wire) => `CASE WHEN ${isFormed(wire)} THEN ${text(wire)} END` };
}
