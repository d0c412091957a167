// The few places where DuckDB's and Trino's SQL differ, so that the current view is written once. Both compare VARCHAR by
// its UTF-8 bytes, both know ROW(…) with parts by number, window frames and CASE: everything else is common SQL.

import type { IcebergType, StructType } from '../../iceberg/schema.ts';
import { trinoType } from '../../iceberg/trino-type.ts';
import { duckdbType, literal, quoted } from '../../parquet/duckdb-type.ts';
import { quarantinedRule } from '../raw-schema.ts';

export type DialectName = 'duckdb' | 'trino';

export interface Dialect {
  /** UTF-8 text of bytes. */
  text(bytes: string): string;
  /** Last value that is not null, up to this row of the window. */
  lastKnown(value: string, window: string): string;
  /** An aggregate: the value where the order is greatest. A row of nulls is a value. */
  valueAtMax(value: string, order: string): string;
  /** The text of a JSON document without its string literals. */
  outsideStrings(json: string): string;
  /** Bytes of the first header with that key; null without. */
  header(key: string): string;
  /** Names of an object's members, as a list. */
  memberNames(json: string): string;
  /** Names of the members that are null, as a list. */
  nullNames(json: string): string;
  hasElement(list: string, value: string): string;
  /** The object without those members, as text: the same for the same members of two keys of one topic. */
  without(json: string, names: string): string;
  /** Content of a string member, JSON of any other. */
  member(json: string, name: string): string;
  /** A range's bound, `{method, values: [{name, value, type}]}`, from its JSON text. */
  bound(json: string): string;
  /** Parts of such a bound; null where it has none. `number` counts from 1. */
  boundMethod(bound: string): string;
  boundLength(bound: string): string;
  boundValue(bound: string, number: number, part: 'name' | 'value' | 'type'): string;
  /** Of a raw row: whether its contract keeps it out of the current view. Never null. */
  isQuarantined(violations: string): string;
  /** Hexadecimal digits of base64 text. */
  hexOfBase64(text: string): string;
  /** Some text of a list, map or struct: the same for the same value. */
  compositeText(value: string): string;
  typeName(type: IcebergType): string;
  /** JSON text as a value of the type, whose parts are text, long, double and boolean; null where it is none. */
  ofJson(text: string, type: IcebergType): string;
  /** A list, map or struct of such parts as JSON text. */
  jsonText(value: string): string;
  /** A list with every item, a map with every value as `body` makes it; `item` is a name that the statement has for nothing else. */
  eachItem(list: string, item: string, body: (item: string) => string): string;
  eachValue(map: string, item: string, body: (value: string) => string): string;
  structOf(parts: readonly string[], type: StructType): string;
  /** Dates and times of days, microseconds and milliseconds since the epoch, and of `2026-11-21T08:54:30.123456Z`. */
  ofDays(days: string): string;
  ofMicros(micros: string): string;
  instantOfMillis(millis: string): string;
  instantOfText(text: string): string;
  /** Microseconds since the epoch, now. */
  readonly nowUs: string;
  /**
   * How often the way back over key changes is doubled, for a value that no later event carried: 3 follow eight of them. Trino
   * computes a relation as often as it is named.
   */
  readonly hopDoublings: number;
}

const stringLiterals = literal(String.raw`"(?:[^"\\]|\\.)*"`);

const duckdb: Dialect = {
  text: (bytes) => `decode(${bytes})`,
  lastKnown: (value, window) => `last_value(${value} IGNORE NULLS) OVER (${window})`,
  valueAtMax: (value, order) => `arg_max(${value}, ${order})`,
  outsideStrings: (json) => `regexp_replace(${json}, ${stringLiterals}, '', 'g')`,
  header: (key) => `list_filter(_headers, lambda h: h."key" = ${literal(key)})[1]."value"`,
  memberNames: (json) => `json_keys(${json})`,
  nullNames: (json) => `list_filter(json_keys(${json}), lambda m: json_type(${json}, '$."' || m || '"') = 'NULL')`,
  hasElement: (list, value) => `list_contains(${list}, ${value})`,
  // Spec: RFC 7396: a member that the patch gives as null is taken out.
  without: (json, names) =>
    `CAST(json_merge_patch(${json}, to_json(map_from_entries(list_transform(${names}, lambda n: struct_pack(k := n, v := CAST(NULL AS VARCHAR)))))) AS VARCHAR)`,
  member: (json, name) => `json_extract_string(${json}, '$."' || ${name} || '"')`,
  bound: (json) => `from_json(${json}, '{"method":"VARCHAR","values":[{"name":"VARCHAR","value":"VARCHAR","type":"VARCHAR"}]}')`,
  boundMethod: (bound) => `${bound}."method"`,
  boundLength: (bound) => `len(${bound}."values")`,
  boundValue: (bound, number, part) => `${bound}."values"[${number}]."${part}"`,
  isQuarantined: (violations) => `coalesce(${violations}[1]."rule" = ${literal(quarantinedRule)}, false)`,
  hexOfBase64: (text) => `hex(from_base64(${text}))`,
  compositeText: (value) => `CAST(${value} AS varchar)`,
  typeName: duckdbType,
  ofJson: (text, type) => `TRY_CAST(TRY_CAST(${text} AS JSON) AS ${duckdbType(type)})`,
  jsonText: (value) => `CAST(to_json(${value}) AS varchar)`,
  eachItem: (list, item, body) => `list_transform(${list}, lambda ${item}: ${body(item)})`,
  eachValue: (map, item, body) =>
    `CASE WHEN ${map} IS NOT NULL THEN map_from_entries(list_transform(map_entries(${map}), lambda ${item}: struct_pack(key := ${item}.key, "value" := ${body(`${item}."value"`)}))) END`,
  structOf: (parts, type) => `struct_pack(${parts.map((part, i) => `${quoted(type.fields[i]?.name ?? '')} := ${part}`).join(', ')})`,
  ofDays: (days) => `DATE '1970-01-01' + CAST(${days} AS INTEGER)`,
  ofMicros: (micros) => `make_timestamp(${micros})`,
  instantOfMillis: (millis) => `make_timestamptz(${millis} * 1000)`,
  instantOfText: (text) => `make_timestamptz(epoch_us(TRY_CAST(${text} AS TIMESTAMP)))`,
  nowUs: 'epoch_us(now())',
  hopDoublings: 3,
};

/** Types of raw tables are such that Trino has them. */
function trinoTypeName(type: IcebergType): string {
  return trinoType(type) ?? 'varchar';
}

const trinoMembers = (json: string): string => `CAST(json_parse(${json}) AS map(varchar, json))`;

const trino: Dialect = {
  text: (bytes) => `from_utf8(${bytes})`,
  lastKnown: (value, window) => `last_value(${value}) IGNORE NULLS OVER (${window})`,
  valueAtMax: (value, order) => `max_by(${value}, ${order})`,
  outsideStrings: (json) => `regexp_replace(${json}, ${stringLiterals}, '')`,
  header: (key) => `element_at(filter(_headers, h -> h."key" = ${literal(key)}), 1)."value"`,
  memberNames: (json) => `map_keys(${trinoMembers(json)})`,
  nullNames: (json) => `map_keys(map_filter(${trinoMembers(json)}, (n, v) -> v IS NULL OR json_format(v) = 'null'))`,
  hasElement: (list, value) => `contains(${list}, ${value})`,
  without: (json, names) => `json_format(CAST(map_filter(${trinoMembers(json)}, (n, v) -> NOT contains(${names}, n)) AS json))`,
  member: (json, name) =>
    `coalesce(json_extract_scalar(element_at(${trinoMembers(json)}, ${name}), '$'), json_format(element_at(${trinoMembers(json)}, ${name})))`,
  bound: (json) =>
    `CAST(json_parse(${json}) AS ROW("method" varchar, "values" array(ROW("name" varchar, "value" varchar, "type" varchar))))`,
  boundMethod: (bound) => `${bound}."method"`,
  boundLength: (bound) => `cardinality(${bound}."values")`,
  boundValue: (bound, number, part) => `element_at(${bound}."values", ${number})."${part}"`,
  isQuarantined: (violations) => `coalesce(element_at(${violations}, 1)."rule" = ${literal(quarantinedRule)}, false)`,
  hexOfBase64: (text) => `to_hex(from_base64(${text}))`,
  compositeText: (value) => `json_format(CAST(${value} AS json))`,
  typeName: trinoTypeName,
  ofJson: (text, type) => `TRY(CAST(json_parse(${text}) AS ${trinoTypeName(type)}))`,
  jsonText: (value) => `json_format(CAST(${value} AS json))`,
  eachItem: (list, item, body) => `transform(${list}, ${item} -> ${body(item)})`,
  eachValue: (map, item, body) => `transform_values(${map}, (k, ${item}) -> ${body(item)})`,
  structOf: (parts, type) => `CAST(ROW(${parts.join(', ')}) AS ${trinoTypeName(type)})`,
  ofDays: (days) => `date_add('day', ${days}, DATE '1970-01-01')`,
  ofMicros: (micros) => `CAST(from_unixtime_nanos(${micros} * 1000) AT TIME ZONE 'UTC' AS timestamp(6))`,
  instantOfMillis: (millis) => `CAST(from_unixtime_nanos(${millis} * 1000000) AS timestamp(6) with time zone)`,
  instantOfText: (text) => `CAST(TRY(from_iso8601_timestamp_nanos(${text})) AS timestamp(6) with time zone)`,
  nowUs: 'CAST(to_unixtime(current_timestamp) * 1000000 AS bigint)',
  hopDoublings: 1,
};

export const dialects: Readonly<Record<DialectName, Dialect>> = { duckdb, trino };
