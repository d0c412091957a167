// Flushing: a sealed chunk becomes Parquet objects in the store. Durable, but visible to nobody until the commit names
// them; a crash here leaves orphans for the sweeper. New shapes are committed to the table first, so that a file is
// never older than the schema it was written with.

import { identText, type LoadedTable } from '../catalog/catalog.ts';
import { prepareAppend } from '../lake/iceberg/append.ts';
import type { TableCommit } from '../lake/iceberg/commit.ts';
import type { DataFile } from '../lake/iceberg/data-file.ts';
import { putDataFile } from '../lake/iceberg/put-data-file.ts';
import type { Schema } from '../lake/iceberg/schema.ts';
import { shapesProperty, shapesText } from '../lake/raw/shapes-property.ts';
import type { Shape } from '../lake/raw/shape.ts';
import { newSnapshotId } from '../lake/iceberg/next-snapshot.ts';
import { assert, LakeError } from '../runtime/errors.ts';
import type { Chunk } from './chunk.ts';
import { reload, untilAvailable, type CommitDeps } from './commit.ts';
import type { Judged, PinnedContract } from './contract/pinned-contract.ts';
import type { WrittenBatch } from './decode/decoder.ts';
import { contractUnenforceable, contractViolated, HaltError, type Halt } from './halt.ts';
import { evolveCommit } from './evolve-commit.ts';
import { newCommitId, planOf, type TableTarget } from './table.ts';

export interface FlushedChunk {
  readonly spans: Chunk['spans'];
  readonly files: readonly DataFile[];
  readonly rows: number;
  readonly rescued: number;
  readonly fileBytes: number;
  readonly splits?: number;
  readonly changedAtUs: WrittenBatch['changedAtUs'];
  readonly judged: Judged | null;
}

/** Writes the chunk under the table's current plan, evolving the table first where its values ask for it. */
export async function writeChunk(
  chunk: Chunk,
  table: LoadedTable,
  target: TableTarget,
  topicId: string,
  deps: CommitDeps,
  signal: AbortSignal,
): Promise<{ written: WrittenBatch; table: LoadedTable }> {
  await deps.crashPoint('write:before');
  let current = table;
  for (;;) {
    signal.throwIfAborted();
    const plan = planOf(current.metadata, chunk.contract, topicId);
    const outcome = await chunk.batch.write(plan, signal).catch((error: unknown) => {
      throw isUnenforceable(error) && chunk.contract ? unenforceable(target, chunk, chunk.contract, error) : error;
    });
    if (outcome.kind === 'written') {
      await deps.crashPoint('write:after');
      if (outcome.splits)
        deps.logger.warn(
          { table: identText(target.ident), splits: outcome.splits, rows: outcome.rows, files: outcome.files.length },
          'a batch did not fit into the memory for decoding (sync.memory.decoderMax): it was written in smaller parts',
        );
      assert(outcome.rows === chunk.records, `I8: ${chunk.records} records were delivered but ${outcome.rows} rows written`);
      return { written: outcome, table: current };
    }
    current = await evolve(current, target, outcome, deps, signal);
  }
}

/** The first of the chunk's rows that stop the table; null when none does. */
export function haltOf({ contract }: Chunk, { judged }: WrittenBatch, target: TableTarget): Halt | null {
  const [row] = judged?.halting ?? [];
  return row && contract ? contractViolated(identText(target.ident), target.topic, contract, row) : null;
}

function isUnenforceable(error: unknown): error is LakeError {
  return error instanceof LakeError && error.code === 'CONTRACT_UNENFORCEABLE';
}

function unenforceable(target: TableTarget, chunk: Chunk, contract: PinnedContract, error: LakeError): HaltError {
  const [partition, offset] = [...chunk.spans].map(([number, span]) => [number, span.from] as const)[0] ?? [0, 0n];
  const halt = contractUnenforceable(contract, error.message, { partition, offset, logTime: chunk.openedAt });
  return new HaltError(identText(target.ident), halt);
}

/**
 * Commits new shapes with the schema they need, as an empty append: main moves, so that of two workers that add shapes
 * at once one loses the swap, reloads and asks its decoder again. A conflict or an unknown outcome only means: look again.
 */
async function evolve(
  table: LoadedTable,
  target: TableTarget,
  wanted: { readonly schema: Schema | null; readonly shapes: readonly Shape[] },
  deps: CommitDeps,
  signal: AbortSignal,
): Promise<LoadedTable> {
  await deps.crashPoint('evolve:before-commit');
  const request = await untilAvailable(() => evolveRequest(table, wanted, deps, signal), deps, signal);
  const outcome = await untilAvailable(
    async () => {
      try {
        return await deps.catalog.commitTable(target.ident, request, signal);
      } catch (error) {
        if (error instanceof LakeError && error.retry === 'reconcile') return { kind: 'conflict' as const, message: error.message };
        throw error;
      }
    },
    deps,
    signal,
  );
  await deps.crashPoint('evolve:after-commit');
  deps.logger.info({ table: identText(target.ident), shapes: wanted.shapes.length, outcome: outcome.kind }, 'new shapes');
  if (outcome.kind === 'committed') return outcome.table;
  return untilAvailable(() => reload(target, table, deps, signal), deps, signal);
}

async function evolveRequest(
  table: LoadedTable,
  wanted: { readonly schema: Schema | null; readonly shapes: readonly Shape[] },
  deps: CommitDeps,
  signal: AbortSignal,
): Promise<TableCommit> {
  const { metadata } = table;
  const append = await prepareAppend(
    {
      metadata,
      store: deps.store,
      files: [],
      summary: {},
      snapshotId: newSnapshotId(deps.random),
      commitId: newCommitId(),
      now: deps.clock.now(),
      cache: deps.appendCache,
    },
    signal,
  );
  return evolveCommit(metadata, wanted.schema, { [shapesProperty]: shapesText(wanted.shapes) }, append.snapshot);
}

/** Uploads the chunk's files under unique keys and removes the local copies. Waits while the store is away. */
export async function uploadChunk(
  chunk: Chunk,
  written: WrittenBatch,
  table: LoadedTable,
  deps: CommitDeps,
  signal: AbortSignal,
): Promise<FlushedChunk> {
  await deps.crashPoint('upload:before');
  const files: DataFile[] = [];
  for (const file of written.files) {
    const uploaded = await untilAvailable(() => putDataFile(file, table.metadata, deps.store, signal), deps, signal);
    await deps.crashPoint('upload:after-file');
    files.push(uploaded);
    await deps.removeFile(file.path);
  }
  await deps.crashPoint('upload:after');
  return {
    spans: chunk.spans,
    files,
    rows: written.rows,
    rescued: written.rescued,
    fileBytes: files.reduce((sum, file) => sum + file.fileSizeInBytes, 0),
    ...(written.splits === undefined ? {} : { splits: written.splits }),
    changedAtUs: written.changedAtUs,
    judged: written.judged ?? null,
  };
}
