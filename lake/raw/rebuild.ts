// A record back from its raw row: the property every row has. Works on rows as plain JavaScript from any reader: longs
// as number, bigint or decimal text; doubles as numbers; bytes as Uint8Array; structs as objects; what a contract typed as
// wire.ts says.

import { assert } from '../../runtime/errors.ts';
import { isEnvelopeShape, isEnvelopeTimeKey } from './infer-shape.ts';
import { isBase64 } from './raw-schema.ts';
import { sameJson } from './same-json.ts';
import { envelopeTimeColumn, valueColumn } from './shape-columns.ts';
import { columnName, type Shape, type ShapeType } from './shape.ts';
import { doubleText, wireText } from './wire.ts';

export type RawRow = Readonly<Record<string, unknown>>;

export interface RebuiltHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

export interface RebuiltRecord {
  readonly key: Uint8Array | null;
  /**
   * - `tombstone`: the value was null.
   * - `json`: JSON-equal to the value.
   * - `text`, `bytes`: the value exactly, as it could not be typed.
   * - `masked`: the value could not be typed, and its text was not kept because of a mask.
   */
  readonly value:
    | { readonly kind: 'tombstone' }
    | { readonly kind: 'masked' }
    | { readonly kind: 'json' | 'text'; readonly text: string }
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array };
  readonly headers: readonly RebuiltHeader[];
}

export function rebuildRecord(row: RawRow, shapes: ReadonlyMap<number, Shape>): RebuiltRecord {
  return { key: bytesOf(row['_log_key']), value: rebuildValue(row, shapes), headers: headersOf(row['_headers']) };
}

/** Whether a rebuilt value is the record's: exact, or JSON-equal where it was typed. */
export function isRebuilt(rebuilt: RebuiltRecord['value'], original: Uint8Array | null): boolean {
  if (rebuilt.kind === 'tombstone') return original === null;
  if (rebuilt.kind === 'masked' || original === null) return false;
  if (rebuilt.kind === 'bytes') return Buffer.compare(rebuilt.bytes, original) === 0;
  const text = Buffer.from(original.buffer, original.byteOffset, original.length);
  if (rebuilt.kind === 'text') return Buffer.compare(Buffer.from(rebuilt.text), text) === 0;
  return sameJson(rebuilt.text, text.toString('utf8'));
}

function rebuildValue(row: RawRow, shapes: ReadonlyMap<number, Shape>): RebuiltRecord['value'] {
  const rescued = row['_rescued'];
  if (isObject(rescued) && typeof own(rescued, 'text') === 'string') {
    const text = String(own(rescued, 'text'));
    return isBase64(own(rescued, 'reason')) ? { kind: 'bytes', bytes: Buffer.from(text, 'base64') } : { kind: 'text', text };
  }
  if (isObject(rescued) && typeof own(rescued, 'reason') === 'string') return { kind: 'masked' };
  const number = row['_shape'];
  if (number === null || number === undefined) return { kind: 'tombstone' };
  const shape = shapes.get(Number(number));
  assert(shape, `a row names shape ${String(number)}, which the table does not know`);
  return { kind: 'json', text: rootText(row, shape.root) };
}

function rootText(row: RawRow, root: ShapeType): string {
  if (!isEnvelopeShape(root)) return jsonText(own(row, valueColumn), root, true);
  const times = own(row, envelopeTimeColumn);
  const parts = root.fields.map((field) => {
    const held = isEnvelopeTimeKey(field.name) ? (isObject(times) ? own(times, field.name) : null) : own(row, field.name);
    return `${JSON.stringify(field.name)}:${jsonText(held, field.type, false)}`;
  });
  return `{${parts.join(',')}}`;
}

/** A struct that the shape says is there has no column of its own where all its keys are null. */
function jsonText(value: unknown, type: ShapeType, isRoot: boolean): string {
  if (type.kind === 'struct') {
    if (!isObject(value) && !isRoot) return 'null';
    const held = isObject(value) ? value : {};
    return `{${type.fields.map((field) => `${JSON.stringify(field.name)}:${jsonText(own(held, columnName(field)), field.type, false)}`).join(',')}}`;
  }
  if (value === null || value === undefined) return 'null';
  switch (type.kind) {
    case 'list':
      assert(Array.isArray(value), 'a list column holds a list');
      return `[${value.map((item: unknown) => jsonText(item, type.element, false)).join(',')}]`;
    case 'double':
      return doubleText(Number(value));
    case 'string':
      // A number here is NaN or infinite, in a column of doubles.
      return JSON.stringify(typeof value === 'number' ? String(value) : value);
    case 'typed':
      return wireText(value, type.wire);
    case 'null':
      return 'null';
    default:
      // Longs, booleans and texts of nested values stand for themselves.
      return String(value);
  }
}

function headersOf(value: unknown): readonly RebuiltHeader[] {
  if (!Array.isArray(value)) return [];
  return value.map((header: unknown) => {
    assert(isObject(header), 'a header is a struct');
    return { key: String(own(header, 'key')), value: bytesOf(own(header, 'value')) };
  });
}

function bytesOf(value: unknown): Uint8Array | null {
  if (value === null || value === undefined) return null;
  assert(value instanceof Uint8Array, 'keys and header values are read as bytes');
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function own(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : null;
}
