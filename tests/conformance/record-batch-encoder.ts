// Kafka's record batches written by hand: an encoder of its own, so that the decoder is judged by something else, and
// so that tests can send what no client would (headers in any order, twice, under any name).

import { gzipSync, zstdCompressSync } from 'node:zlib';
import { compressFrameSync } from 'lz4-napi';
import { compressSync } from 'snappy';
import type { RecordHeader } from '../../sync/log/record-block.ts';

export interface RecordToEncode {
  readonly offsetDelta: number;
  readonly timeDelta: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
}

export interface BatchToEncode {
  readonly baseOffset: bigint;
  readonly records: readonly RecordToEncode[];
  readonly codec?: 'none' | 'gzip' | 'snappy' | 'snappy-framed' | 'lz4' | 'zstd';
  readonly isAppendTime?: boolean;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
  readonly baseTimeMs?: number;
  readonly maxTimeMs?: number;
  readonly producerId?: bigint;
  /** Beyond the last record where compaction removed some. */
  readonly lastOffsetDelta?: number;
}

const codecs = { none: 0, gzip: 1, snappy: 2, 'snappy-framed': 2, lz4: 3, zstd: 4 };

export function encodeBatch(batch: BatchToEncode): Buffer {
  const codec = batch.codec ?? 'none';
  const body = compress(codec, Buffer.concat(batch.records.map(encodeRecord)));
  const last = batch.records.at(-1)?.offsetDelta ?? 0;
  const counted = Buffer.alloc(40);
  const attributes = codecs[codec] | (batch.isAppendTime ? 8 : 0) | (batch.isTransactional ? 16 : 0) | (batch.isControl ? 32 : 0);
  counted.writeInt16BE(attributes, 0);
  counted.writeInt32BE(batch.lastOffsetDelta ?? last, 2);
  counted.writeBigInt64BE(BigInt(batch.baseTimeMs ?? 0), 6);
  counted.writeBigInt64BE(BigInt(batch.maxTimeMs ?? batch.baseTimeMs ?? 0), 14);
  counted.writeBigInt64BE(batch.producerId ?? -1n, 22);
  counted.writeInt16BE(batch.producerId === undefined ? -1 : 0, 30);
  counted.writeInt32BE(-1, 32);
  counted.writeInt32BE(batch.records.length, 36);
  const covered = Buffer.concat([counted, body]);
  const head = Buffer.alloc(21);
  head.writeBigInt64BE(batch.baseOffset, 0);
  head.writeInt32BE(9 + covered.length, 8);
  head.writeInt32BE(-1, 12); // leader epoch: the broker's
  head.writeInt8(2, 16);
  head.writeUInt32BE(crc32c(covered), 17);
  return Buffer.concat([head, covered]);
}

/** The end of a transaction, as the broker writes it. */
export function encodeMarker(baseOffset: bigint, producerId: bigint, type: 'abort' | 'commit'): Buffer {
  const key = Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]);
  const records = [{ offsetDelta: 0, timeDelta: 0, key, value: Buffer.alloc(6) }];
  return encodeBatch({ baseOffset, records, isTransactional: true, isControl: true, producerId });
}

export function encodeRecord(record: RecordToEncode): Buffer {
  const headers = record.headers ?? [];
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(BigInt(record.timeDelta)),
    varint(BigInt(record.offsetDelta)),
    lengthAnd(record.key),
    lengthAnd(record.value),
    varint(BigInt(headers.length)),
    ...headers.flatMap((header) => [lengthAnd(Buffer.from(header.key, 'utf8')), lengthAnd(header.value)]),
  ]);
  return Buffer.concat([varint(BigInt(body.length)), body]);
}

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

function lengthAnd(bytes: Uint8Array | null): Buffer {
  return bytes ? Buffer.concat([varint(BigInt(bytes.length)), bytes]) : varint(-1n);
}

function compress(codec: keyof typeof codecs, bytes: Buffer): Buffer {
  switch (codec) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzipSync(bytes);
    case 'snappy':
      return compressSync(bytes);
    case 'snappy-framed':
      return framedSnappy(bytes);
    case 'lz4':
      return compressFrameSync(bytes);
    case 'zstd':
      return zstdCompressSync(bytes);
  }
}

function framedSnappy(bytes: Buffer): Buffer {
  const parts: Buffer[] = [Buffer.from('82534e41505059000000000100000001', 'hex')];
  for (let at = 0; at < bytes.length; at += 32_768) {
    const block = compressSync(bytes.subarray(at, at + 32_768));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

function crc32c(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
