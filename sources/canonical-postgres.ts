// PostgreSQL values in canonical text, from both sides: what the server prints (session: TimeZone UTC, DateStyle ISO,
// IntervalStyle iso_8601, no driver parsers) and what the connector writes into the event (decimal.handling.mode=string,
// time.precision.mode=microseconds, interval.handling.mode=string, binary.handling.mode=base64). The event side also
// takes the spellings a typed lake column gives back (ISO text for a timestamp, a number for a decimal).

import {
  base64Text,
  booleanText,
  decimalText,
  doubleText,
  integerText,
  listText,
  singleText,
  stringText,
  unexpected,
} from './canonical.ts';
import { parseExactJson } from './exact-json.ts';
import { durationText, parseIsoDuration } from './interval.ts';
import { parseArrayLiteral, type ArrayItem } from './postgres-array.ts';
import { geometryFromEvent, geometryFromText, isGeometryType } from './postgres-geometry.ts';
import type { SourceType, SourceValue } from './source.ts';
import { dateText, dateTimeText, epochUs, microsPerDay, parseDateTime, parseTime, timeText } from './temporal.ts';

/** What Debezium writes where an unchanged TOAST value was not in the log. */
export const unavailableValue = '__debezium_unavailable_value';

/** The text the server printed, in canonical text. */
export function canonicalPostgres(type: SourceType, text: string | null): SourceValue {
  if (text === null) return null;
  switch (type.name) {
    case 'bytea':
      return text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex').toString('base64') : unexpected(text);
    case 'bit':
    case 'varbit':
      return isBoolean(type) ? booleanText(text === '1') : bitsToBase64(text);
    case 'array':
      return arrayFromText(type, text);
    default:
      if (isGeometryType(type.name)) return geometryFromText(type.name, text);
      return scalar(type, text, 'source');
  }
}

/** The value in an event's `before` or `after`, in canonical text. `value` is exact JSON (see exact-json.ts). */
export function canonicalPostgresEvent(type: SourceType, value: unknown): SourceValue {
  if (value === null || value === undefined) return null;
  switch (type.name) {
    case 'bytea':
      return base64Text(value);
    case 'bit':
    case 'varbit':
      return isBoolean(type) ? booleanText(value) : base64Text(value);
    case 'array':
      return arrayFromEvent(type, value);
    default:
      if (isGeometryType(type.name)) return geometryFromEvent(type.name, parsedWhenText(value));
      return scalar(type, value, 'event');
  }
}

/** A canonical key value as a parameter the server reads back as the same value. */
export function postgresLiteral(type: SourceType, canonical: string): string {
  if (type.name !== 'bytea') return canonical;
  return `\\x${Buffer.from(canonical, 'base64').toString('hex')}`;
}

type Side = 'source' | 'event';

function scalar(type: SourceType, value: unknown, side: Side): SourceValue {
  switch (type.name) {
    case 'int2':
    case 'int4':
    case 'int8':
    case 'oid':
      return integerText(value);
    case 'numeric':
    case 'money':
      return decimalText(value);
    case 'float4':
      return singleText(value);
    case 'float8':
      return doubleText(value);
    case 'bool':
      return booleanText(value);
    case 'date':
      return dateValue(value);
    case 'time':
      return timeValue(value);
    case 'timetz':
      return zonedTimeValue(value);
    case 'timestamp':
      return timestampValue(value, '');
    case 'timestamptz':
      return timestampValue(value, 'Z');
    case 'interval':
      return intervalValue(value);
    default:
      return side === 'event' && !textTypes.has(type.name) ? opaqueText(value) : stringText(value);
  }
}

/** Types that the connector writes as the server prints them. */
const textTypes: ReadonlySet<string> = new Set(
  (
    'text varchar bpchar char name citext uuid json jsonb xml enum inet cidr macaddr macaddr8 ltree tsvector tsquery ' +
    'int4range int8range numrange tsrange tstzrange daterange hstore'
  ).split(' '),
);

/** `include.unknown.datatypes`: the text of a type the connector does not know, as base64. */
function opaqueText(value: unknown): string {
  if (typeof value !== 'string') return unexpected(value);
  const bytes = Buffer.from(value, 'base64');
  return bytes.toString('base64') === value ? bytes.toString('utf8') : value;
}

// pgjdbc and PostgreSQL's own replication text meet in these extremes: what the connector writes for ±infinity.
const infinities: Readonly<Record<string, string>> = {
  infinity: 'infinity',
  '-infinity': '-infinity',
  '9223372036854775807': 'infinity',
  '-9223372036854775808': '-infinity',
  '9223372036825200000': 'infinity',
  '-9223372036832400000': '-infinity',
  '9223372036825200000000': 'infinity',
  '-9223372036832400000000': '-infinity',
};

// Days: the first of each pair from a snapshot, the second from the stream. All lie outside the dates PostgreSQL has.
const dateInfinities: Readonly<Record<string, string>> = {
  '-622191234': 'infinity',
  '2146033979': 'infinity',
  '-625821272': '-infinity',
  '-2147472691': '-infinity',
};

function dateValue(value: unknown): string {
  const special = infinities[String(value)] ?? dateInfinities[String(value)];
  if (special !== undefined) return special;
  const days = wholeNumber(value);
  if (days !== null) return dateText(days);
  const parts = typeof value === 'string' ? parseDateTime(value) : null;
  return parts === null ? unexpected(value) : dateText(parts.days);
}

function timeValue(value: unknown): string {
  const us = wholeNumber(value) ?? (typeof value === 'string' ? parseTime(value)?.timeUs : undefined);
  return us === undefined ? unexpected(value) : timeText(us);
}

function zonedTimeValue(value: unknown): string {
  const parsed = typeof value === 'string' ? parseTime(value) : null;
  if (parsed === null) return unexpected(value);
  const us = (parsed.timeUs - (parsed.offsetSeconds ?? 0n) * 1_000_000n) % microsPerDay;
  return `${timeText(us < 0n ? us + microsPerDay : us)}Z`;
}

function timestampValue(value: unknown, zone: '' | 'Z'): string {
  const special = infinities[String(value)];
  if (special !== undefined) return special;
  const us = wholeNumber(value);
  if (us !== null) return dateTimeText(us) + zone;
  const parts = typeof value === 'string' ? parseDateTime(value) : null;
  return parts === null ? unexpected(value) : dateTimeText(epochUs(parts)) + zone;
}

function intervalValue(value: unknown): string {
  const parsed = typeof value === 'string' ? parseIsoDuration(value) : null;
  return parsed === null ? unexpected(value) : durationText(parsed);
}

function wholeNumber(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  return null;
}

/** `bit(1)` is a boolean to the connector. */
function isBoolean(type: SourceType): boolean {
  return type.name === 'bit' && type.length === 1;
}

/** Bits to bytes, the last bit lowest, the lowest byte first: what the connector does. */
function bitsToBase64(bits: string): string {
  if (!/^[01]*$/.test(bits)) return unexpected(bits);
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8));
  for (let index = 0; index < bits.length; index++) {
    if (bits[bits.length - 1 - index] === '1') bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return bytes.toString('base64');
}

/** A lake column may hold a composite as its JSON text. */
function parsedWhenText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return parseExactJson(value);
  } catch {
    return value;
  }
}

function elementOf(type: SourceType): SourceType {
  return type.arguments[0] ?? { name: 'text', declared: 'text', arguments: [], fields: [], length: null, isFrozen: true };
}

function arrayFromText(type: SourceType, text: string): string {
  const items = parseArrayLiteral(text);
  if (items === null) return unexpected(text);
  const convert = (item: ArrayItem): SourceValue =>
    Array.isArray(item) ? listText(item.map(convert)) : canonicalPostgres(elementOf(type), typeof item === 'string' ? item : null);
  return listText(items.map(convert));
}

function arrayFromEvent(type: SourceType, value: unknown): string {
  const list = parsedWhenText(value);
  if (!Array.isArray(list)) return unexpected(value);
  const items: readonly unknown[] = list;
  const convert = (item: unknown): SourceValue =>
    Array.isArray(item) ? arrayFromEvent(type, item) : canonicalPostgresEvent(elementOf(type), item);
  return listText(items.map(convert));
}
