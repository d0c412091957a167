// Records of one log partition as columns over one buffer: what the wire had, uncopied and undecoded. A value never
// becomes a JavaScript string on the hot path. Lengths of -1 are null (a null value is a tombstone).

export interface RecordBlock {
  readonly count: number;
  /** Holds every key, value and header region below. */
  readonly bytes: Uint8Array;
  readonly offsets: BigInt64Array;
  /** Log time, epoch milliseconds: the broker's append time, or the receive time where the topic carries producer time. */
  readonly logTimesMs: Float64Array;
  /** The producer's time where it differs in kind from the log time; NaN when unknown. Epoch milliseconds. */
  readonly recordTimesMs: Float64Array;
  readonly keyStart: Int32Array;
  readonly keyLength: Int32Array;
  readonly valueStart: Int32Array;
  readonly valueLength: Int32Array;
  /**
   * Headers of record i, in order, duplicates kept; undefined when no record of the block has any. Neighbours with equal
   * headers share one array (Debezium repeats four on every record): compare by identity to do the work once.
   */
  readonly headers: readonly (readonly RecordHeader[])[] | undefined;
}

export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** A view, not a copy; null for a tombstone. */
export function valueAt(block: RecordBlock, index: number): Uint8Array | null {
  const length = block.valueLength[index] ?? -1;
  const start = block.valueStart[index] ?? 0;
  return length < 0 ? null : block.bytes.subarray(start, start + length);
}

/** A view, not a copy; null when the record has no key. */
export function keyAt(block: RecordBlock, index: number): Uint8Array | null {
  const length = block.keyLength[index] ?? -1;
  const start = block.keyStart[index] ?? 0;
  return length < 0 ? null : block.bytes.subarray(start, start + length);
}

export interface PlainRecord {
  readonly offset: bigint;
  readonly logTimeMs: number;
  readonly recordTimeMs?: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
}

/** Builds a block from loose records, copying their bytes. */
export function blockOf(records: readonly PlainRecord[]): RecordBlock {
  const size = records.reduce((sum, record) => sum + (record.key?.length ?? 0) + (record.value?.length ?? 0), 0);
  const block = {
    count: records.length,
    bytes: new Uint8Array(size),
    offsets: new BigInt64Array(records.length),
    logTimesMs: new Float64Array(records.length),
    recordTimesMs: new Float64Array(records.length).fill(Number.NaN),
    keyStart: new Int32Array(records.length),
    keyLength: new Int32Array(records.length),
    valueStart: new Int32Array(records.length),
    valueLength: new Int32Array(records.length),
    headers: records.some((record) => record.headers && record.headers.length > 0)
      ? records.map((record) => record.headers ?? [])
      : undefined,
  };
  let position = 0;
  const place = (part: Uint8Array | null): number => {
    if (part) {
      block.bytes.set(part, position);
      position += part.length;
    }
    return part ? part.length : -1;
  };
  records.forEach((record, i) => {
    block.offsets[i] = record.offset;
    block.logTimesMs[i] = record.logTimeMs;
    if (record.recordTimeMs !== undefined) block.recordTimesMs[i] = record.recordTimeMs;
    block.keyStart[i] = position;
    block.keyLength[i] = place(record.key);
    block.valueStart[i] = position;
    block.valueLength[i] = place(record.value);
  });
  return block;
}
