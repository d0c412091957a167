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
      return lz4(bytes, bytesMax);
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

// A frame does not say its size; its blocks bound it: at most what the header names, and 255 times what they hold.
// Spec: LZ4 Frame Format, "Frame Descriptor" and "Data Blocks".
function lz4(bytes: Buffer, bytesMax: number): Buffer {
  const most = lz4SizeMost(bytes);
  if (most > bytesMax) throw tooLarge(most, bytesMax);
  return decompressFrameSync(bytes);
}

function lz4SizeMost(bytes: Buffer): number {
  if (bytes.length <= lz4HeaderBytes) return 0;
  const blockBytesMax = 2 ** (8 + 2 * (((bytes[5] ?? 0) >> 4) & 7));
  const hasBlockChecksums = ((bytes[4] ?? 0) & 0x10) !== 0;
  const hasContentSize = ((bytes[4] ?? 0) & 0x08) !== 0;
  let most = 0;
  for (let at = lz4HeaderBytes + (hasContentSize ? 8 : 0); at + 4 <= bytes.length;) {
    const length = bytes.readUInt32LE(at) & 0x7fffffff;
    if (length === 0) break;
    most += Math.min(blockBytesMax, length * 255);
    at += 4 + length + (hasBlockChecksums ? 4 : 0);
  }
  return most;
}

/** Magic, flags, block size, header checksum. */
const lz4HeaderBytes = 7;

function tooLarge(size: number, bytesMax: number): RangeError {
  return new RangeError(`a record batch decompresses to ${size} bytes, allowed are ${bytesMax}`);
}
