// Decompression of record batches, by the codec number in their attributes: gzip, snappy (framed as Kafka's Java
// producer writes it, or one raw block), lz4 frames, zstd. Bounded: a batch may not grow past a limit (I9).

import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { decompressFrameSync } from 'lz4-napi';
import { uncompressSync } from 'snappy';
import { LakeError } from '../../runtime/errors.ts';

export const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

export function decompress(codec: number, bytes: Buffer, bytesMax: number): Buffer {
  switch (codecNames[codec]) {
    case 'none':
      return bytes;
    case 'gzip':
      return gunzipSync(bytes, { maxOutputLength: bytesMax });
    case 'snappy':
      return snappy(bytes, bytesMax);
    case 'lz4':
      return bounded(decompressFrameSync(bytes), bytesMax);
    case 'zstd':
      return zstdDecompressSync(bytes, { maxOutputLength: bytesMax });
    default:
      throw new LakeError('LOG_REFUSED', `decompress a record batch: codec ${codec} is not known`, { context: { codec } });
  }
}

// The Java producer wraps snappy in blocks of 32 KiB: magic, two versions, then length-prefixed raw blocks.
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeaderBytes = 16;

function snappy(bytes: Buffer, bytesMax: number): Buffer {
  if (!bytes.subarray(0, xerialMagic.length).equals(xerialMagic)) return rawSnappy(bytes, bytesMax);
  const blocks: Buffer[] = [];
  let size = 0;
  for (let at = xerialHeaderBytes; at < bytes.length;) {
    const length = bytes.readInt32BE(at);
    const block = rawSnappy(bytes.subarray(at + 4, at + 4 + length), bytesMax - size);
    blocks.push(block);
    size += block.length;
    at += 4 + length;
  }
  return Buffer.concat(blocks, size);
}

function rawSnappy(bytes: Buffer, bytesMax: number): Buffer {
  // A raw block says its size first, as a varint: check it before anything is allocated.
  let size = 0;
  for (let at = 0; at < 5; at++) {
    const byte = bytes[at] ?? 0;
    size += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) break;
  }
  if (size > bytesMax) throw tooLarge(size, bytesMax);
  const out = uncompressSync(bytes, { asBuffer: true });
  return typeof out === 'string' ? Buffer.from(out) : out;
}

function bounded(bytes: Buffer, bytesMax: number): Buffer {
  if (bytes.length > bytesMax) throw tooLarge(bytes.length, bytesMax);
  return bytes;
}

function tooLarge(size: number, bytesMax: number): RangeError {
  return new RangeError(`a record batch decompresses to ${size} bytes, allowed are ${bytesMax}`);
}
