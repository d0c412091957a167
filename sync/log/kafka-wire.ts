// The flexible encoding of Kafka's protocol, as far as the requests written here need it: big-endian integers, compact
// strings and arrays (length + 1 as an unsigned varint), and tagged fields, which are skipped.
// Spec: Kafka protocol guide, KIP-482.

import { assert } from '../../runtime/errors.ts';

/** A request of ours and its answer, for a connection that frames and correlates. */
export interface WireRequest<T> {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  /** The body, without the request header. */
  readonly body: Buffer;
  decode(body: Buffer): T;
}

export interface WireWriter {
  int8(value: number): WireWriter;
  int16(value: number): WireWriter;
  int32(value: number): WireWriter;
  int64(value: bigint): WireWriter;
  bool(value: boolean): WireWriter;
  uuid(value: Buffer): WireWriter;
  string(value: string | null): WireWriter;
  bytes(value: Buffer | null): WireWriter;
  /** Writes the length, then each item with its own tagged fields. */
  array<T>(items: readonly T[], write: (item: T) => void): WireWriter;
  /** No tagged fields here. */
  tags(): WireWriter;
  finish(): Buffer;
}

export function wireWriter(): WireWriter {
  const parts: Buffer[] = [];
  const add = (size: number, fill: (part: Buffer) => void): WireWriter => {
    const part = Buffer.alloc(size);
    fill(part);
    parts.push(part);
    return writer;
  };
  const unsigned = (value: number): WireWriter => {
    const bytes: number[] = [];
    for (let rest = value; ; rest >>>= 7) {
      bytes.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
      if (rest <= 0x7f) break;
    }
    parts.push(Buffer.from(bytes));
    return writer;
  };
  const writer: WireWriter = {
    int8: (value) => add(1, (part) => part.writeInt8(value)),
    int16: (value) => add(2, (part) => part.writeInt16BE(value)),
    int32: (value) => add(4, (part) => part.writeInt32BE(value)),
    int64: (value) => add(8, (part) => part.writeBigInt64BE(value)),
    bool: (value) => add(1, (part) => part.writeInt8(value ? 1 : 0)),
    uuid(value) {
      assert(value.length === 16, 'an id has 16 bytes');
      parts.push(value);
      return writer;
    },
    string: (value) => writer.bytes(value === null ? null : Buffer.from(value, 'utf8')),
    bytes(value) {
      unsigned(value === null ? 0 : value.length + 1);
      if (value) parts.push(value);
      return writer;
    },
    array(items, write) {
      unsigned(items.length + 1);
      for (const item of items) {
        write(item);
        unsigned(0);
      }
      return writer;
    },
    tags: () => unsigned(0),
    finish: () => Buffer.concat(parts),
  };
  return writer;
}

export interface WireReader {
  int8(): number;
  int16(): number;
  int32(): number;
  int64(): bigint;
  bool(): boolean;
  /** 16 bytes as the text Kafka prints: base64url without padding. */
  uuid(): string;
  string(): string | null;
  bytes(): Buffer | null;
  /** An array of int32: its items have no tagged fields. */
  int32s(): readonly number[];
  /** Null arrays read as empty. */
  array<T>(read: () => T): readonly T[];
  /** Skips tagged fields. */
  tags(): void;
}

export function wireReader(buffer: Buffer): WireReader {
  let at = 0;
  const step = (size: number): number => {
    const from = at;
    at += size;
    if (at > buffer.length) throw new RangeError(`Kafka response ends at ${buffer.length}, read to ${at}`);
    return from;
  };
  const unsigned = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = buffer.readUInt8(step(1));
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('Kafka response: a varint is longer than 5 bytes');
  };
  const tags = (): void => {
    for (let count = unsigned(); count > 0; count--) {
      unsigned();
      step(unsigned());
    }
  };
  const slice = (): Buffer | null => {
    const length = unsigned() - 1;
    if (length < 0) return null;
    const from = step(length);
    return buffer.subarray(from, from + length);
  };
  return {
    int8: () => buffer.readInt8(step(1)),
    int16: () => buffer.readInt16BE(step(2)),
    int32: () => buffer.readInt32BE(step(4)),
    int64: () => buffer.readBigInt64BE(step(8)),
    bool: () => buffer.readInt8(step(1)) !== 0,
    uuid: () => buffer.toString('base64url', step(16), at),
    string: () => slice()?.toString('utf8') ?? null,
    bytes: slice,
    int32s: () => Array.from({ length: unsigned() - 1 }, () => buffer.readInt32BE(step(4))),
    array(read) {
      const count = unsigned() - 1;
      const items: ReturnType<typeof read>[] = [];
      for (let i = 0; i < count; i++) {
        items.push(read());
        tags();
      }
      return items;
    },
    tags,
  };
}

export function uuidBytes(id: string): Buffer {
  return Buffer.from(id, 'base64url');
}
