// Kafka's record batches (format v2) straight into columns: keys and values stay where they lie in the response, or in
// the decompressed batch, and no object is made per record. kafkajs builds one with copies and loses the order of
// headers; this is several times faster and keeps the bytes.
//
// Lazy: batches are decompressed a few at a time, as the reader asks. Transaction markers and aborted records are
// left out, yet `nextOffset` moves past them, so that a topic that ends with a marker is read to its end.
// Spec: Kafka documentation, "Record Batch" and "Control Batches". The checksum is not verified: TCP has its own, and
// the broker checked the batch on arrival.

import { LakeError } from '../../runtime/errors.ts';
import { headerMemo, type HeaderMemo } from './record-headers.ts';
import type { RecordBlock, RecordHeader } from './record-block.ts';
import { decompress } from './record-codecs.ts';
import type { AbortedTransaction } from './kafka-fetch.ts';
import { readVarint, type Cursor } from './varint.ts';

export interface RecordsToDecode {
  /** Topic and partition, for errors. */
  readonly name: string;
  readonly records: Buffer;
  /** Earlier records of the first batch are left out. */
  readonly from: bigint;
  readonly aborted: readonly AbortedTransaction[];
  readonly receivedAtMs: number;
  /** A block takes batches until it holds this much decompressed; at least one. */
  readonly blockBytesMax: number;
  readonly decompressedBytesMax: number;
  /** Kept between calls, so that equal headers stay one array. */
  readonly headers?: HeaderMemo;
  /** Where blocks are laid out; each block is valid until the next. Without one, every block has its own. */
  readonly memory?: BlockMemory;
}

export interface DecodedBlock {
  readonly block: RecordBlock;
  readonly nextOffset: bigint;
}

interface Batch {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly codec: number;
  readonly isAppendTime: boolean;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly baseTimeMs: number;
  readonly maxTimeMs: number;
  readonly producerId: bigint;
  readonly count: number;
  /** Where the records lie in the response. */
  readonly start: number;
  readonly end: number;
}

const batchHeaderBytes = 61;
/** Offset, length: what stands before the counted part of a batch. */
const batchPrefixBytes = 12;
const recordBytesMin = 7;
const keptBytesMax = 8_388_608;
const keptRowsMax = 65_536;
const ownBufferBytesMin = 65_536;

export function* decodeRecords(source: RecordsToDecode): Generator<DecodedBlock> {
  const isLeftOut = markerAndAbortFilter(source);
  const headers = source.headers ?? headerMemo();
  let from = Number(source.from);
  let gathered: Batch[] = [];
  let parts: Buffer[] = [];
  let size = 0;
  let next = from;
  for (let at = 0; ;) {
    const batch = batchAt(source, at);
    if (batch) {
      at = batch.end;
      if (batch.nextOffset <= from) continue;
      next = batch.nextOffset;
      if (isLeftOut(batch)) continue;
      const part = expand(source, batch);
      gathered.push(batch);
      parts.push(part);
      size += part.length;
      if (size < source.blockBytesMax) continue;
    }
    if (next > from)
      yield { block: fill(source, gathered, parts, from, headers, source.memory ?? blockMemory()), nextOffset: BigInt(next) };
    if (!batch) return;
    from = next;
    [gathered, parts, size] = [[], [], 0];
  }
}

/** The position after the last whole batch, without decoding; null when there is none. */
export function recordsEnd(records: Buffer): bigint | null {
  let end: bigint | null = null;
  for (let at = 0; at + batchPrefixBytes + 15 <= records.length;) {
    const next = at + batchPrefixBytes + records.readInt32BE(at + 8);
    if (next > records.length || next <= at) break;
    end = records.readBigInt64BE(at) + BigInt(records.readInt32BE(at + 23)) + 1n;
    at = next;
  }
  return end;
}

/** Null at the end, or where the last batch is cut short. */
function batchAt({ name, records }: RecordsToDecode, at: number): Batch | null {
  if (at + batchPrefixBytes + 5 > records.length) return null;
  const end = at + batchPrefixBytes + records.readInt32BE(at + 8);
  if (end > records.length) return null;
  const baseOffset = Number(records.readBigInt64BE(at));
  const magic = records.readInt8(at + 16);
  if (magic !== 2) {
    throw damaged(name, baseOffset, `record format v${magic} is not read here, only v2 (Kafka 0.11 and newer)`);
  }
  const attributes = records.readInt16BE(at + 21);
  const start = at + batchHeaderBytes;
  const count = records.readInt32BE(at + 57);
  const codec = attributes & 0x07;
  if (start > end || count < 0 || (codec === 0 && count * recordBytesMin > end - start) || !Number.isSafeInteger(baseOffset)) {
    throw damaged(name, baseOffset, `${count} records in ${end - start} bytes`);
  }
  return {
    baseOffset,
    nextOffset: baseOffset + records.readInt32BE(at + 23) + 1,
    codec,
    isAppendTime: (attributes & 0x08) !== 0,
    isTransactional: (attributes & 0x10) !== 0,
    isControl: (attributes & 0x20) !== 0,
    baseTimeMs: Number(records.readBigInt64BE(at + 27)),
    maxTimeMs: Number(records.readBigInt64BE(at + 35)),
    producerId: records.readBigInt64BE(at + 43),
    count,
    start,
    end,
  };
}

/**
 * Spec: a transaction of a producer is aborted from its first offset until the producer's abort marker. The response
 * lists the aborted ones; batches come in offset order.
 */
function markerAndAbortFilter({ name, records, aborted }: RecordsToDecode): (batch: Batch) => boolean {
  const isAbort = (batch: Batch): boolean => {
    try {
      return isAbortMarker(batch, records.subarray(0, batch.end));
    } catch (cause) {
      throw damaged(name, batch.baseOffset, 'a transaction marker that cannot be read', cause);
    }
  };
  const waiting = aborted.toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  const open = new Set<bigint>();
  return (batch) => {
    while (waiting[0] && waiting[0].firstOffset < BigInt(batch.nextOffset)) {
      open.add(waiting[0].producerId);
      waiting.shift();
    }
    if (batch.isControl && isAbort(batch)) open.delete(batch.producerId);
    return batch.isControl || (batch.isTransactional && open.has(batch.producerId));
  };
}

/** Spec: the key of a control record is a version and a type, 16 bits each; type 0 is an abort. */
function isAbortMarker(batch: Batch, records: Buffer): boolean {
  // Log compaction may have taken the marker and left its batch.
  if (batch.count === 0) return false;
  const cursor: Cursor = { at: batch.start };
  readVarint(records, cursor); // length
  cursor.at += 1; // attributes
  readVarint(records, cursor); // time
  readVarint(records, cursor); // offset
  const keyLength = readVarint(records, cursor);
  return keyLength >= 4 && records.readInt16BE(cursor.at + 2) === 0;
}

function expand(source: RecordsToDecode, batch: Batch): Buffer {
  const bytes = source.records.subarray(batch.start, batch.end);
  try {
    const out = decompress(batch.codec, bytes, source.decompressedBytesMax);
    if (batch.count * recordBytesMin > out.length) throw new RangeError(`${batch.count} records in ${out.length} bytes`);
    return out;
  } catch (cause) {
    if (cause instanceof LakeError) throw cause;
    throw damaged(source.name, batch.baseOffset, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function fill(
  source: RecordsToDecode,
  batches: readonly Batch[],
  parts: readonly Buffer[],
  from: number,
  memo: HeaderMemo,
  memory: BlockMemory,
): RecordBlock {
  // Uncompressed batches stay in the response; others are joined, so that a block has one buffer.
  const lengths = parts.map((part) => part.length);
  const isInPlace = batches.every((batch) => batch.codec === 0);
  const bytes = isInPlace ? source.records : joined(parts, memory);
  batches.forEach((batch, i) => {
    if (batch.codec !== 0) free(parts[i]);
  });
  const columns = columnsOf(
    batches.reduce((sum, batch) => sum + batch.count, 0),
    memory,
  );
  let partAt = 0;
  batches.forEach((batch, i) => {
    const start = isInPlace ? batch.start : partAt;
    const length = lengths[i] ?? 0;
    try {
      fillBatch(columns, { batch, bytes, start, end: start + length, from, receivedAtMs: source.receivedAtMs, memo });
    } catch (cause) {
      throw damaged(source.name, batch.baseOffset, cause instanceof Error ? cause.message : String(cause), cause);
    }
    partAt += length;
  });
  return blockFrom(columns, bytes);
}

interface Columns {
  count: number;
  hasHeaders: boolean;
  readonly offsets: BigInt64Array;
  readonly offsetWords: Int32Array;
  readonly logTimesMs: Float64Array;
  readonly recordTimesMs: Float64Array;
  readonly keyStart: Int32Array;
  readonly keyLength: Int32Array;
  readonly valueStart: Int32Array;
  readonly valueLength: Int32Array;
  readonly headers: (readonly RecordHeader[])[];
}

interface BatchToFill {
  readonly batch: Batch;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly receivedAtMs: number;
  readonly memo: HeaderMemo;
}

function fillBatch(columns: Columns, { batch, bytes, start, end, from, receivedAtMs, memo }: BatchToFill): void {
  const cursor: Cursor = { at: start };
  let row = columns.count;
  for (let i = 0; i < batch.count; i++) {
    const length = readVarint(bytes, cursor);
    const recordEnd = cursor.at + length;
    if (length < 0 || recordEnd > end) throw new RangeError(`record ${i} ends at ${recordEnd}, its batch at ${end}`);
    cursor.at += 1; // attributes: unused
    const timeDelta = readVarint(bytes, cursor);
    const offset = batch.baseOffset + readVarint(bytes, cursor);
    const keyLength = readVarint(bytes, cursor);
    const keyStart = cursor.at;
    if (keyLength > 0) cursor.at += keyLength;
    const valueLength = readVarint(bytes, cursor);
    const valueStart = cursor.at;
    if (valueLength > 0) cursor.at += valueLength;
    const headerCount = readVarint(bytes, cursor);
    if (cursor.at > recordEnd) throw new RangeError(`record ${i} overruns its length`);
    if (offset >= from) {
      // Low word first: the machines this runs on are little-endian. A BigInt per record would cost more than the rest.
      columns.offsetWords[2 * row] = offset | 0;
      columns.offsetWords[2 * row + 1] = Math.floor(offset / 4_294_967_296);
      columns.logTimesMs[row] = batch.isAppendTime ? batch.maxTimeMs : receivedAtMs;
      columns.recordTimesMs[row] = batch.isAppendTime ? Number.NaN : batch.baseTimeMs + timeDelta;
      columns.keyStart[row] = keyStart;
      columns.keyLength[row] = keyLength;
      columns.valueStart[row] = valueStart;
      columns.valueLength[row] = valueLength;
      columns.headers.push(memo.read(bytes, cursor.at, recordEnd, headerCount));
      if (headerCount > 0) columns.hasHeaders = true;
      row += 1;
    }
    cursor.at = recordEnd;
  }
  columns.count = row;
}

/** Memory of blocks, used again and again: most of what reading a topic would leave behind. */
export interface BlockMemory {
  bytes: Buffer;
  columns: Columns;
}

export function blockMemory(): BlockMemory {
  return { bytes: Buffer.alloc(0), columns: newColumns(0) };
}

function joined(parts: readonly Buffer[], memory: BlockMemory): Buffer {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  // Not more than a usual block stays: one huge record must not cost its size for ever.
  const bytes = size <= memory.bytes.length ? memory.bytes : Buffer.allocUnsafeSlow(size);
  if (size <= keptBytesMax) memory.bytes = bytes;
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes.subarray(0, size);
}

/** Gives a decompressed batch's memory back at once: the collector would learn of it late, and run often for it. */
function free(part: Buffer | undefined): void {
  // Whole buffers only: small ones may share theirs with others.
  if (part && part.length >= ownBufferBytesMin && part.length === part.buffer.byteLength && part.buffer instanceof ArrayBuffer)
    part.buffer.transfer(0);
}

function columnsOf(count: number, memory: BlockMemory): Columns {
  const columns = count <= memory.columns.offsets.length ? memory.columns : newColumns(count);
  if (count <= keptRowsMax) memory.columns = columns;
  columns.count = 0;
  columns.hasHeaders = false;
  columns.headers.length = 0;
  return columns;
}

function newColumns(count: number): Columns {
  const offsets = new BigInt64Array(count);
  return {
    count: 0,
    hasHeaders: false,
    offsets,
    offsetWords: new Int32Array(offsets.buffer),
    logTimesMs: new Float64Array(count),
    recordTimesMs: new Float64Array(count),
    keyStart: new Int32Array(count),
    keyLength: new Int32Array(count),
    valueStart: new Int32Array(count),
    valueLength: new Int32Array(count),
    headers: [],
  };
}

function blockFrom(columns: Columns, bytes: Buffer): RecordBlock {
  const { count } = columns;
  return {
    count,
    bytes,
    offsets: columns.offsets.subarray(0, count),
    logTimesMs: columns.logTimesMs.subarray(0, count),
    recordTimesMs: columns.recordTimesMs.subarray(0, count),
    keyStart: columns.keyStart.subarray(0, count),
    keyLength: columns.keyLength.subarray(0, count),
    valueStart: columns.valueStart.subarray(0, count),
    valueLength: columns.valueLength.subarray(0, count),
    headers: columns.hasHeaders ? columns.headers : undefined,
  };
}

function damaged(name: string, baseOffset: number, why: string, cause?: unknown): LakeError {
  return new LakeError('LOG_REFUSED', `read the record batch of ${name} at offset ${baseOffset}: ${why}`, {
    context: { name, baseOffset },
    cause,
  });
}
