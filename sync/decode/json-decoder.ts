// The JSON decoder: records of one table in, proven Parquet files out. Rows wait outside DuckDB (row-pages.ts); one
// statement a file decodes, proves and writes them (decode-sql.ts). When rows stay that no known shape fits, their
// layouts are inferred here, in JavaScript, off the hot path; the caller commits the new shapes and writes again. What
// cannot be shaped lands in `_rescued` with the reason; nothing a producer sends stops the table, and a batch that has
// killed the process twice is written in a child process (guarded-write.ts).

import { enforcerCache } from '../contract/enforced-write.ts';
import { openAttempts, type AttemptsOptions } from './attempts.ts';
import { decodeEngine, decodeEngineDefaults, type DecodeEngine } from './decode-engine.ts';
import type { Decoder } from './decoder.ts';
import { writeFiles, type FileWriterOptions } from './file-writer.ts';
import { guardedBatch } from './guarded-write.ts';
import { JsonBatch } from './json-batch.ts';
import { scannerChoice } from './scanner-choice.ts';

export interface JsonDecoderOptions extends Omit<FileWriterOptions, 'stageBytesMax'> {
  /** Files are written here until they are uploaded. */
  readonly tempDir: string;
  /** What this decoder shares with those of other tables; without one it has its own, of the three sizes that follow. */
  readonly engine: DecodeEngine | null;
  /** DuckDB's memory: decoding and the row group being written. */
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** Buffers kept for the next batch. */
  readonly idleBytesMax: number;
  /** Where deaths of this process are remembered; null: they are not, and a batch that kills it is met again. */
  readonly attempts: AttemptsOptions | null;
  /** Children that one batch may need until its poison is found, and how long each may take. */
  readonly isolatedRunsMax: number;
  readonly isolatedRunMaxMs: number;
  /** Values nested deeper are rescued unread. */
  readonly depthMax: number;
  /** Larger values are rescued unread: decoding takes many times a value's size in memory. */
  readonly valueBytesMax: number;
  /** Smaller values are not measured for depth. */
  readonly depthScanBytesMin: number;
  /** Whether compact records of a known shape are read without DuckDB's JSON reader (shape-scanner.ts): the same rows, sooner. */
  readonly fastLane: boolean;
  /** Keys of one typed object. */
  readonly keysMax: number;
}

export const jsonDecoderDefaults: Omit<JsonDecoderOptions, 'tempDir'> = {
  engine: null,
  memoryLimitBytes: decodeEngineDefaults.memoryLimitBytes,
  threads: decodeEngineDefaults.threads,
  idleBytesMax: decodeEngineDefaults.idleBytesMax,
  attempts: null,
  isolatedRunsMax: 300,
  isolatedRunMaxMs: 120_000,
  depthMax: 1000,
  valueBytesMax: 4 * 1024 * 1024,
  depthScanBytesMin: 8192,
  fastLane: true,
  keysMax: 2000,
  rowGroupValuesMax: 4_000_000,
  wideColumns: 32,
};

/** What a test may put in another's place. */
export interface JsonDecoderSeams {
  readonly writeFiles: typeof writeFiles;
  /** The program of the child process. */
  readonly isolatedModule: URL;
}

/** A batch of this decoder knows more than the port: rows can be set aside before they are written. */
export interface JsonDecoder extends Decoder {
  open(): JsonBatch;
}

export async function openJsonDecoder(
  options: Partial<JsonDecoderOptions> & Pick<JsonDecoderOptions, 'tempDir'>,
  seams: Partial<JsonDecoderSeams> = {},
): Promise<JsonDecoder> {
  const all: JsonDecoderOptions = { ...jsonDecoderDefaults, ...options };
  const { memoryLimitBytes, threads, idleBytesMax, tempDir } = all;
  const engine = all.engine ?? decodeEngine({ memoryLimitBytes, threads, idleBytesMax, tempDir });
  const attempts = all.attempts && (await openAttempts(all.attempts));
  const lease = await engine.lease();
  const stageBytesMax = (engine.options.memoryLimitBytes / engine.options.writesMax) * stagesShare;
  const parts = {
    lease,
    options: { ...all, stageBytesMax },
    mode: { guardedWrites: 0, listedWrites: 0, pagesMax: Number.POSITIVE_INFINITY, stageBytesMax, scanners: scannerChoice(all.fastLane) },
    writeFiles: seams.writeFiles ?? writeFiles,
    enforcers: enforcerCache(),
    guard: attempts && guardedBatch(attempts, all, seams.isolatedModule ?? new URL('./json-isolated-child.ts', import.meta.url)),
  };
  return {
    open: () => new JsonBatch(parts),
    [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
  };
}

/** Share of a write's memory that the stages of its statement may take. */
const stagesShare = 0.25;
