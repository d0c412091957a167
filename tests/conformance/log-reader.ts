// A handler that keeps everything it is given and checks, on every call, what the port promises about order.

import assert from 'node:assert/strict';
import type { LogBatch, LogHandler, LogPartition, OffsetRange } from '../../sync/log/log.ts';
import { keyAt, valueAt, type RecordHeader } from '../../sync/log/record-block.ts';

export interface SeenRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  readonly logTimeMs: number;
  readonly topicId: string;
}

export interface LogReader extends LogHandler {
  readonly seen: SeenRecord[];
  readonly batches: {
    readonly partition: number;
    readonly fromOffset: bigint;
    readonly nextOffset: bigint;
    readonly highWatermark: bigint;
  }[];
  /** Positions by partition of the first topic. */
  readonly next: Map<number, bigint>;
  readonly mine: Set<number>;
  readonly outside: { readonly partition: number; readonly asked: bigint; readonly range: OffsetRange }[];
  readonly calls: string[];
  values(partition?: number): string[];
  offsets(partition: number): number[];
}

export interface LogReaderOptions {
  /** Where to start a partition; undefined leaves it out. From what was read so far when not given. */
  readonly start?: (at: LogPartition) => bigint | undefined;
  readonly onBatch?: (batch: LogBatch) => Promise<void>;
}

export function logReader({ start, onBatch }: LogReaderOptions = {}): LogReader {
  const active = new Set<number>();
  const reader: LogReader = {
    seen: [],
    batches: [],
    next: new Map(),
    mine: new Set(),
    outside: [],
    calls: [],
    values: (partition) =>
      reader.seen.filter((one) => partition === undefined || one.partition === partition).map((one) => String(one.value)),
    offsets: (partition) => reader.seen.filter((one) => one.partition === partition).map((one) => Number(one.offset)),
    async assigned(partitions) {
      reader.calls.push(`assigned ${numbers(partitions)}`);
      assert.equal(reader.mine.size, 0, 'everything is taken away before anything is given');
      for (const at of partitions) reader.mine.add(at.partition);
      return partitions.flatMap((at) => {
        const nextOffset = start ? start(at) : (reader.next.get(at.partition) ?? 0n);
        if (nextOffset === undefined) return [];
        reader.next.set(at.partition, nextOffset);
        return [{ ...at, nextOffset }];
      });
    },
    async revoked(partitions) {
      reader.calls.push(`revoked ${numbers(partitions)}`);
      assert.deepEqual(new Set(partitions.map((at) => at.partition)), reader.mine);
      reader.mine.clear();
    },
    async batch(batch) {
      const { partition, records, fromOffset, nextOffset, highWatermark } = batch;
      assert.ok(reader.mine.has(partition), `I6: a batch of ${partition}, which is not assigned`);
      assert.ok(!active.has(partition), `two batches of ${partition} at once`);
      active.add(partition);
      assert.equal(fromOffset, reader.next.get(partition), 'I7: a batch starts where the last one ended');
      assert.ok(nextOffset > fromOffset);
      for (let i = 0; i < records.count; i++) {
        const offset = records.offsets[i] ?? -1n;
        assert.ok(offset >= fromOffset && offset < nextOffset, `offset ${offset} in [${fromOffset}, ${nextOffset})`);
        assert.ok(i === 0 || offset > (records.offsets[i - 1] ?? -1n), 'offsets rise');
        const [key, value] = [keyAt(records, i), valueAt(records, i)];
        reader.seen.push({
          partition,
          offset,
          key: key && Buffer.from(key),
          value: value && Buffer.from(value),
          headers: records.headers?.[i] ?? [],
          logTimeMs: records.logTimesMs[i] ?? Number.NaN,
          topicId: batch.topicId,
        });
      }
      reader.batches.push({ partition, fromOffset, nextOffset, highWatermark });
      reader.next.set(partition, nextOffset);
      await onBatch?.(batch);
      active.delete(partition);
    },
    async outOfRange({ partition }, asked, range) {
      reader.calls.push(`outOfRange ${partition}`);
      reader.outside.push({ partition, asked, range });
    },
    availability(available) {
      reader.calls.push(available ? 'available' : 'away');
    },
  };
  return reader;
}

/** Waits until `holds`, or fails with what was there instead. */
export async function until(holds: () => boolean, what: string, found: () => unknown = () => '', timeoutMs = 20_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !holds();) {
    assert.ok(Date.now() < deadline, `${what}: not within ${timeoutMs} ms; found ${String(found())}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function numbers(partitions: readonly LogPartition[]): string {
  return partitions
    .map((at) => at.partition)
    .toSorted()
    .join(',');
}
