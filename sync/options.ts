// What steers the worker, with defaults. Every number is a bound (I9) that is reported when it is reached.

export interface SyncOptions {
  /** A commit follows the oldest uncommitted record by at most this; `freshness: 1s` sets 1000. */
  readonly commitMaxAgeMs: number;
  /** Rows that trigger a commit. */
  readonly commitRowsMax: number;
  /** Parquet bytes that trigger a commit. */
  readonly commitBytesMax: number;
  /** Key and value bytes of one chunk: one Parquet file a partition day. */
  readonly chunkBytesMax: number;
  readonly chunkRowsMax: number;
  /** Key and value bytes buffered or being written, all tables together: reading waits above it. */
  readonly bufferBytesMax: number;
  /** Sealed chunks of one table that may wait for the writer. */
  readonly sealedChunksMax: number;
  /** Files on their way to the store, per table. */
  readonly uploadsMax: number;
  /** Position moved over holes only (transaction markers, compaction): committed after this, so that retention cannot pass it. */
  readonly holesMaxAgeMs: number;
  /** Manifests of one table that trigger a merge, off the commit path. */
  readonly manifestsMax: number;
  /** How long a partition that goes to another worker may wait for its last commit here. */
  readonly revokeDrainMaxMs: number;
  /** How often a halted table is looked at again: a decision is taken up without a restart. */
  readonly haltRecheckMs: number;
  /** Waiting for a dependency: delay between tries. The worker never gives up by itself. */
  readonly waitMinMs: number;
  readonly waitMaxMs: number;
  /** How often topics that do not exist yet are looked for. */
  readonly discoverEveryMs: number;
  /** Consumer group: for liveness and assignment only, never for positions (I1). */
  readonly groupId: string;
}

export const syncDefaults: SyncOptions = {
  commitMaxAgeMs: 5_000,
  commitRowsMax: 500_000,
  commitBytesMax: 64 * 1024 * 1024,
  chunkBytesMax: 12 * 1024 * 1024,
  chunkRowsMax: 100_000,
  bufferBytesMax: 36 * 1024 * 1024,
  sealedChunksMax: 1,
  uploadsMax: 4,
  holesMaxAgeMs: 60_000,
  manifestsMax: 30,
  revokeDrainMaxMs: 10_000,
  haltRecheckMs: 10_000,
  waitMinMs: 200,
  waitMaxMs: 5_000,
  discoverEveryMs: 5_000,
  groupId: 'foz',
};
