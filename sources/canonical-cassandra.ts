// Cassandra values in canonical text, from both sides: what the driver decodes (64-bit integers and varints as bigint,
// maps as Map, sets as Set) and what the agent writes into a cell's `value` (decimal and varint as strings).
//
// One type is not exact in the event: a duration arrives as nanoseconds with months of 30 days, so both sides are
// brought to that; P1M and P30D compare equal. Preflight says so.

import {
  base64Text,
  booleanText,
  decimalText,
  doubleText,
  integerText,
  listText,
  mapText,
  setText,
  singleText,
  stringText,
  unexpected,
} from './canonical.ts';
import { isJsonObject, parseExactJson } from './exact-json.ts';
import type { SourceType, SourceValue } from './source.ts';
import { dateText, dateTimeText, epochUs, parseDateTime } from './temporal.ts';

/** The driver's value, in canonical text. */
export function canonicalCassandra(type: SourceType, value: unknown): SourceValue {
  if (value === null || value === undefined) return null;
  switch (type.name) {
    case 'timestamp':
      return value instanceof Date ? instantText(BigInt(value.getTime())) : unexpected(value);
    case 'date':
      return dateFromDriver(String(value));
    case 'time':
      return timeFromDriver(String(value));
    case 'duration':
      return durationFromDriver(value);
    case 'blob':
      return Buffer.isBuffer(value) ? value.toString('base64') : unexpected(value);
    case 'decimal':
      return decimalText(String(value));
    case 'inet':
      return inetText(String(value));
    case 'uuid':
    case 'timeuuid':
      return String(value).toLowerCase();
    case 'list':
    case 'vector':
      return isIterable(value) ? listText(itemsFromDriver(type, value)) : unexpected(value);
    case 'set':
      return isIterable(value) ? setText(itemsFromDriver(type, value)) : unexpected(value);
    case 'map':
      return value instanceof Map ? mapFromEntries(type, [...value.entries()], canonicalCassandra) : unexpected(value);
    case 'tuple':
      return tupleFromDriver(type, value);
    case 'udt':
      return isJsonObject(value) ? structText(type, value, canonicalCassandra) : unexpected(value);
    default:
      return plainScalar(type, value);
  }
}

/** A cell's `value` in an event, in canonical text. Composites may come as their JSON text (a typed lake column). */
export function canonicalCassandraEvent(type: SourceType, value: unknown): SourceValue {
  if (value === null || value === undefined) return null;
  switch (type.name) {
    case 'timestamp':
      return instantFromEvent(value);
    case 'date':
      return dateFromEvent(value);
    case 'time':
      return isWhole(value) ? nanoTimeText(BigInt(value)) : unexpected(value);
    case 'duration':
      return integerText(value);
    case 'blob':
      return base64Text(value);
    case 'decimal':
      return decimalText(value);
    case 'inet':
      return typeof value === 'string' ? inetText(value.slice(value.lastIndexOf('/') + 1)) : unexpected(value);
    case 'uuid':
    case 'timeuuid':
      return stringText(value).toLowerCase();
    case 'list':
    case 'vector':
    case 'set':
    case 'map':
    case 'tuple':
    case 'udt':
      return compositeFromEvent(type, typeof value === 'string' ? parsed(value) : value);
    default:
      return plainScalar(type, value);
  }
}

/** Types whose value the driver and the event spell alike. */
function plainScalar(type: SourceType, value: unknown): SourceValue {
  switch (type.name) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'counter':
    case 'varint':
      return integerText(value);
    case 'float':
      return singleText(value);
    case 'double':
      return doubleText(value);
    case 'boolean':
      return booleanText(value);
    default:
      return stringText(value);
  }
}

function compositeFromEvent(type: SourceType, value: unknown): SourceValue {
  if (type.name === 'udt') return isJsonObject(value) ? structText(type, value, canonicalCassandraEvent) : unexpected(value);
  if (type.name === 'tuple') {
    if (!isJsonObject(value)) return unexpected(value);
    return listText(type.arguments.map((argument, index) => canonicalCassandraEvent(argument, value[`field${index + 1}`])));
  }
  if (type.name === 'map') {
    if (isJsonObject(value)) return mapFromEntries(type, Object.entries(value), canonicalCassandraEvent);
    // The converter writes a map whose keys are not strings as a list of pairs.
    return Array.isArray(value) && value.every(isPair) ? mapFromEntries(type, value, canonicalCassandraEvent) : unexpected(value);
  }
  if (!Array.isArray(value)) return unexpected(value);
  const items = value.map((item: unknown) => canonicalCassandraEvent(argumentOf(type, 0), item));
  return type.name === 'set' ? setText(items) : listText(items);
}

type Canonical = (type: SourceType, value: unknown) => SourceValue;

function mapFromEntries(type: SourceType, entries: readonly (readonly [unknown, unknown])[], canonical: Canonical): string {
  const keyType = argumentOf(type, 0);
  return mapText(entries.map(([key, value]) => [mapKeyText(keyType, key, canonical), canonical(argumentOf(type, 1), value)] as const));
}

/** Keys of a JSON object are text whatever their type. */
function mapKeyText(type: SourceType, key: unknown, canonical: Canonical): string {
  const value = canonical === canonicalCassandraEvent && typeof key === 'string' && isNumeric(type) ? parsed(key) : key;
  return canonical(type, value) ?? '';
}

function isNumeric(type: SourceType): boolean {
  return ['date', 'time', 'timestamp'].includes(type.name);
}

function structText(type: SourceType, value: Readonly<Record<string, unknown>>, canonical: Canonical): string {
  return mapText(type.fields.map((field) => [field.name, canonical(field.type, value[field.name])] as const));
}

function tupleFromDriver(type: SourceType, value: unknown): string {
  const elements = isJsonObject(value) ? value['elements'] : undefined;
  if (!Array.isArray(elements)) return unexpected(value);
  const items: readonly unknown[] = elements;
  return listText(type.arguments.map((argument, index) => canonicalCassandra(argument, items[index])));
}

function itemsFromDriver(type: SourceType, value: Iterable<unknown>): readonly SourceValue[] {
  return Array.from(value, (item) => canonicalCassandra(argumentOf(type, 0), item));
}

function instantText(ms: bigint): string {
  return `${dateTimeText(ms * 1000n)}Z`;
}

function instantFromEvent(value: unknown): string {
  if (isWhole(value)) return instantText(BigInt(value));
  const parts = typeof value === 'string' ? parseDateTime(value) : null;
  return parts === null ? unexpected(value) : `${dateTimeText(epochUs(parts))}Z`;
}

function dateFromDriver(text: string): string {
  const parts = parseDateTime(text);
  if (parts !== null) return dateText(parts.days);
  // The driver's date ends in the year 275760; beyond, it gives days since the epoch.
  return /^-?\d+$/.test(text) ? dateText(BigInt(text)) : unexpected(text);
}

function dateFromEvent(value: unknown): string {
  if (isWhole(value)) return dateText(BigInt(value));
  return typeof value === 'string' ? dateFromDriver(value) : unexpected(value);
}

function timeFromDriver(text: string): string {
  const match = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return unexpected(text);
  const [, hour = '0', minute = '0', second = '0', fraction = ''] = match;
  const seconds = BigInt(hour) * 3600n + BigInt(minute) * 60n + BigInt(second);
  return nanoTimeText(seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')));
}

function nanoTimeText(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, '0');
  return `${twoDigits(seconds / 3600n)}:${twoDigits((seconds / 60n) % 60n)}:${twoDigits(seconds % 60n)}.${fraction}`;
}

function twoDigits(value: bigint): string {
  return value.toString().padStart(2, '0');
}

function durationFromDriver(value: unknown): string {
  if (!isJsonObject(value)) return unexpected(value);
  const { months, days, nanoseconds } = value;
  if (!isWhole(months) || !isWhole(days)) return unexpected(value);
  const total = (BigInt(months) * 30n + BigInt(days)) * 86_400_000_000_000n + BigInt(String(nanoseconds));
  return BigInt.asIntN(64, total).toString();
}

function inetText(text: string): string {
  if (!text.includes(':')) return text;
  const url = URL.parse(`http://[${text}]/`);
  return url === null ? unexpected(text) : url.hostname.slice(1, -1);
}

function argumentOf(type: SourceType, index: number): SourceType {
  return type.arguments[index] ?? { name: 'text', declared: 'text', arguments: [], fields: [], length: null, isFrozen: true };
}

function parsed(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return text;
  }
}

function isWhole(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

function isPair(value: unknown): value is readonly [unknown, unknown] {
  return Array.isArray(value) && value.length === 2;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
