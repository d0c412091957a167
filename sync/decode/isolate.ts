// Finding the rows that kill. The whole batch runs in a child process; when the child dies, its halves run, and theirs,
// down to single rows. A row that kills alone, twice, is poison: it is rescued unread, and everything else is decoded as
// ever. A death that halving makes disappear (memory, chance) leaves the halves as they were written.

import { LakeError } from '../../runtime/errors.ts';
import type { EvolveFirst, WrittenBatch } from './decoder.ts';
import { removeFiles } from './file-writer.ts';

export type IsolatedRun =
  | { readonly kind: 'lived'; readonly outcome: WrittenBatch | EvolveFirst }
  /** By a signal, or stopped for taking too long. */
  | { readonly kind: 'died'; readonly how: string };

/** Writes rows [from, to) in a child process; those in `poison` are rescued unread. Leaves nothing behind when the child dies. */
export type RunIsolated = (from: number, to: number, poison: ReadonlySet<number>) => Promise<IsolatedRun>;

/**
 * Adds the rows found to `poison`, also when it fails. Errors: BATCH_POISONED when a row kills even unread, or `runsMax`
 * children were not enough; and what `run` throws.
 */
export async function isolate(rows: number, poison: Set<number>, run: RunIsolated, runsMax: number): Promise<WrittenBatch | EvolveFirst> {
  const known = poison.size;
  const pieces: WrittenBatch[] = [];
  let runs = 0;
  const bounded: RunIsolated = (from, to, rescued) => {
    if (++runs > runsMax) throw poisoned(`${runsMax} child processes did not find all rows that crash the decoder`);
    return run(from, to, rescued);
  };
  try {
    const evolve = await runOrSplit(0, rows, { poison, pieces, run: bounded });
    const [only] = pieces;
    if (!evolve && only && pieces.length === 1) return only;
    // One file again, now that it is known what to leave alone.
    const whole = !evolve && poison.size > known ? await bounded(0, rows, poison) : null;
    if (!evolve && whole?.kind !== 'lived') return joined(pieces);
    await removePieces(pieces);
    if (evolve) return evolve;
    return whole?.kind === 'lived' ? whole.outcome : joined(pieces);
  } catch (error) {
    await removePieces(pieces);
    throw error;
  }
}

interface Splitting {
  readonly poison: Set<number>;
  /** Written, in row order. */
  readonly pieces: WrittenBatch[];
  readonly run: RunIsolated;
}

/** Every row of [from, to) is in a piece when this returns null. */
async function runOrSplit(from: number, to: number, state: Splitting): Promise<EvolveFirst | null> {
  let run = await state.run(from, to, state.poison);
  if (run.kind === 'died' && to - from > 1) {
    const middle = from + Math.floor((to - from) / 2);
    return (await runOrSplit(from, middle, state)) ?? (await runOrSplit(middle, to, state));
  }
  // A child may also die of something else: only a row that kills twice is poison.
  if (run.kind === 'died') run = await state.run(from, to, state.poison);
  if (run.kind === 'died' && !state.poison.has(from)) {
    state.poison.add(from);
    run = await state.run(from, to, state.poison);
  }
  if (run.kind === 'died') throw poisoned(`a row crashes the decoder (${run.how}) even when its value is not decoded`);
  if (run.outcome.kind === 'evolve') return run.outcome;
  state.pieces.push(run.outcome);
  return null;
}

function joined(pieces: readonly WrittenBatch[]): WrittenBatch {
  const changes = pieces.flatMap(({ changedAtUs }) => (changedAtUs ? [changedAtUs] : []));
  return {
    kind: 'written',
    files: pieces.flatMap(({ files }) => files),
    rows: pieces.reduce((sum, { rows }) => sum + rows, 0),
    rescued: pieces.reduce((sum, { rescued }) => sum + rescued, 0),
    changedAtUs:
      changes.length === 0 ? null : { min: Math.min(...changes.map(({ min }) => min)), max: Math.max(...changes.map(({ max }) => max)) },
  };
}

async function removePieces(pieces: readonly WrittenBatch[]): Promise<void> {
  for (const { files } of pieces) await removeFiles(files);
}

function poisoned(message: string): LakeError {
  return new LakeError('BATCH_POISONED', message);
}
