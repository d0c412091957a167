// What a contract adds to the decoding statement: masked columns and `_violations`. Without a contract nothing of this is
// in the statement.

import { duckdbType, literal, quoted } from '../../lake/parquet/duckdb-type.ts';
import { fieldNamed, isStruct, type IcebergType, type StructType } from '../../lake/iceberg/schema.ts';
import { columnName, type Shape, type ShapeField, type ShapeType } from '../../lake/raw/shape.ts';
import { jsonKind } from '../../lake/raw/merge-shapes.ts';
import type { HeaderMask } from '../decode/header-column.ts';
import type { MaskSql } from './mask-sql.ts';

/** One write's contract, as SQL. */
export interface Enforcement {
  readonly masks: MaskSql | null;
  /** The list for a row of `foz_rows`, by the validator. */
  readonly judged: string;
  /** `isListed`: the statement lists them itself, which is long. */
  violations(shape: Shape, decoded: string, isListed: boolean): string | null;
}

/** Headers in which the connector repeats keys. */
export const keyHeaders: readonly string[] = ['__debezium.oldkey', '__debezium.newkey'];

export function headerMask(masks: MaskSql | null): HeaderMask | null {
  const isKey = `h."key" IN (${keyHeaders.map(literal).join(', ')})`;
  return (
    masks && {
      masked: keyHeaders,
      mask: (headers) =>
        `list_transform(${headers}, lambda h: struct_pack("key" := h."key", "value" := CASE WHEN ${isKey} THEN ${masks.key('h."value"')} ELSE h."value" END))`,
    }
  );
}

type Pack = (type: ShapeType, at: string, column: IcebergType) => string;

/** A row's struct, its masked columns masked. Of `isStrict` only columns that the contract names are kept at all. */
export function maskedRow(type: ShapeType, at: string, column: IcebergType, masks: MaskSql, isStrict: boolean, pack: Pack): string {
  if (type.kind !== 'struct' || !isStruct(column)) return `NULL::${duckdbType(column)}`;
  const byName = new Map(type.fields.map((field) => [columnName(field), field]));
  const found = masks.standIns(type.fields);
  const parts = column.fields.map((field) => {
    const from = byName.get(field.name);
    if (!from) return `${quoted(field.name)} := NULL::${duckdbType(field.type)}`;
    const standIn = found.get(from.name);
    const names = standIn ? [standIn.as].filter((as) => as !== null) : [field.name, from.name];
    const isLeftOut = isStrict && !names.some((name) => masks.isKnown(name));
    return `${quoted(field.name)} := ${isLeftOut ? `NULL::${duckdbType(field.type)}` : member(from, at, names, field.type, masks, pack)}`;
  });
  return `CASE WHEN ${at} IS NOT NULL THEN struct_pack(${parts.join(', ')}) END`;
}

/** `names`: under any of which it is masked: a renamed column has two; what may be one of several has none, and is dropped. */
function member(from: ShapeField, at: string, names: readonly string[], column: IcebergType, masks: MaskSql, pack: Pack): string {
  const value = `${at}.${quoted(from.name)}`;
  const bound = masks.bound(from.name, value);
  if (bound !== null) return jsonKind(from.type) === 'json' && column === 'string' ? bound : `NULL::${duckdbType(column)}`;
  if (names.length === 0) return inCell(from.type, value, column, (_type, _text, held) => `NULL::${duckdbType(held)}`);
  const masked = names.find((candidate) => masks.isMasked(candidate));
  if (masked !== undefined) return inCell(from.type, value, column, (type, text, held) => maskedText(type, text, held, masked, masks));
  for (const candidate of names) {
    if (masks.inside(candidate, value, column) === null) continue;
    const open: Pack = (type, part, held) => masks.inside(candidate, pack(type, part, held), held) ?? `NULL::${duckdbType(held)}`;
    return inCell(from.type, value, column, open);
  }
  return pack(from.type, value, column);
}

/** Of a cell of Cassandra it is the value that is masked, of all else the whole. */
function inCell(type: ShapeType, at: string, column: IcebergType, mask: Pack): string {
  if (type.kind !== 'struct' || !isStruct(column) || !isCell(type, column)) return mask(type, at, column);
  const parts = column.fields.map((part) => {
    const from = type.fields.find((field) => columnName(field) === part.name);
    const value = `${at}.${quoted(part.name)}`;
    const kept = from && from.type.kind !== 'null' ? `${value}::${duckdbType(part.type)}` : `NULL::${duckdbType(part.type)}`;
    return `${quoted(part.name)} := ${from && part.name === 'value' ? mask(from.type, value, part.type) : kept}`;
  });
  return `CASE WHEN ${at} IS NOT NULL THEN struct_pack(${parts.join(', ')}) END`;
}

/** Only text can be masked and still stand in its column. */
function maskedText(type: ShapeType, at: string, column: IcebergType, name: string, masks: MaskSql): string {
  return jsonKind(type) === 'string' && column === 'string' ? masks.text(name, at) : `NULL::${duckdbType(column)}`;
}

/** Of Cassandra: the value, and of when it is. */
function isCell(type: Extract<ShapeType, { kind: 'struct' }>, column: StructType): boolean {
  const names = new Set(['value', 'deletion_ts', 'set']);
  return type.fields.every((field) => names.has(field.name)) && fieldNamed(column, 'value') !== undefined;
}
