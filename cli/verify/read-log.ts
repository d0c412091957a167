// Every record of a topic, read from the log's start by a consumer of its own: what the worker took plays no part.

import { randomUUID } from 'node:crypto';
import type { Log, LogBatch } from '../../sync/log/log.ts';

/** Reads every record below the ends, each partition from the log's start. */
export async function readLog(
  log: Log,
  topic: string,
  ends: ReadonlyMap<number, bigint>,
  take: (batch: LogBatch, end: bigint) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const starts = await log.offsets(topic, signal);
  const waiting = new Set(
    [...ends].filter(([partition, end]) => (starts.get(partition)?.logStart ?? 0n) < end).map(([partition]) => partition),
  );
  if (waiting.size === 0) return;
  const finished = Promise.withResolvers<void>();
  await using subscription = await log.subscribe(
    { groupId: `foz-proof-${randomUUID()}`, topics: [topic] },
    {
      assigned: async (partitions) => partitions.map((at) => ({ ...at, nextOffset: starts.get(at.partition)?.logStart ?? 0n })),
      revoked: async () => undefined,
      batch: async (batch) => {
        const end = ends.get(batch.partition) ?? 0n;
        if (!waiting.has(batch.partition)) return;
        await take(batch, end);
        if (batch.nextOffset >= end) waiting.delete(batch.partition);
        if (waiting.size === 0) finished.resolve();
      },
      outOfRange: async (partition, asked) =>
        finished.reject(new Error(`offset ${asked} of partition ${partition.partition} left the log while it was read`)),
      availability: () => undefined,
    },
    signal,
  );
  const stop = () => finished.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await Promise.race([finished.promise, subscription.done]);
  } finally {
    signal.removeEventListener('abort', stop);
    await subscription.close();
  }
}
