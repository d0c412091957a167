// The one table of physical types: what a source calls a type, how the connector writes its values (wire), what people
// see (logical JSON Schema) and what the lake stores (Iceberg). docs/contracts.md shows this table; a test compares them.
//
// The wire forms are those of the connectors as connectors/users.ts and connectors/rides.ts set them: decimals and varints
// as text, times in microseconds, intervals as ISO text, binary as base64.

import type { JsonObject } from './json-schema.ts';

export type Database = 'postgres' | 'cassandra';

/**
 * How a value stands in the event's JSON. row-value.ts brings each to logical JSON; SQL that does the same over decoded
 * columns switches over this same list.
 * - `as-is`: already the logical value (boolean, text, 16- to 64-bit integers, doubles, objects).
 * - `integer-text`: "123", any number of digits → integer.  `decimal-text`: "12.30" → number, exact.
 * - `days`: days since 1970-01-01 → "2024-11-21".
 * - `micros-of-day`, `nanos-of-day`: → "12:34:56.123456" (nine digits from nanos), no offset.
 * - `micros`: microseconds since 1970-01-01T00:00:00 → "2024-11-21T12:34:56.123456", no offset.
 * - `millis`: milliseconds since the epoch, UTC → "2024-11-21T12:34:56.123000Z".
 * - `json-text`: JSON inside a string → the value in it.
 * - `inet-text`: "/10.0.0.1" or "host/10.0.0.1" → "10.0.0.1".
 * - `opaque-base64`: text of a type the connector does not know, as base64 → the text.
 * - `array`, `map`, `struct`: their parts by their own forms. A map whose keys are not text comes as [[key, value], …].
 */
export type WireForm =
  | 'as-is'
  | 'integer-text'
  | 'decimal-text'
  | 'days'
  | 'micros-of-day'
  | 'nanos-of-day'
  | 'micros'
  | 'millis'
  | 'json-text'
  | 'inet-text'
  | 'opaque-base64'
  | 'array'
  | 'map'
  | 'struct';

/** What the wire form is made of in JSON, before its meaning: what the decoder's inferred column holds. */
export type TypeKind =
  | 'boolean'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'integer'
  | 'decimal'
  | 'float32'
  | 'float64'
  | 'string'
  | 'enum'
  | 'uuid'
  | 'date'
  | 'time'
  | 'timetz'
  | 'timestamp'
  | 'timestamptz'
  | 'interval'
  | 'nanoseconds'
  | 'binary'
  | 'json'
  | 'array'
  | 'map'
  | 'struct';

export interface TypeRow {
  readonly database: Database;
  /** First the name that documents use; the others mean the same. */
  readonly names: readonly string[];
  readonly kind: TypeKind;
  readonly wire: WireForm;
  /** Without what depends on parameters: a length becomes maxLength. */
  readonly schema: JsonObject;
  /** `decimal` stands for decimal(p,s) with the type's own figures, for string without them or beyond 38 digits. */
  readonly iceberg: string;
  readonly note?: string;
}

const text: JsonObject = { type: 'string' };
const integer: JsonObject = { type: 'integer' };
const number: JsonObject = { type: 'number' };
const base64: JsonObject = { type: 'string', contentEncoding: 'base64' };

type ShortRow = readonly [names: string, kind: TypeKind, wire: WireForm, schema: JsonObject, iceberg: string, note?: string];

const postgresRows: readonly ShortRow[] = [
  ['boolean|bool|bit|bit(1)', 'boolean', 'as-is', { type: 'boolean' }, 'boolean'],
  ['smallint|int2|smallserial|serial2', 'int16', 'as-is', integer, 'int'],
  ['integer|int4|int|serial|serial4', 'int32', 'as-is', integer, 'int'],
  ['bigint|int8|bigserial|serial8|oid|xid', 'int64', 'as-is', integer, 'long'],
  ['numeric|decimal|dec', 'decimal', 'decimal-text', number, 'decimal', 'string without figures; NaN and infinities break the type rule'],
  ['money', 'decimal', 'decimal-text', number, 'decimal(19,2)'],
  ['real|float4', 'float32', 'as-is', number, 'double', 'a JSON number; float would show 1.1 as 1.10000002'],
  ['double precision|float8|double|float', 'float64', 'as-is', number, 'double'],
  ['text|character varying|varchar|character|char|bpchar|citext|name|string', 'string', 'as-is', text, 'string'],
  ['xml|ltree|tsvector|tsquery|inet|cidr|macaddr|macaddr8', 'string', 'as-is', text, 'string'],
  ['int4range|int8range|numrange|tsrange|tstzrange|daterange', 'string', 'as-is', text, 'string'],
  ['enum', 'enum', 'as-is', text, 'string', 'and every type name not in this table whose schema is a string'],
  ['uuid', 'uuid', 'as-is', { type: 'string', format: 'uuid' }, 'string'],
  ['date', 'date', 'days', { type: 'string', format: 'date' }, 'date'],
  ['time|time without time zone', 'time', 'micros-of-day', { type: 'string', format: 'time-local' }, 'long', 'microseconds'],
  ['timetz|time with time zone', 'timetz', 'as-is', { type: 'string', format: 'time' }, 'string'],
  ['timestamp|timestamp without time zone', 'timestamp', 'micros', { type: 'string', format: 'date-time-local' }, 'timestamp'],
  [
    'timestamptz|timestamp with time zone',
    'timestamptz',
    'as-is',
    { type: 'string', format: 'date-time' },
    'timestamptz',
    'string where fewer than six digits are declared',
  ],
  ['interval', 'interval', 'as-is', { type: 'string', format: 'duration' }, 'string'],
  ['bytea', 'binary', 'as-is', base64, 'binary'],
  ['bit varying|varbit', 'binary', 'as-is', base64, 'binary', 'and bit(n); lowest byte first'],
  ['jsonb|json', 'json', 'json-text', {}, 'string', 'any JSON value; stored as its text'],
  ['hstore', 'json', 'json-text', { type: 'object', additionalProperties: { type: ['string', 'null'] } }, 'string'],
  [
    'point|line|lseg|box|path|polygon|circle|geometry|geography',
    'json',
    'as-is',
    { type: 'object' },
    'string',
    'as the connector writes it',
  ],
];

const cassandraRows: readonly ShortRow[] = [
  ['boolean', 'boolean', 'as-is', { type: 'boolean' }, 'boolean'],
  ['tinyint|smallint', 'int16', 'as-is', integer, 'int'],
  ['int', 'int32', 'as-is', integer, 'int'],
  ['bigint|counter', 'int64', 'as-is', integer, 'long'],
  ['varint', 'integer', 'integer-text', integer, 'string', 'unbounded'],
  ['decimal', 'decimal', 'decimal-text', number, 'string', 'unbounded; decimal(p,s) in a contract stores decimal(p,s)'],
  ['float', 'float32', 'as-is', number, 'double'],
  ['double', 'float64', 'as-is', number, 'double'],
  ['text|varchar|ascii', 'string', 'as-is', text, 'string'],
  ['inet', 'string', 'inet-text', text, 'string'],
  ['uuid|timeuuid', 'uuid', 'as-is', { type: 'string', format: 'uuid' }, 'string'],
  ['date', 'date', 'days', { type: 'string', format: 'date' }, 'date'],
  ['time', 'time', 'nanos-of-day', { type: 'string', format: 'time-local' }, 'long', 'nanoseconds: microseconds cannot hold it'],
  ['timestamp', 'timestamptz', 'millis', { type: 'string', format: 'date-time' }, 'timestamptz'],
  ['duration', 'nanoseconds', 'as-is', integer, 'long', 'nanoseconds, months of 30 days: the agent says no more'],
  ['blob', 'binary', 'as-is', base64, 'binary'],
];

export const typeTable: readonly TypeRow[] = [...expand('postgres', postgresRows), ...expand('cassandra', cassandraRows)];

function expand(database: Database, rows: readonly ShortRow[]): readonly TypeRow[] {
  return rows.map(([names, kind, wire, schema, iceberg, note]) => ({
    database,
    names: names.split('|'),
    kind,
    wire,
    schema,
    iceberg,
    ...(note === undefined ? {} : { note }),
  }));
}
