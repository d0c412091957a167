// One log partition in memory: records in offset order with holes, a start that retention moves, an end that
// truncation moves back, and a readable limit that an open transaction holds down.

import type { Clock } from '../../runtime/clock.ts';
import { assert } from '../../runtime/errors.ts';
import type { OffsetRange } from './log.ts';
import type { PlainRecord } from './record-block.ts';

/** A record before the log gave it an offset and a time. `logTimeMs` overrides the clock. */
export type NewRecord = Omit<PlainRecord, 'offset' | 'logTimeMs'> & { readonly logTimeMs?: number };

export interface MemoryPartition {
  readonly topicId: string;
  range(): OffsetRange;
  /** False where nothing was or will be: before the start, or past the end, open transactions included. */
  isInRange(offset: bigint): boolean;
  produce(records: readonly NewRecord[]): bigint;
  skip(count: bigint): void;
  deleteRecords(before: bigint): void;
  truncate(end: bigint): void;
  hold(offset: bigint | null): void;
  /** Readable records from `from` on, bounded; `nextOffset` skips the hole behind them. */
  read(from: bigint, recordsMax: number, bytesMax: number): { readonly records: readonly PlainRecord[]; readonly nextOffset: bigint };
}

export interface MemoryPartitionOptions {
  readonly topicId: string;
  readonly timestampType: 'create' | 'append';
  readonly clock: Clock;
}

export function memoryPartition({ topicId, timestampType, clock }: MemoryPartitionOptions): MemoryPartition {
  let records: PlainRecord[] = [];
  let start = 0n;
  let end = 0n;
  let held: bigint | null = null;
  const readable = (): bigint => (held !== null && held < end ? held : end);

  return {
    topicId,
    range: () => ({ logStart: start, highWatermark: readable() }),
    isInRange: (offset) => offset >= start && offset <= end,
    produce(added) {
      const first = end;
      for (const record of added) {
        const time = timestampType === 'create' && record.recordTimeMs === undefined ? { recordTimeMs: clock.now() } : {};
        records.push({ ...record, ...time, offset: end, logTimeMs: record.logTimeMs ?? clock.now() });
        end += 1n;
      }
      return first;
    },
    skip(count) {
      assert(count > 0n, 'a hole has at least one offset');
      end += count;
    },
    deleteRecords(before) {
      assert(before >= start && before <= end, `log start ${before} outside ${start}..${end}`);
      start = before;
      records = records.slice(firstAtOrAfter(records, before));
    },
    truncate(to) {
      assert(to >= start && to <= end, `log end ${to} outside ${start}..${end}`);
      end = to;
      records = records.slice(0, firstAtOrAfter(records, to));
    },
    hold(offset) {
      held = offset;
    },
    read(from, recordsMax, bytesMax) {
      const limit = readable();
      const taken: PlainRecord[] = [];
      let bytes = 0;
      let index = firstAtOrAfter(records, from);
      for (; index < records.length; index++) {
        const record = records[index];
        if (!record || record.offset >= limit || taken.length >= recordsMax) break;
        bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
        // The first record always fits, or a large one would stop the log.
        if (taken.length > 0 && bytes > bytesMax) break;
        taken.push(record);
      }
      const following = records[index]?.offset ?? limit;
      return { records: taken, nextOffset: following < limit ? following : limit };
    },
  };
}

function firstAtOrAfter(records: readonly PlainRecord[], offset: bigint): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const record = records[middle];
    if (record && record.offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
