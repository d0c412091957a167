// Whether a row's key lies in a Cassandra range delete: clustering values compared as Cassandra compares them, which for
// most types is not how their text compares. Each value becomes a text whose bytes have the order of the type; a bound
// names the columns, their types and, as ReversedType, those in descending order. An open end has no values.

import { literal } from '../../parquet/duckdb-type.ts';
import type { Dialect } from './dialect.ts';

/** Clustering columns a bound may have; a longer one is compared by its first ones. */
const clusteringMax = 4;

/** `range`: relation with range_start and range_end as JSON text; `key`: JSON text of the row's key. */
export function isInRange(key: string, range: string, dialect: Dialect): string {
  const start = compared(key, `${range}.range_start`, dialect);
  const end = compared(key, `${range}.range_end`, dialect);
  const startMethod = dialect.boundMethod(`${range}.range_start`);
  const endMethod = dialect.boundMethod(`${range}.range_end`);
  return `coalesce(${start} > CASE WHEN ${startMethod} LIKE 'EXCL%' THEN 0 ELSE -1 END, ${range}.range_start IS NULL)
    AND coalesce(${end} < CASE WHEN ${endMethod} LIKE 'EXCL%' THEN 0 ELSE 1 END, ${range}.range_end IS NULL)`;
}

/** -1, 0 or 1: the row before, at or after the bound, by the columns that the bound names. */
function compared(key: string, bound: string, dialect: Dialect): string {
  const length = dialect.boundLength(bound);
  const whens = Array.from({ length: clusteringMax }, (_, i) => {
    const number = i + 1;
    const type = dialect.boundValue(bound, number, 'type');
    const mine = orderedText(type, dialect.member(key, dialect.boundValue(bound, number, 'name')), dialect);
    const its = orderedText(type, dialect.boundValue(bound, number, 'value'), dialect);
    const sign = `CASE WHEN ${type} LIKE '%ReversedType%' THEN -1 ELSE 1 END`;
    return `WHEN ${length} < ${number} THEN 0 WHEN ${mine} < ${its} THEN -(${sign}) WHEN ${mine} > ${its} THEN (${sign}) WHEN (${mine} = ${its}) IS NULL THEN NULL`;
  });
  return `CASE ${whens.join(' ')} ELSE 0 END`;
}

const numberTypes = 'Int32 Long Short Byte Integer Decimal Double Float SimpleDate Timestamp Time'.split(' ');

/** A text that sorts by its bytes as values of the Cassandra type sort. */
export function orderedText(type: string, value: string, dialect: Dialect): string {
  const numbers = numberTypes.map((name) => `${type} LIKE ${literal(`%.${name}Type%`)}`).join(' OR ');
  const lower = `lower(${value})`;
  return `CASE WHEN ${type} LIKE '%.TimeUUIDType%' THEN ${timeOfUuid(lower)} || ${signedBytes(lower)}
    WHEN ${type} LIKE '%.UUIDType%' THEN substr(${lower}, 15, 1) || CASE WHEN substr(${lower}, 15, 1) = '1' THEN ${timeOfUuid(lower)} ELSE replace(substr(${lower}, 1, 18), '-', '') END || replace(substr(${lower}, 20), '-', '')
    WHEN ${numbers} THEN ${orderedNumber(value)}
    WHEN ${type} LIKE '%.BytesType%' THEN ${dialect.hexOfBase64(value)}
    ELSE ${value} END`;
}

/** Moved above zero and padded. */
function orderedNumber(value: string): string {
  return `lpad(CAST(TRY_CAST(${value} AS DECIMAL(38,9)) + CAST('10000000000000000000000000000' AS DECIMAL(38,9)) AS varchar), 40, '0')`;
}

/** Spec: RFC 9562 version 1: the timestamp's high, middle and low part, without the version. */
function timeOfUuid(uuid: string): string {
  return `substr(${uuid}, 16, 3) || substr(${uuid}, 10, 4) || substr(${uuid}, 1, 8)`;
}

/** Cassandra compares the last eight bytes of a timeuuid as signed bytes: the sign bit of each is turned. */
function signedBytes(uuid: string): string {
  const starts = [20, 22, 25, 27, 29, 31, 33, 35];
  return starts
    .map((at) => `translate(substr(${uuid}, ${at}, 1), '0123456789abcdef', '89abcdef01234567') || substr(${uuid}, ${at + 1}, 1)`)
    .join(' || ');
}
