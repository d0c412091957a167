// Whether a raw row holds a key, as a DuckDB condition that is never null: as its record key, in `before`, `after` or
// `value`, in the headers that tell the other key of a row whose key changed, and in a rescued text.

import { fieldNamed, isStruct, type Schema, type StructType } from '../../lake/iceberg/schema.ts';
import { literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import { reasonNotUtf8 } from '../../lake/raw/raw-schema.ts';
import type { KeyMembers } from '../../lake/raw/erased.ts';
import { keyHeaders } from '../../sync/contract/enforced-columns.ts';
import type { HeldKey } from './held-key.ts';

/** Over the columns of the raw table. */
export function holdsSql(schema: Schema, keys: readonly HeldKey[]): string {
  return keys
    .map(
      (key) =>
        `(${conditions(schema, key)
          .map((one) => `coalesce(${one}, false)`)
          .join(' OR ')})`,
    )
    .join(' OR ');
}

function conditions(schema: Schema, key: HeldKey): readonly string[] {
  const isKeyHeader = `h."key" IN (${keyHeaders.map(literal).join(', ')})`;
  return [
    keyIsSql('_log_key', key),
    `len(list_filter(_headers, lambda h: ${isKeyHeader} AND coalesce(${keyIsSql('h."value"', key)}, false))) > 0`,
    ...['before', 'after', 'value'].flatMap((name) => {
      const row = fieldNamed(schema, name)?.type;
      return row !== undefined && isStruct(row) ? rowIsSql(quoted(name), row, key) : [];
    }),
    rescuedSql(key),
  ];
}

function keyIsSql(blob: string, { accepted, whole }: HeldKey): string {
  const text = `TRY(decode(${blob}))`;
  const plain = accepted.get('');
  if (plain) return isOneOf(text, plain);
  const members = [...accepted].map(([name, texts]) => isOneOf(`json_extract_string(${text}, ${path([name])})`, texts));
  const isMember = `CASE WHEN json_valid(${text}) THEN ${members.join(' AND ')} ELSE false END`;
  return whole.length === 0 ? isMember : `(${isMember} OR ${isOneOf(text, whole)})`;
}

/** A cell of Cassandra has its value inside. */
function rowIsSql(at: string, row: StructType, { accepted }: HeldKey): readonly string[] {
  const parts = [...accepted].map(([name, texts]) => {
    const type = fieldNamed(row, name)?.type;
    if (type === undefined) return null;
    const value = isStruct(type) && fieldNamed(type, 'value') ? `${at}.${quoted(name)}."value"` : `${at}.${quoted(name)}`;
    return isOneOf(`CAST(${value} AS VARCHAR)`, texts);
  });
  return parts.length === 0 || parts.includes(null) ? [] : [`(${parts.join(' AND ')})`];
}

/** JSON is asked for the members; of what is no JSON, or no text, `"column": value` is looked for. */
function rescuedSql({ members }: HeldKey): string {
  if (members.has('')) return 'false';
  const text = '_rescued."text"';
  const inJson = [[], ['after'], ['before']].flatMap((above) =>
    [[], ['value']].map((below) =>
      [...members]
        .map(([name, value]) => isOneOf(`json_extract_string(${text}, ${path([...above, name, ...below])})`, [value]))
        .join(' AND '),
    ),
  );
  const inText = [...members].map(([name, value]) => `regexp_matches(${text}, ${literal(memberPattern(name, value))})`).join(' AND ');
  const digits = `hex(TRY(from_base64(${text})))`;
  const inBytes = [...members].map(([name, value]) => `regexp_matches(${digits}, ${literal(bytesPattern(name, value))})`).join(' AND ');
  const isBytes = `(_rescued.reason = ${literal(reasonNotUtf8)} OR starts_with(_rescued.reason, ${literal(`${reasonNotUtf8}: `)}))`;
  return `CASE WHEN ${text} IS NULL THEN false WHEN ${isBytes} THEN ${inBytes} WHEN json_valid(${text}) THEN ${inJson.map((one) => `coalesce(${one}, false)`).join(' OR ')} ELSE ${inText} END`;
}

/** As above, of a record's value that is text and no JSON. */
export function isInText(text: string, members: KeyMembers): boolean {
  return [...members].every(([name, value]) => new RegExp(memberPattern(name, value), 'u').test(text));
}

/** As above, of one that is no text. */
export function isInBytes(bytes: Buffer, { members }: HeldKey): boolean {
  const digits = bytes.toString('hex').toUpperCase();
  return [...members].every(([name, value]) => new RegExp(bytesPattern(name, value)).test(digits));
}

function memberPattern(name: string, value: string): string {
  const tail = /\w$/.test(value) ? '([^0-9A-Za-z_.]|$)' : '';
  return `${escaped(JSON.stringify(name))}\\s*:\\s*(${escaped(JSON.stringify(value))}|${escaped(value)}${tail})`;
}

/** Whole bytes of two digits each. */
function bytesPattern(name: string, value: string): string {
  return `^(..)*${hex(JSON.stringify(name))}(20)*3A(20)*(${hex(JSON.stringify(value))}|${hex(value)}(2C|7D|20|0A|0D|$))`;
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex').toUpperCase();
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function isOneOf(expression: string, texts: readonly string[]): string {
  return `${expression} IN (${texts.map(literal).join(', ')})`;
}

function path(names: readonly string[]): string {
  return literal(`$${names.map((name) => `."${name.replaceAll('"', '\\"')}"`).join('')}`);
}
