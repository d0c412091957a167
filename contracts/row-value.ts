// A value of an event as people see it: the wire form (type-table.ts) brought to logical JSON, which is what a contract's
// schema describes and rules judge.
//
//   logicalValue(type, wire)  one value; `wire` as parseExactJson reads it (integers beyond 2^53 as bigint)
//   logicalRow(columns, after, database)  the whole row: `after` of an event; absent and unavailable values are absent,
//                                         and of Cassandra's cells only the value counts
//   asJson(value)             the nearest plain JSON value, for validators that know only doubles
//   logicalText(value)        JSON text in which every number keeps all its digits
//
// Exact: a number that a double cannot hold is an ExactNumber, which carries its digits; all others are JavaScript numbers.
// What does not have its wire form passes unchanged ("NaN" for a numeric, "infinity" for a date), so that the type or
// format rule says so: nothing is forgiven here and nothing throws.

import { decimalText } from '../sources/canonical.ts';
import { unavailableValue } from '../sources/canonical-postgres.ts';
import { isJsonObject as isRecord, parseExactJson } from '../sources/exact-json.ts';
import { dateText, dateTimeText, floorDivide, timeText } from '../sources/temporal.ts';
import type { JsonValue } from './json-schema.ts';
import type { PhysicalType } from './physical-type.ts';
import type { Database } from './type-table.ts';

/** A number beyond what a double holds, in plain notation: `9007199254740993`, `12345678901234567890.12`. */
export interface ExactNumber {
  readonly exact: string;
  readonly [exactNumber]: true;
}

const exactNumber: unique symbol = Symbol('exact number');

export type LogicalValue = null | boolean | number | string | ExactNumber | readonly LogicalValue[] | LogicalObject;

export interface LogicalObject {
  readonly [key: string]: LogicalValue;
}

export function isExactNumber(value: LogicalValue): value is ExactNumber {
  return typeof value === 'object' && value !== null && exactNumber in value;
}

export interface RowColumn {
  readonly name: string;
  readonly type: PhysicalType;
}

/** `after` of one event. Keys that no column names are kept: an unknown column is the contract's to judge. */
export function logicalRow(columns: readonly RowColumn[], after: Readonly<Record<string, unknown>>, database: Database): LogicalObject {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const row: [string, LogicalValue][] = [];
  for (const [name, wire] of Object.entries(after)) {
    const value = database === 'cassandra' ? cellValue(name, wire) : wire;
    if (value === undefined || value === unavailableValue) continue;
    const type = types.get(name);
    row.push([name, type === undefined ? passed(value) : logicalValue(type, value)]);
  }
  return Object.fromEntries(row);
}

/** A cell that the change did not touch is null in the event and absent in the row; `_range_…` are no columns. */
function cellValue(name: string, cell: unknown): unknown {
  if (name === '_range_start' || name === '_range_end') return undefined;
  return isRecord(cell) && 'value' in cell ? cell['value'] : undefined;
}

export function logicalValue(type: PhysicalType, wire: unknown): LogicalValue {
  if (wire === null || wire === undefined) return null;
  const value = formed(type, wire);
  return value === undefined ? passed(wire) : value;
}

/** Undefined where the value does not have the form. */
function formed(type: PhysicalType, wire: unknown): LogicalValue | undefined {
  switch (type.wire) {
    case 'as-is':
      return undefined;
    case 'integer-text':
    case 'decimal-text':
      return typeof wire === 'string' ? (numberOfText(wire) ?? undefined) : undefined;
    case 'days':
      return ofWhole(wire, daysMin, daysMax, dateText);
    case 'micros-of-day':
      return ofWhole(wire, 0n, 86_400_000_000n, timeText);
    case 'nanos-of-day':
      return ofWhole(wire, 0n, 86_399_999_999_999n, nanoTimeText);
    case 'micros':
      return ofWhole(wire, daysMin * dayUs, (daysMax + 1n) * dayUs - 1n, dateTimeText);
    case 'millis':
      return ofWhole(wire, daysMin * dayMs, (daysMax + 1n) * dayMs - 1n, (ms) => `${dateTimeText(ms * 1000n)}Z`);
    case 'json-text':
      return typeof wire === 'string' ? parsedJson(wire) : undefined;
    case 'inet-text':
      return typeof wire === 'string' ? wire.slice(wire.lastIndexOf('/') + 1) : undefined;
    case 'opaque-base64':
      return typeof wire === 'string' ? textOfBase64(wire) : undefined;
    case 'array':
      return Array.isArray(wire) ? wire.map((item: unknown) => listItem(type, item)) : undefined;
    case 'map':
      return mapValue(type, wire);
    case 'struct':
      return structValue(type, wire);
  }
}

// Years 0001 to 9999: what every engine reads, and what the formats of JSON Schema can say.
const daysMin = -719_162n;
const daysMax = 2_932_896n;
const dayMs = 86_400_000n;
const dayUs = 86_400_000_000n;

function ofWhole(wire: unknown, min: bigint, max: bigint, text: (value: bigint) => string): string | undefined {
  const whole = typeof wire === 'bigint' ? wire : typeof wire === 'number' && Number.isInteger(wire) ? BigInt(wire) : null;
  return whole === null || whole < min || whole > max ? undefined : text(whole);
}

function nanoTimeText(nanos: bigint): string {
  return `${timeText(floorDivide(nanos, 1000n))}${(nanos % 1000n).toString().padStart(3, '0')}`;
}

/** A number, exactly; null when the text is none (NaN, an infinity). */
export function numberOfText(text: string): number | ExactNumber | null {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/.test(text)) return null;
  const number = Number(text);
  const plain = decimalText(text);
  if (Number.isFinite(number) && decimalText(String(number)) === plain) return number;
  return { exact: plain, [exactNumber]: true };
}

function parsedJson(text: string): LogicalValue {
  try {
    const value: unknown = parseExactJson(text);
    // JSON null inside jsonb is a value; SQL NULL never comes here. Both are null to a schema.
    return passed(value);
  } catch {
    return text;
  }
}

function textOfBase64(text: string): string {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes.toString('utf8') : text;
}

/** An array of several dimensions is a list of lists whatever its type says. */
function listItem(type: PhysicalType, item: unknown): LogicalValue {
  if (Array.isArray(item) && type.database === 'postgres') return item.map((inner: unknown) => listItem(type, inner));
  return type.element === null ? passed(item) : logicalValue(type.element, item);
}

function mapValue(type: PhysicalType, wire: unknown): LogicalValue | undefined {
  const entries = Array.isArray(wire) && wire.every(isPair) ? wire : isRecord(wire) ? Object.entries(wire) : null;
  if (entries === null) return undefined;
  const { key, element } = type;
  return Object.fromEntries(
    entries.map(([name, value]): [string, LogicalValue] => [
      key === null ? String(name) : keyText(key, name),
      element === null ? passed(value) : logicalValue(element, value),
    ]),
  );
}

/** Keys of an object are text: of a number its digits, of a date its ISO text. */
function keyText(type: PhysicalType, name: unknown): string {
  const digits = typeof name === 'string' && ['days', 'millis', 'nanos-of-day'].includes(type.wire) && /^-?\d{1,18}$/.test(name);
  const value = logicalValue(type, digits ? BigInt(name) : name);
  return typeof value === 'string' ? value : logicalText(value);
}

function structValue(type: PhysicalType, wire: unknown): LogicalValue | undefined {
  if (!isRecord(wire)) return undefined;
  const types = new Map(type.fields.map((field) => [field.name, field.type]));
  return Object.fromEntries(
    Object.entries(wire).map(([name, value]) => {
      const inner = types.get(name);
      return [name, inner === undefined ? passed(value) : logicalValue(inner, value)];
    }),
  );
}

function isPair(value: unknown): value is readonly [unknown, unknown] {
  return Array.isArray(value) && value.length === 2;
}

/** JSON as it was parsed, integers beyond 2^53 as exact numbers. */
function passed(value: unknown): LogicalValue {
  switch (typeof value) {
    case 'bigint':
      return numberOfText(value.toString());
    case 'boolean':
    case 'number':
    case 'string':
      return value;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return value.map(passed);
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, passed(inner)]));
    default:
      return null;
  }
}

/** Numbers rounded to the nearest double: a validator in JavaScript knows no others. */
export function asJson(value: LogicalValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (isExactNumber(value)) return Number(value.exact);
  if (isList(value)) return value.map(asJson);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asJson(inner)]));
}

export function logicalText(value: LogicalValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isExactNumber(value)) return value.exact;
  if (isList(value)) return `[${value.map(logicalText).join(',')}]`;
  const members = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${logicalText(inner)}`);
  return `{${members.join(',')}}`;
}

function isList(value: LogicalValue): value is readonly LogicalValue[] {
  return Array.isArray(value);
}
