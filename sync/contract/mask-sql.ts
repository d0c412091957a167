// Masks as DuckDB expressions, part of the statement that decodes: after the proof, before Parquet. Keys stand in macros
// of this process's own DuckDB, so that no statement, and no message about one, ever holds them.
//
// DuckDB has no hmac: it is two hashes over the key, padded to a block and turned with 0x36 and 0x5c.
// Spec: RFC 2104.

import { createHash } from 'node:crypto';
import { unavailableTexts } from '../../lake/raw/current/postgres.ts';
import { isAmong } from '../../contracts/rules/sql-text.ts';
import { nestedMasks, type NestedMask } from '../../contracts/nested-mask.ts';
import { isList, isStruct, type IcebergType } from '../../lake/iceberg/schema.ts';
import { duckdbType, literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import type { ShapeField } from '../../lake/raw/shape.ts';
import type { ColumnMask, ColumnMasks } from './column-masks.ts';
import { maskedMiddle, plainNamePattern, plainNames, wholeKeyMember } from './mask-value.ts';
import { rangeBounds, standIns, type StandIns } from './stand-in-masks.ts';

export interface MaskSql {
  /** Statements to run before, and after, those that use the expressions. */
  readonly setup: readonly string[];
  readonly teardown: readonly string[];
  /** A text, masked; null where its column is dropped. */
  text(column: string, text: string): string;
  isMasked(column: string): boolean;
  /** A value of this type with its masked parts masked; null where the column has none. */
  inside(column: string, value: string, type: IcebergType): string | null;
  /** Columns of a row that may be masked ones renamed. */
  standIns(row: readonly ShapeField[]): StandIns;
  /** Whether the contract names the column. */
  isKnown(column: string): boolean;
  /** A record's key (a blob) as it lands. */
  key(blob: string): string;
  /** Of a row's column that is a bound of a range delete with masked columns in it: its text as it lands. Else null. */
  bound(column: string, text: string): string | null;
}

/** `id`: of macros, unlike any other in this instance. */
export function maskSql(masks: ColumnMasks, id: number): MaskSql {
  const macros = new Map<string, string>();
  const macroOf = (key: Uint8Array): string => {
    const hex = Buffer.from(key).toString('hex');
    const known = macros.get(hex) ?? `foz_hmac_${id}_${macros.size}`;
    macros.set(hex, known);
    return known;
  };
  const textOf = (mask: ColumnMask, text: string): string => masked(mask, text, macroOf);
  const byColumn = new Map([...masks.byColumn].map(([column, mask]) => [column, (text: string) => textOf(mask, text)] as const));
  const keyMacro = `foz_mask_key_${id}`;
  const keyBody = keyExpression(masks, macroOf);
  const boundMacro = `foz_mask_bound_${id}`;
  const boundBody = boundExpression(masks, macroOf);
  const hasBounds = masks.database === 'cassandra' && masks.keyColumns.length > 0;
  const hmacs = prepared(masks, macroOf, macros);
  return {
    setup: [...hmacs, `CREATE MACRO ${keyMacro}(k) AS ${keyBody}`, `CREATE MACRO ${boundMacro}(b) AS ${boundBody}`],
    teardown: [keyMacro, boundMacro, ...macros.values()].map((name) => `DROP MACRO IF EXISTS ${name}`),
    text: (column, text) => byColumn.get(column)?.(text) ?? text,
    isMasked: (column) => byColumn.has(column),
    inside: (column, value, type) => {
      const nested = masks.inside.get(column);
      return nested ? insideValue(nested, value, type, 0, textOf) : null;
    },
    standIns: (row) => standIns(masks, row),
    isKnown: (column) => masks.known.has(column),
    key: (bytes) => `${keyMacro}(${bytes})`,
    bound: (column, text) => (hasBounds && rangeBounds.has(column) ? `${boundMacro}(${text})` : null),
  };
}

/** One macro a key. */
function prepared(masks: ColumnMasks, macroOf: (key: Uint8Array) => string, macros: ReadonlyMap<string, string>): readonly string[] {
  const nested = [...masks.inside.values()].flatMap((one) => nestedMasks(one).map(([, mask]) => mask));
  for (const mask of [...masks.byColumn.values(), ...nested]) if (mask.kind === 'hmac') macroOf(mask.key);
  return [...macros].map(([hex, name]) => {
    const { inner, outer } = paddedKeys(Buffer.from(hex, 'hex'));
    return `CREATE MACRO ${name}(v) AS sha256(${blob(outer)} || unhex(sha256(${blob(inner)} || v)))`;
  });
}

function masked(mask: ColumnMask, text: string, macroOf: (key: Uint8Array) => string): string {
  if (mask.kind === 'drop') return 'NULL::VARCHAR';
  const isKept = `${text} IS NULL OR ${isAmong(text, unavailableTexts.map(literal))}`;
  return `CASE WHEN ${isKept} THEN ${text} ELSE ${replacement(mask, text, macroOf)} END`;
}

function replacement(mask: Exclude<ColumnMask, { kind: 'drop' }>, text: string, macroOf: (key: Uint8Array) => string): string {
  switch (mask.kind) {
    case 'redact':
      return literal(mask.text);
    case 'hmac':
      return `${macroOf(mask.key)}(encode(${text}))`;
    case 'partial': {
      const { keepFirst, keepLast } = mask;
      const ends = `left(${text}, ${keepFirst}) || ${literal(maskedMiddle)} || right(${text}, ${keepLast})`;
      return `CASE WHEN length(${text}) <= ${keepFirst + keepLast} THEN ${literal(maskedMiddle)} ELSE ${ends} END`;
    }
  }
}

/** Only text can be masked and still stand in its place. */
function insideValue(
  nested: NestedMask<ColumnMask>,
  value: string,
  type: IcebergType,
  depth: number,
  textOf: (mask: ColumnMask, text: string) => string,
): string {
  const nothing = `NULL::${duckdbType(type)}`;
  if (nested.kind === 'value') return type === 'string' ? textOf(nested.mask, value) : nothing;
  if (nested.kind === 'items') {
    if (!isList(type)) return nothing;
    const item = `foz_m${depth}`;
    return `list_transform(${value}, lambda ${item}: ${insideValue(nested.of, item, type.element, depth + 1, textOf)})`;
  }
  if (!isStruct(type)) return nothing;
  const parts = type.fields.map((field) => {
    const [of, part] = [nested.byName.get(field.name), `${value}.${quoted(field.name)}`];
    return `${quoted(field.name)} := ${of ? insideValue(of, part, field.type, depth, textOf) : part}`;
  });
  return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${parts.join(', ')}) END`;
}

/** Over `k`: see maskKey. */
function keyExpression(masks: ColumnMasks, macroOf: (key: Uint8Array) => string): string {
  const text = 'TRY(decode(k))';
  const names = `json_keys(${text})`;
  const list = `[${[...masks.byColumn.keys()].map(literal).join(', ')}]::VARCHAR[]`;
  const isPlain = [
    `json_valid(${text})`,
    `json_type(${text}) = 'OBJECT'`,
    `len(${names}) > 0`,
    `len(list_distinct(${names})) = len(${names})`,
    ...masks.keyColumns.map((name) => `list_contains(${names}, ${literal(name)})`),
    `len(list_filter(${names}, lambda n: NOT regexp_matches(n, ${literal(plainNamePattern)}) OR json_type(${text}, ${at('n')}) IN ('OBJECT', 'ARRAY') OR (list_contains(${list}, n) AND json_type(${text}, ${at('n')}) NOT IN ('VARCHAR', 'NULL')))) = 0`,
  ].reduceRight((rest, check) => `CASE WHEN ${check} THEN ${rest} ELSE false END`, 'true');
  const value = `json_extract_string(${text}, ${at('n')})`;
  const whens = [...masks.byColumn].map(
    ([name, mask]) =>
      `WHEN n = ${literal(name)} AND json_type(${text}, ${at('n')}) = 'VARCHAR' THEN coalesce(to_json(${masked(mask, value, macroOf)})::VARCHAR, 'null')`,
  );
  const member = `to_json(n)::VARCHAR || ':' || CASE WHEN false THEN NULL ${whens.join(' ')} ELSE json_extract(${text}, ${at('n')})::VARCHAR END`;
  const members = `'{' || array_to_string(list_transform(${names}, lambda n: ${member}), ',') || '}'`;
  const whole =
    masks.wholeKey === null ? literal(`{"${wholeKeyMember}":null}`) : `'{"${wholeKeyMember}":"' || ${macroOf(masks.wholeKey)}(k) || '"}'`;
  const mentions = [...masks.byColumn.keys()].map((name) => `contains(${text}, ${literal(JSON.stringify(name))})`).join(' OR ');
  const applies = masks.keyColumns.length > 0 ? 'true' : `coalesce(${mentions === '' ? 'false' : mentions}, false)`;
  return `CASE WHEN k IS NULL OR NOT (${applies}) THEN k ELSE encode(CASE WHEN coalesce(TRY(${isPlain}), false) THEN coalesce(TRY(${members}), ${whole}) ELSE ${whole} END) END`;
}

/** Over `b`: see maskBound. */
function boundExpression(masks: ColumnMasks, macroOf: (key: Uint8Array) => string): string {
  const value = `json_extract_string(v."value", '$')`;
  const whens = masks.keyColumns.flatMap((name) => {
    const mask = masks.byColumn.get(name);
    if (!mask) return [];
    return [`WHEN v.name = ${literal(name)} AND json_type(v."value") = 'VARCHAR' THEN to_json(${masked(mask, value, macroOf)})`];
  });
  const isPlain = `list_contains([${plainNames(masks).map(literal).join(', ')}]::VARCHAR[], v.name)`;
  const part = `struct_pack("name" := v.name, "value" := CASE ${whens.join(' ')} WHEN ${isPlain} THEN v."value" END, "type" := v."type")`;
  const read = `from_json(b, '{"method":"VARCHAR","values":[{"name":"VARCHAR","value":"JSON","type":"VARCHAR"}]}')`;
  return `list_transform([TRY(${read})], lambda r: to_json(struct_pack("method" := r."method", "values" := list_transform(r."values", lambda v: ${part})))::VARCHAR)[1]`;
}

/** Path of the member whose name is the SQL expression. */
function at(name: string): string {
  return `'$."' || ${name} || '"'`;
}

/** The key as the inner and the outer hash take it. */
function paddedKeys(key: Uint8Array): { readonly inner: Uint8Array; readonly outer: Uint8Array } {
  const block = new Uint8Array(64);
  block.set(key.length > block.length ? createHash('sha256').update(key).digest() : key);
  return { inner: block.map((byte) => byte ^ 0x36), outer: block.map((byte) => byte ^ 0x5c) };
}

function blob(bytes: Uint8Array): string {
  return `'${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'::BLOB`;
}
