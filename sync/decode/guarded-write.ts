// The write of a batch by a process that may have died of it before: a marker stands while it runs, rows known to kill
// are set aside, and after two deaths a child process does the work (attempts.ts, isolate.ts). For a batch like any other
// this costs one small file, written and removed.

import { createHash } from 'node:crypto';
import type { Attempts, PoisonRow, RowSpan } from './attempts.ts';
import { reasonPoison } from './decode-sql.ts';
import type { DecodePlan, EvolveFirst, WrittenBatch } from './decoder.ts';
import { isolate } from './isolate.ts';
import { runIsolated } from './isolated-run.ts';
import type { JsonBatch } from './json-batch.ts';
import type { JsonDecoderOptions } from './json-decoder.ts';

type Outcome = WrittenBatch | EvolveFirst;

export interface WriteGuard {
  write(batch: JsonBatch, plan: DecodePlan, inProcess: () => Promise<Outcome>, signal?: AbortSignal): Promise<Outcome>;
}

/** Deaths in a row that may have had another cause. */
const deathsMax = 2;

export function guardedBatch(attempts: Attempts, options: JsonDecoderOptions, module: URL): WriteGuard {
  return {
    write: async (batch, plan, inProcess, signal) => {
      const { spans } = batch;
      const poison = knownPoison(attempts.poison, batch, spans);
      if (poison.size > 0) batch.rescue(poison, reasonPoison);
      if (attempts.deaths(spans) >= deathsMax) {
        const outcome = await writeIsolated(batch, plan, poison, attempts, options, module, signal);
        if (outcome.kind === 'written') await attempts.passed(spans);
        return outcome;
      }
      const done = await attempts.begin(spans, batch.rows);
      try {
        const outcome = await inProcess();
        if (outcome.kind === 'written') await attempts.passed(spans);
        return outcome;
      } finally {
        await done();
      }
    },
  };
}

async function writeIsolated(
  batch: JsonBatch,
  plan: DecodePlan,
  poison: Set<number>,
  attempts: Attempts,
  options: JsonDecoderOptions,
  module: URL,
  signal: AbortSignal | undefined,
): Promise<Outcome> {
  const known = new Set(poison);
  const { engine: _, attempts: __, tempDir, ...plain } = options;
  try {
    return await isolate(
      batch.rows,
      poison,
      (from, to, rescued) => {
        const inside = new Set([...rescued].filter((row) => row >= from && row < to).map((row) => row - from));
        const request = { groups: batch.groups(from, to), poison: inside, plan, options: plain };
        return runIsolated(module, request, tempDir, options.isolatedRunMaxMs, signal);
      },
      options.isolatedRunsMax,
    );
  } finally {
    await attempts.addPoison([...poison].filter((row) => !known.has(row)).flatMap((row) => poisonRow(batch, row)));
  }
}

function poisonRow(batch: JsonBatch, row: number): readonly PoisonRow[] {
  const [group] = batch.groups(row, row + 1);
  const offset = group?.block.offsets[0];
  if (!group || offset === undefined) return [];
  return [{ partition: group.partition, offset, sha256: hashOf(group.block.bytes) }];
}

/** Numbers of the batch's rows that have killed before. */
function knownPoison(known: readonly PoisonRow[], batch: JsonBatch, spans: readonly RowSpan[]): Set<number> {
  const rows = new Set<number>();
  for (const { partition, offset, sha256 } of known) {
    if (!spans.some((span) => span.partition === partition && span.from <= offset && offset < span.to)) continue;
    const row = batch.rowAt(partition, offset);
    const [group] = row === null ? [] : batch.groups(row, row + 1);
    if (row !== null && group && hashOf(group.block.bytes) === sha256) rows.add(row);
  }
  return rows;
}

/** Of key and value. */
function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
