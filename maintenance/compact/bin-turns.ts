// Whose turn it is in one run of a table. A run writes so many files and then ends; what comes to nothing does not count as one
// of them, or a few old bins with a damaged file each would keep all others from their turn for ever. It counts for itself, so
// that a run ends where everything fails, and a run begins anywhere among the bins, so that the next one meets others first.
//
// A bin that failed comes again in smaller ones, after the others: without the file that is to blame where it is known, else by
// halves, one failed bin after the other down to its damaged files, for halves of many bins might all hold one.

import type { ScanFile } from '../../lake/iceberg/scan.ts';
import { randomInt, type Random } from '../../runtime/random.ts';
import type { Bin } from './plan-compaction.ts';

/** Of the bins of the plan, in one run. */
const failuresMax = 32;
/** Of smaller bins, in one run: each costs a rewrite. */
const retriesMax = 32;

export interface BinTurns {
  /** Null: the run is over. Each one is `done` or `failed` before the next. */
  next(): Bin | null;
  done(): void;
  /** With what of it may still be compacted. */
  failed(smaller?: readonly Bin[]): void;
  /** Bins of the plan that have had no turn. */
  waiting(): number;
  /** Which limit kept them, or smaller ones, from it; of a run that was broken off none did. */
  limitsReached(): readonly string[];
}

export function binTurns(bins: readonly Bin[], binsMax: number, random: Random): BinTurns {
  const start = randomInt(random, bins.length);
  const planned = [...bins.slice(start), ...bins.slice(0, start)];
  const smaller: Bin[] = [];
  let [at, done, failures, retries] = [0, 0, 0, 0];
  const waiting = (): number => planned.length - at;
  return {
    next: () => {
      if (done >= binsMax) return null;
      const bin = failures < failuresMax ? planned[at] : undefined;
      if (bin !== undefined) {
        at++;
        return bin;
      }
      return retries++ < retriesMax ? (smaller.pop() ?? null) : null;
    },
    done: () => void done++,
    failed: (parts = []) => {
      failures++;
      smaller.push(...parts);
    },
    waiting,
    limitsReached: () => {
      const isFull = done >= binsMax;
      const reached: string[] = [];
      if (waiting() > 0 && (isFull || failures >= failuresMax))
        reached.push(
          `${waiting()} bins are left for the next run: ${isFull ? `one compacts ${binsMax} at most` : `${failuresMax} came to nothing in this one`}`,
        );
      if (smaller.length > 0 && (isFull || retries >= retriesMax))
        reached.push(`${smaller.length} parts of bins that failed are left for the next run`);
      return reached;
    },
  };
}

/** Null where the file is not known, or not in the bin. */
export function without(bin: Bin, location: unknown): readonly Bin[] | null {
  const files = bin.files.filter(({ file }) => file.filePath !== location);
  return files.length === bin.files.length ? null : binsOf(bin, [files]);
}

export function halvesOf(bin: Bin): readonly Bin[] {
  const middle = Math.ceil(bin.files.length / 2);
  return bin.files.length < 3 ? [] : binsOf(bin, [bin.files.slice(0, middle), bin.files.slice(middle)]);
}

/** One file alone is as it should be. */
function binsOf(bin: Bin, parts: readonly (readonly ScanFile[])[]): readonly Bin[] {
  return parts.flatMap((files) => {
    const sum = (figure: (file: ScanFile['file']) => number): number => files.reduce((total, { file }) => total + figure(file), 0);
    const [bytes, rows] = [sum((file) => file.fileSizeInBytes), sum((file) => file.recordCount)];
    return files.length < 2 ? [] : [{ ...bin, files, bytes, rows }];
  });
}
