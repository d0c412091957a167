// Avro object container files, whole in memory: manifests and manifest lists are small by design. Written by hand
// around avsc's types, because the header must carry the schema exactly as given (Iceberg's field ids are attributes
// that a type forgets) and because a pure function of bytes needs no stream. 64-bit integers are `Long`: number below
// 2^53, bigint above.
// Spec: https://avro.apache.org/docs/1.12.0/specification/#object-container-files

import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import avro from 'avsc';
import { LakeError } from '../../runtime/errors.ts';
import { createBoundedMap, type BoundedMap } from './bounded-map.ts';
import type { Long } from './metadata.ts';

/** A parsed Avro schema: plain JSON. */
export type AvroSchema = string | readonly AvroSchema[] | { readonly [attribute: string]: unknown };

export type AvroRecord = Readonly<Record<string, unknown>>;

export interface AvroFile {
  readonly schema: AvroSchema;
  /** Header metadata beside avro.schema and avro.codec, as text. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly records: readonly AvroRecord[];
}

/** Compiled schemas by their text: compiling costs more than reading a small file. One memo serves a scan or a writer. */
export type AvroTypes = BoundedMap<avro.Type>;

export function createAvroTypes(typesMax = 32): AvroTypes {
  return createBoundedMap(typesMax);
}

/** Entries a block: readers hold one block at a time. */
const blockRecords = 4_096;
const magic = Buffer.from('Obj\u0001', 'latin1');
const limits = { blockBytesMax: 1 << 30 };

export function writeAvroFile(file: AvroFile, types: AvroTypes = createAvroTypes()): Uint8Array {
  const schemaText = JSON.stringify(file.schema);
  const type = typeOf(schemaText, types);
  const header = [
    ...[...file.metadata].map(([key, value]) => [key, value] as const),
    ['avro.schema', schemaText] as const,
    ['avro.codec', 'deflate'] as const,
  ];
  const head = Buffer.concat([
    magic,
    longBytes(header.length),
    ...header.flatMap(([key, value]) => [textBytes(key), textBytes(value)]),
    longBytes(0),
  ]);
  const blocks: { count: number; data: Buffer }[] = [];
  for (let from = 0; from < file.records.length; from += blockRecords) {
    const records = file.records.slice(from, from + blockRecords);
    blocks.push({ count: records.length, data: deflateRawSync(Buffer.concat(records.map((record) => type.toBuffer(record)))) });
  }
  // Any 16 bytes serve; a digest keeps the function pure.
  const digest = createHash('sha256').update(head);
  for (const block of blocks) digest.update(block.data);
  const sync = digest.digest().subarray(0, 16);
  return Buffer.concat([
    head,
    sync,
    ...blocks.flatMap((block) => [longBytes(block.count), longBytes(block.data.length), block.data, sync]),
  ]);
}

/** `location` is for messages. Throws OBJECT_CORRUPT where the bytes are no Avro file. */
export function readAvroFile(bytes: Uint8Array, location: string, types: AvroTypes = createAvroTypes()): AvroFile {
  try {
    return parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), types);
  } catch (cause) {
    throw new LakeError('OBJECT_CORRUPT', `cannot read ${location} as an Avro file`, { cause, context: { location, bytes: bytes.length } });
  }
}

function parse(bytes: Buffer, types: AvroTypes): AvroFile {
  if (!bytes.subarray(0, 4).equals(magic)) throw new Error('the first four bytes are not those of an Avro file');
  const cursor = { at: 4 };
  const header = new Map<string, string>();
  for (let count = readLong(bytes, cursor); count !== 0; count = readLong(bytes, cursor)) {
    // Spec: a negative count is followed by the size of the block in bytes.
    if (count < 0) readLong(bytes, cursor);
    for (let i = 0; i < Math.abs(count); i++) {
      const key = readBytes(bytes, cursor).toString('utf8');
      header.set(key, readBytes(bytes, cursor).toString('utf8'));
    }
  }
  const schemaText = header.get('avro.schema') ?? 'null';
  const codec = header.get('avro.codec') ?? 'null';
  const type = typeOf(schemaText, types);
  const sync = slice(bytes, cursor, 16);
  const records: AvroRecord[] = [];
  while (cursor.at < bytes.length) {
    const count = readLong(bytes, cursor);
    const data = decompressed(readBytes(bytes, cursor), codec);
    if (!slice(bytes, cursor, 16).equals(sync)) throw new Error(`the block before byte ${cursor.at} does not end with the sync marker`);
    let offset = 0;
    for (let i = 0; i < count; i++) {
      const decoded = type.decode(data, offset);
      if (decoded.offset < 0) throw new Error(`a block of ${count} records ends within record ${i}`);
      records.push(decoded.value);
      offset = decoded.offset;
    }
  }
  header.delete('avro.schema');
  header.delete('avro.codec');
  return { schema: JSON.parse(schemaText), metadata: header, records };
}

function decompressed(data: Buffer, codec: string): Buffer {
  if (codec === 'null') return data;
  if (codec === 'deflate') return inflateRawSync(data, { maxOutputLength: limits.blockBytesMax });
  throw new Error(`codec ${codec} is not supported (deflate and null are)`);
}

function typeOf(schemaText: string, types: AvroTypes): avro.Type {
  const known = types.get(schemaText);
  if (known) return known;
  const schema: unknown = JSON.parse(schemaText);
  if (!isSchema(schema)) throw new Error('the file has no Avro schema');
  // Everything Iceberg puts in a union is `null` and one other type, so values stand unwrapped.
  const long = longType();
  // DuckDB writes `{"type": "long"}` where others write `"long"`.
  const typeHook = (inner: unknown) =>
    typeof inner === 'object' && inner !== null && 'type' in inner && inner.type === 'long' ? long : undefined;
  const type = avro.Type.forSchema(schema, { registry: { long }, typeHook, wrapUnions: 'never', omitRecordMethods: true });
  types.set(schemaText, type);
  return type;
}

/** avsc's own schema type is narrower than JSON with attributes; it validates while parsing. */
function isSchema(schema: unknown): schema is Parameters<typeof avro.Type.forSchema>[0] {
  return typeof schema === 'string' || (typeof schema === 'object' && schema !== null);
}

function longType(): avro.Type {
  // The library's documented name.
  // oxlint-disable-next-line no-underscore-dangle
  return avro.types.LongType.__with({
    fromBuffer: (buffer: Buffer): Long => narrowed(buffer.readBigInt64LE()),
    toBuffer: (value: Long): Buffer => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(BigInt(value));
      return buffer;
    },
    fromJSON: (value: number): Long => value,
    toJSON: (value: Long): number => Number(value),
    isValid: (value: unknown): boolean => Number.isSafeInteger(value) || (typeof value === 'bigint' && BigInt.asIntN(64, value) === value),
    compare: (a: Long, b: Long): number => (a < b ? -1 : a > b ? 1 : 0),
  });
}

function narrowed(value: bigint): Long {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

interface Cursor {
  at: number;
}

function readLong(bytes: Buffer, cursor: Cursor): number {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[cursor.at++];
    if (byte === undefined || shift > 63n) throw new Error(`no number at byte ${cursor.at}`);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return Number((value >> 1n) ^ -(value & 1n));
  }
}

function readBytes(bytes: Buffer, cursor: Cursor): Buffer {
  return slice(bytes, cursor, readLong(bytes, cursor));
}

function slice(bytes: Buffer, cursor: Cursor, length: number): Buffer {
  if (length < 0 || cursor.at + length > bytes.length) throw new Error(`the file ends before byte ${cursor.at + length}`);
  cursor.at += length;
  return bytes.subarray(cursor.at - length, cursor.at);
}

function textBytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([longBytes(bytes.length), bytes]);
}

/** Zig-zag, variable length; for counts and sizes. */
function longBytes(value: number): Buffer {
  const out: number[] = [];
  let rest = BigInt(value) << 1n;
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...out, Number(rest)]);
}
