// Which data files become one. Small files of one partition are merged by size class, as a log-structured merge does: sixteen
// of one class make one of the next, so a row is written again once a class and not at every pass, and as many files at
// most stay in each. Once a partition is over, what is left of it is merged whatever its class. A bin is a run of files in
// the order in which they arrived, so times stay apart from file to file; inside a bin rows are sorted (rewrite-files.ts).
// Files that were committed a moment ago stay as they are: who measures by commits still finds them. Pure.

import type { EpochMs } from '../../runtime/clock.ts';
import { snapshotById, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { ScanFile } from '../../lake/iceberg/scan.ts';
import { partitionEnd } from './partition-end.ts';

export interface CompactionLimits {
  /** Of a new file, measured by the files that it stands for. Files above three quarters of it are left alone. */
  readonly bytesTarget: number;
  /** As many files of one size class are merged; also the ratio between classes. */
  readonly filesMin: number;
  /** Of one bin: bounds what is fetched and open at once. */
  readonly filesMax: number;
  /** Files stay as they are for so long after their commit, partitions for so long after their end. */
  readonly settleMs: number;
}

export const defaultCompactionLimits: CompactionLimits = {
  bytesTarget: 128 << 20,
  filesMin: 16,
  filesMax: 1_000,
  settleMs: 3_600_000,
};

/** Files of one partition that become one file. */
export interface Bin {
  readonly specId: number;
  readonly files: readonly ScanFile[];
  readonly bytes: number;
  readonly rows: number;
}

/** Every file is in one bin at most, every bin has two files at least. Oldest first. */
export function planCompaction(
  files: readonly ScanFile[],
  metadata: TableMetadata,
  now: EpochMs,
  limits: CompactionLimits = defaultCompactionLimits,
): readonly Bin[] {
  const partitions = new Map<string, ScanFile[]>();
  for (const file of files) {
    if (!isCandidate(file, metadata, now, limits)) continue;
    const key = partitionKey(file);
    const own = partitions.get(key);
    if (own) own.push(file);
    else partitions.set(key, [file]);
  }
  return [...partitions.values()].flatMap((own) => binsOf(own.toSorted(byArrival), metadata, now, limits));
}

/** How many files a table has that a compaction would rather not see, settled or not. */
export function smallFiles(files: readonly ScanFile[], limits: CompactionLimits = defaultCompactionLimits): number {
  return files.filter(({ file }) => isSmall(file.fileSizeInBytes, limits)).length;
}

export function isSmall(bytes: number, { bytesTarget }: Pick<CompactionLimits, 'bytesTarget'>): boolean {
  return bytes < bytesTarget * 0.75;
}

function isCandidate({ file, snapshotId }: ScanFile, metadata: TableMetadata, now: EpochMs, limits: CompactionLimits): boolean {
  if (file.content !== 'data' || file.fileFormat !== 'PARQUET' || file.keyMetadata !== undefined) return false;
  if (!isSmall(file.fileSizeInBytes, limits)) return false;
  // Partitions by date, time, bucket: others are not written by Foz.
  if (!Object.values(file.partition).every((value) => value === null || typeof value === 'number')) return false;
  // A commit that has expired is older than any that the table still tells of.
  const addedBy = snapshotById(metadata, snapshotId);
  return addedBy === undefined || addedBy['timestamp-ms'] <= now - limits.settleMs;
}

function partitionKey({ specId, file }: ScanFile): string {
  const values = Object.entries(file.partition).map(([id, value]) => `${id}=${String(value)}`);
  return [specId, ...values].join(' ');
}

function byArrival(a: ScanFile, b: ScanFile): number {
  const [first, second] = [BigInt(a.sequenceNumber), BigInt(b.sequenceNumber)];
  if (first !== second) return first < second ? -1 : 1;
  return a.file.filePath < b.file.filePath ? -1 : 1;
}

function binsOf(files: readonly ScanFile[], metadata: TableMetadata, now: EpochMs, limits: CompactionLimits): readonly Bin[] {
  const [first] = files;
  const end = first === undefined ? null : partitionEnd(first, metadata);
  if (end !== null && end + limits.settleMs <= now) return filled(files, limits);
  const filesMin = Math.max(2, limits.filesMin);
  const classes = new Map<number, ScanFile[]>();
  for (const file of files) {
    const size = sizeClass(file.file.fileSizeInBytes, filesMin, limits.bytesTarget);
    classes.set(size, [...(classes.get(size) ?? []), file]);
  }
  return [...classes.values()].filter((own) => own.length >= filesMin).flatMap((own) => filled(own, limits));
}

/** Classes below the target: the largest ends there, each is `ratio` times the one before. */
function sizeClass(bytes: number, ratio: number, bytesTarget: number): number {
  let size = 0;
  for (let limit = bytesTarget / ratio; bytes < limit && size < classesMax; limit /= ratio) size++;
  return size;
}

const classesMax = 4;

/** Runs of files up to the target. One file alone is as it should be. */
function filled(files: readonly ScanFile[], { bytesTarget, filesMax }: CompactionLimits): readonly Bin[] {
  const bins: ScanFile[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const file of files) {
    const bin = bins.at(-1);
    if (bin && bytes + file.file.fileSizeInBytes <= bytesTarget && bin.length < Math.max(2, filesMax)) {
      bin.push(file);
      bytes += file.file.fileSizeInBytes;
    } else {
      bins.push([file]);
      bytes = file.file.fileSizeInBytes;
    }
  }
  return bins.filter((bin) => bin.length > 1).map(binOf);
}

function binOf(files: readonly ScanFile[]): Bin {
  return {
    specId: files[0]?.specId ?? 0,
    files,
    bytes: files.reduce((sum, { file }) => sum + file.fileSizeInBytes, 0),
    rows: files.reduce((sum, { file }) => sum + file.recordCount, 0),
  };
}
