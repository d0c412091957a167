// Where DuckDB and Trino differ in what checks need besides the current view (lake/raw/current/dialect.ts): patterns, text
// of values for people, moments, the rows with the smallest coordinates. Each pair gives the same answer for the same rows.

import { isList, isMap, isStruct, type IcebergType } from '../../lake/iceberg/schema.ts';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import { dialects, type Dialect, type DialectName } from '../../lake/raw/current/dialect.ts';
import { javaPattern } from './java-pattern.ts';

export interface CheckDialect {
  readonly name: DialectName;
  readonly lake: Dialect;
  /** Whether the text has a part that matches; `pattern` as RE2 reads it. */
  isMatch(text: string, pattern: string): string;
  isNan(value: string): string;
  /** Neither NaN nor infinite. */
  isFinite(value: string): string;
  /** Elements of a list, entries of a map. */
  elements(value: string): string;
  bytes(value: string): string;
  hex(value: string): string;
  /** ISO 8601 of a timestamp, in microseconds; `zoned` for one with a time zone, in UTC. */
  isoText(value: string, zoned: boolean): string;
  /** Microseconds since the epoch of a date, timestamp or timestamptz; of an aggregate too. */
  micros(value: string): string;
  array(values: readonly string[]): string;
  /** Element by number, from 1; null where there is none. */
  element(list: string, number: string): string;
  /** An aggregate: `value` of the rows with the smallest `order`, in order. */
  smallest(value: string, order: string, count: number): string;
  /** A number that equal values share, and few others: eight bytes to group by instead of all. Null where it saves nothing. */
  hash(values: readonly string[]): string | null;
  /** A sum that does not overflow, of integers. */
  sumOfIntegers(value: string): string;
  /** A timestamptz constant. */
  instant(micros: bigint): string;
}

const duckdb: CheckDialect = {
  name: 'duckdb',
  lake: dialects.duckdb,
  isMatch: (text, pattern) => `regexp_matches(${text}, ${literal(pattern)})`,
  isNan: (value) => `isnan(${value})`,
  isFinite: (value) => `isfinite(${value})`,
  elements: (value) => `len(${value})`,
  bytes: (value) => `octet_length(${value})`,
  hex: (value) => `lower(hex(${value}))`,
  isoText: (value, zoned) => `strftime(${value}, '%Y-%m-%dT%H:%M:%S.%f')${zoned ? " || 'Z'" : ''}`,
  micros: (value) => `epoch_us(${value})`,
  array: (values) => `[${values.join(', ')}]`,
  element: (list, number) => `${list}[${number}]`,
  smallest: (value, order, count) => `arg_min(${value}, ${order}, ${count})`,
  hash: (values) => `hash(${values.join(', ')})`,
  sumOfIntegers: (value) => `sum(${value})`,
  instant: (micros) => `make_timestamptz(${micros})`,
};

const trino: CheckDialect = {
  name: 'trino',
  lake: dialects.trino,
  isMatch: (text, pattern) => `regexp_like(${text}, ${literal(javaPattern(pattern))})`,
  isNan: (value) => `is_nan(${value})`,
  isFinite: (value) => `is_finite(${value})`,
  elements: (value) => `cardinality(${value})`,
  bytes: (value) => `length(${value})`,
  hex: (value) => `lower(to_hex(${value}))`,
  isoText: (value, zoned) =>
    zoned
      ? `replace(CAST(CAST(${value} AT TIME ZONE 'UTC' AS timestamp(6)) AS varchar), ' ', 'T') || 'Z'`
      : `replace(CAST(CAST(${value} AS timestamp(6)) AS varchar), ' ', 'T')`,
  // to_unixtime is a double: exact to the microsecond until the year 2242.
  micros: (value) => `CAST(round(to_unixtime(CAST(${value} AS timestamp(6) with time zone)) * 1000000) AS bigint)`,
  array: (values) => `ARRAY[${values.join(', ')}]`,
  element: (list, number) => `element_at(${list}, ${number})`,
  smallest: (value, order, count) => `min_by(${value}, ${order}, ${count})`,
  // Groups are spread over its workers.
  hash: () => null,
  sumOfIntegers: (value) => `sum(CAST(${value} AS decimal(38, 0)))`,
  instant: (micros) => `from_unixtime_nanos(${micros * 1000n})`,
};

export const checkDialects: Readonly<Record<DialectName, CheckDialect>> = { duckdb, trino };

/** Longer values are cut in samples. */
const shownCharactersMax = 200;

/** A value as text for people, the same in both dialects (doubles excepted: they are written anew from their value). */
export function shownText(value: string, type: IcebergType, dialect: CheckDialect): string {
  return `substr(${plainText(value, type, dialect)}, 1, ${shownCharactersMax})`;
}

export function plainText(value: string, type: IcebergType, dialect: CheckDialect): string {
  if (isStruct(type) || isList(type) || isMap(type)) return dialect.lake.compositeText(value);
  switch (type) {
    case 'string':
      return value;
    case 'binary':
      return dialect.hex(value);
    case 'timestamp':
    case 'timestamptz':
      return dialect.isoText(value, type === 'timestamptz');
    default:
      return `CAST(${value} AS varchar)`;
  }
}

export function isFloating(type: IcebergType): boolean {
  return type === 'double' || type === 'float';
}
