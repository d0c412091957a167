// Whether every row of an upload lies below what its table has taken: by the file's footer, which is read alone.

import { mkdir, rm } from 'node:fs/promises';
import type { ObjectHead, ObjectStore } from '../../lake/store/object-store.ts';
import { openReadingDuckdb } from '../../query/duckdb.ts';
import { footerOffsets } from '../../query/footer-offsets.ts';
import { LakeError } from '../../runtime/errors.ts';

export interface UploadOffsets extends AsyncDisposable {
  /** False where the file does not say; true where it is gone, since another sweep was first. */
  isBelow(object: ObjectHead, next: ReadonlyMap<number, bigint>, signal?: AbortSignal): Promise<boolean>;
}

/** Of one log partition more than this are not counted through. */
const partitionsMax = 10_000;

/** `directory`: of this run alone, removed with it. */
export async function openUploadOffsets(store: ObjectStore, directory: string, memoryBytes = 64 << 20): Promise<UploadOffsets> {
  await mkdir(directory, { recursive: true });
  const duckdb = await openReadingDuckdb({ directory, memoryBytes, threads: 1 });
  return {
    isBelow: async (object, next, signal) => {
      try {
        const ranges = await footerOffsets(object, { store, duckdb, directory }, signal);
        return ranges !== null && ranges.every((range) => isRangeBelow(range, next));
      } catch (error) {
        if (error instanceof LakeError && error.code === 'OBJECT_MISSING') return true;
        throw error;
      }
    },
    [Symbol.asyncDispose]: async () => {
      await duckdb[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function isRangeBelow(
  { firstPartition, lastPartition, max }: { readonly firstPartition: number; readonly lastPartition: number; readonly max: bigint },
  next: ReadonlyMap<number, bigint>,
): boolean {
  if (lastPartition - firstPartition > partitionsMax) return false;
  for (let partition = firstPartition; partition <= lastPartition; partition++) {
    const end = next.get(partition);
    if (end === undefined || max >= end) return false;
  }
  return true;
}
