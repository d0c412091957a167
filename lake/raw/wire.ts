// Values whose column has a contract's type: how they stand in the record's JSON, and the one spelling in which they are
// rebuilt from it. A decimal column holds "12.30" only because 12.30 is written back as "12.30"; "12.3" and "1E1" would
// not come back, so such a row is rescued. Which wire form it is follows from the JSON type and the column's type alone:
// - decimal(p,s): text with exactly s digits after the point.  - date: days.  - timestamp: microseconds.
// - timestamptz: "2026-11-21T08:54:30.123456Z"; where the source is Cassandra, milliseconds.  - binary: base64.
// - list, struct, map: JSON arrays and objects whose parts are of these forms or plain.

import { assert } from '../../runtime/errors.ts';
import { decimalParts, type WantedType } from '../iceberg/evolve.ts';
import { isList, isMap, isStruct, type IcebergType } from '../iceberg/schema.ts';

/** Named as the column's type; `timestamptz-ms` is a timestamptz from milliseconds. */
export type Wire = string | WireList | WireStruct | WireMap;

export interface WireList {
  readonly kind: 'list';
  readonly element: Wire;
}

export interface WireStruct {
  readonly kind: 'struct';
  readonly fields: readonly { readonly name: string; readonly wire: Wire }[];
}

/** Keys are text. */
export interface WireMap {
  readonly kind: 'map';
  readonly value: Wire;
}

/** What a value is in JSON before it is cast. */
export type WireJson = 'boolean' | 'long' | 'double' | 'string' | 'json';

/** Parts of nested values that need no cast. */
const plain: Readonly<Record<string, WireJson>> = { boolean: 'boolean', long: 'long', double: 'double', string: 'string' };

const cast: Readonly<Record<string, WireJson>> = {
  int: 'long',
  date: 'long',
  timestamp: 'long',
  timestamptz: 'string',
  'timestamptz-ms': 'long',
  binary: 'string',
};

export function wireJson(wire: Wire): WireJson {
  if (typeof wire !== 'string') return 'json';
  return decimalParts(wire) ? 'string' : (plain[wire] ?? cast[wire] ?? 'string');
}

/** The form that such a column takes values in; null where it takes the JSON value as it is, or none at all. */
export function wireOf(column: IcebergType, isCassandra: boolean): Wire | null {
  if (isStruct(column) || isList(column) || isMap(column)) return nested(column, isCassandra);
  if (column === 'timestamptz' && isCassandra) return 'timestamptz-ms';
  return typeof column === 'string' && (decimalParts(column) !== null || column in cast) ? column : null;
}

function nested(column: IcebergType, isCassandra: boolean): Wire | null {
  if (isList(column)) {
    const element = nested(column.element, isCassandra);
    return element && { kind: 'list', element };
  }
  if (isMap(column)) {
    const value = nested(column.value, isCassandra);
    return value !== null && column.key === 'string' ? { kind: 'map', value } : null;
  }
  if (isStruct(column)) {
    const fields = column.fields.map((field) => ({ name: field.name, wire: nested(field.type, isCassandra) }));
    const folded = new Set(column.fields.map((field) => field.name.toLowerCase()));
    // Two names equal but for case are read as one.
    if (fields.length === 0 || folded.size < fields.length) return null;
    return fields.every(hasWire) ? { kind: 'struct', fields } : null;
  }
  return wireOf(column, isCassandra) ?? (typeof column === 'string' && column in plain ? column : null);
}

function hasWire(field: { readonly name: string; readonly wire: Wire | null }): field is { readonly name: string; readonly wire: Wire } {
  return field.wire !== null;
}

/** The column's type, without ids. */
export function wireColumn(wire: Wire): WantedType {
  if (typeof wire === 'string') return wire === 'timestamptz-ms' ? 'timestamptz' : wire;
  if (wire.kind === 'list') return { type: 'list', element: wireColumn(wire.element) };
  if (wire.kind === 'map') return { type: 'map', key: 'string', value: wireColumn(wire.value) };
  return { type: 'struct', fields: wire.fields.map((field) => ({ name: field.name, type: wireColumn(field.wire) })) };
}

/**
 * The JSON text of a typed value, as it stood in the record. Values as readers give them: decimals as text or number,
 * dates and timestamps as DuckDB's text, as Date or as a whole number of the column's unit, bytes as Uint8Array, maps as
 * lists of {key, value}.
 */
export function wireText(value: unknown, wire: Wire): string {
  if (value === null || value === undefined) return 'null';
  if (typeof wire !== 'string') return nestedText(value, wire);
  const decimal = decimalParts(wire);
  if (decimal) return JSON.stringify(decimalText(value, decimal.scale));
  switch (wire) {
    case 'date':
      return String(microsOf(value, 86_400_000_000n) / 86_400_000_000n);
    case 'timestamp':
      return String(microsOf(value, 1n));
    case 'timestamptz-ms':
      return String(microsOf(value, 1n) / 1000n);
    case 'timestamptz':
      return JSON.stringify(instantText(microsOf(value, 1n)));
    case 'binary':
      assert(value instanceof Uint8Array, 'binary columns are read as bytes');
      return JSON.stringify(Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64'));
    case 'string':
      return JSON.stringify(value);
    case 'double':
      return doubleText(Number(value));
    default:
      return String(value);
  }
}

export function doubleText(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function nestedText(value: unknown, wire: Exclude<Wire, string>): string {
  if (wire.kind === 'list') {
    assert(Array.isArray(value), 'a list column holds a list');
    return `[${value.map((item: unknown) => wireText(item, wire.element)).join(',')}]`;
  }
  if (wire.kind === 'map') {
    const entries = mapEntries(value).map(([key, item]) => `${JSON.stringify(key)}:${wireText(item, wire.value)}`);
    return `{${entries.join(',')}}`;
  }
  const fields = wire.fields.map((field) => `${JSON.stringify(field.name)}:${wireText(own(value, field.name), field.wire)}`);
  return `{${fields.join(',')}}`;
}

function mapEntries(value: unknown): readonly (readonly [string, unknown])[] {
  if (value instanceof Map) return [...value].map(([key, item]) => [String(key), item]);
  if (Array.isArray(value)) return value.map((entry: unknown) => [String(own(entry, 'key')), own(entry, 'value')]);
  assert(typeof value === 'object' && value !== null, 'a map column holds a map');
  return Object.entries(value);
}

function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return null;
  return Object.getOwnPropertyDescriptor(value, key)?.value ?? null;
}

function decimalText(value: unknown, scale: number): string {
  if (typeof value === 'string') return value.replace(/^(-?)\./, '$10.');
  assert(typeof value === 'number' && Math.abs(value) * 10 ** scale < 2 ** 52, 'a decimal beyond doubles is read as text');
  return value.toFixed(scale);
}

/** `unit`: microseconds that a whole number counts. */
function microsOf(value: unknown, unit: bigint): bigint {
  if (typeof value === 'bigint') return value * unit;
  if (typeof value === 'number') return BigInt(value) * unit;
  if (value instanceof Date) return BigInt(value.getTime()) * 1000n;
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:\+00|Z)?)?$/.exec(String(value));
  assert(match, `no date or time: ${String(value)}`);
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = ''] = match;
  return BigInt(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0'));
}

function instantText(micros: bigint): string {
  const below = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((micros - below) / 1000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(below).padStart(6, '0')}Z`;
}
