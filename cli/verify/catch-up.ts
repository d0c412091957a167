// Waiting until a raw table holds everything that its topic held at a moment: the table's own chain against the log's
// end, read from outside the worker.

import { identText, type Catalog } from '../../catalog/catalog.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Log } from '../../sync/log/log.ts';
import type { TableTarget } from '../../sync/table.ts';

export interface CatchUpParts {
  readonly target: TableTarget;
  readonly catalog: Catalog;
  readonly log: Log;
}

/** First offset not in the table, by log partition; what the table never read starts at the log's start. */
export async function tableOffsets({ target, catalog, log }: CatchUpParts, signal?: AbortSignal): Promise<ReadonlyMap<number, bigint>> {
  const [source] = await log.describe([target.topic], signal);
  if (!source) return new Map();
  const [ranges, table] = await Promise.all([log.offsets(target.topic, signal), catalog.loadTable(target.ident, signal)]);
  const state = table ? readChain(table.metadata) : { kind: 'empty' as const };
  const next = state.kind === 'valid' ? state.chain.next.get(source.topicId) : undefined;
  return new Map([...ranges].map(([partition, range]) => [partition, next?.get(partition) ?? range.logStart]));
}

const pollMs = 250;

/** Resolves when the table has passed what the log holds now. LAKE_BEHIND when it has not by `deadlineMs`. */
export async function caughtUp(parts: CatchUpParts, deadlineMs: number, signal?: AbortSignal): Promise<void> {
  const ends = await logEnds(parts, signal);
  for (;;) {
    const next = await tableOffsets(parts, signal);
    const behind = [...ends].filter(([partition, end]) => (next.get(partition) ?? 0n) < end);
    if (behind.length === 0) return;
    if (systemClock.now() >= deadlineMs) {
      const waits = behind.map(([partition, end]) => `partition ${partition}: ${String(next.get(partition) ?? 0n)} of ${end}`).join(', ');
      throw new LakeError('LAKE_BEHIND', `${identText(parts.target.ident)} has not caught up with ${parts.target.topic}: ${waits}`, {
        context: { expected: 'a running worker that keeps up', found: waits, next: 'foz status' },
      });
    }
    await systemClock.sleep(pollMs, signal);
  }
}

const quietMs = 1_000;

/** The agent of Cassandra says nothing of its progress: a topic is taken as complete when its end stood still for a while. */
export async function topicQuiet(
  { target, log }: Pick<CatchUpParts, 'target' | 'log'>,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const [source] = await log.describe([target.topic], signal);
  if (!source) return;
  const ends = async () =>
    JSON.stringify(
      [...(await log.offsets(target.topic, signal))].map(([partition, { highWatermark }]) => [partition, String(highWatermark)]),
    );
  for (let before = await ends(); systemClock.now() < deadlineMs;) {
    await systemClock.sleep(quietMs, signal);
    const now = await ends();
    if (now === before) return;
    before = now;
  }
}

async function logEnds({ target, log }: CatchUpParts, signal?: AbortSignal): Promise<ReadonlyMap<number, bigint>> {
  const [source] = await log.describe([target.topic], signal);
  if (!source) return new Map();
  const ranges = await log.offsets(target.topic, signal);
  return new Map([...ranges].map(([partition, range]) => [partition, range.highWatermark]));
}
