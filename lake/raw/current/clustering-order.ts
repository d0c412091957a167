// Whether a row's key lies in a Cassandra range delete: clustering values compared as Cassandra compares them, which for
// most types is not how their text compares. Each value becomes a text whose bytes have the order of the type; a bound
// names the columns, their types and, as ReversedType, those in descending order. An open end has no values.
// In two steps, so that every text is computed once: `boundColumns` of a range, then `isInRange` of a row beside them.

import { literal } from '../../parquet/duckdb-type.ts';
import type { Dialect } from './dialect.ts';

/** Clustering columns of a bound that are compared; a longer one is compared by its first ones. */
const clusteringMax = 4;
const numbers = Array.from({ length: clusteringMax }, (_, i) => i + 1);

/** Columns of a range, from its bounds as parsed by `dialect.bound`: to be selected beside it. */
export function boundColumns(start: string, end: string, dialect: Dialect): readonly string[] {
  const sides = [
    ['start', start],
    ['end', end],
  ] as const;
  const part = (bound: string, number: number, name: 'name' | 'value' | 'type') => dialect.boundValue(bound, number, name);
  return [
    ...sides.flatMap(([side, bound]) => [
      `${dialect.boundLength(bound)} AS ${side}_length`,
      `CASE WHEN ${dialect.boundMethod(bound)} LIKE 'EXCL%' THEN 0 ELSE 1 END AS ${side}_inclusive`,
      ...numbers.map((number) => `${orderedText(part(bound, number, 'type'), part(bound, number, 'value'), dialect)} AS ${side}_${number}`),
    ]),
    ...(['name', 'type'] as const).flatMap((name) =>
      numbers.map((number) => `coalesce(${part(start, number, name)}, ${part(end, number, name)}) AS ${name}_${number}`),
    ),
  ];
}

/** The row's own values, to be selected beside the range's columns. `key` is JSON text. */
export function ownColumns(key: string, dialect: Dialect): readonly string[] {
  return numbers.map((number) => `${orderedText(`type_${number}`, dialect.member(key, `name_${number}`), dialect)} AS own_${number}`);
}

/** A condition over the columns of both. */
export const isInRange = `${compared('start')} > -start_inclusive AND ${compared('end')} < end_inclusive`;

/** -1, 0 or 1: the row stands before, at or after the bound, by the columns that the bound names. */
function compared(side: 'start' | 'end'): string {
  const whens = numbers.map((number) => {
    const [own, its] = [`own_${number}`, `${side}_${number}`];
    const sign = `CASE WHEN type_${number} LIKE '%ReversedType%' THEN -1 ELSE 1 END`;
    return `WHEN coalesce(${side}_length, 0) < ${number} THEN 0 WHEN ${own} < ${its} THEN -(${sign}) WHEN ${own} > ${its} THEN ${sign} WHEN ${own} IS NULL OR ${its} IS NULL THEN NULL`;
  });
  return `CASE ${whens.join(' ')} ELSE 0 END`;
}

const numberTypes = ['Int32', 'Long', 'Short', 'Byte', 'Integer', 'Decimal', 'Double', 'Float', 'SimpleDate', 'Timestamp', 'Time'];

/** A text that sorts by its bytes as values of the Cassandra type sort. */
function orderedText(type: string, value: string, dialect: Dialect): string {
  const isNumber = numberTypes.map((name) => `${type} LIKE ${literal(`%.${name}Type%`)}`).join(' OR ');
  const lower = `lower(${value})`;
  return `CASE WHEN ${type} LIKE '%.TimeUUIDType%' THEN ${timeOfUuid(lower)} || ${signedBytes(lower)}
    WHEN ${type} LIKE '%.UUIDType%' THEN substr(${lower}, 15, 1) || CASE WHEN substr(${lower}, 15, 1) = '1' THEN ${timeOfUuid(lower)} ELSE replace(substr(${lower}, 1, 18), '-', '') END || replace(substr(${lower}, 20), '-', '')
    WHEN ${isNumber} THEN ${orderedNumber(value)}
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

/** Cassandra compares the last eight bytes of a timeuuid as signed bytes: turning the sign bit of each makes them unsigned. */
function signedBytes(uuid: string): string {
  return [20, 22, 25, 27, 29, 31, 33, 35]
    .map((at) => `translate(substr(${uuid}, ${at}, 1), '0123456789abcdef', '89abcdef01234567') || substr(${uuid}, ${at + 1}, 1)`)
    .join(' || ');
}
