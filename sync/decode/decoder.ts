// The decode port: records in, proven Parquet files out. One decoder serves one table; several batches may be open, so
// that one fills while another is written. The plan (schema and shapes) is pinned for a batch: no row is judged by two.
// Adapter: json-decoder.ts (Debezium JSON envelopes and plain JSON). Avro and Protobuf come later behind this port.

import type { DataFile } from '../../lake/iceberg/data-file.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import type { Shape } from '../../lake/raw/shape.ts';
import type { Judged, PinnedContract } from '../contract/pinned-contract.ts';
import type { RecordBlock } from '../log/record-block.ts';

export interface DecodePlan {
  /** The table's current schema, with the ids the catalog returned. */
  readonly schema: Schema;
  /** `last-column-id` of the metadata: new fields take the ids above it. */
  readonly lastColumnId: number;
  /** Partition field id of `date`. */
  readonly datePartitionFieldId: number;
  readonly shapes: readonly Shape[];
  /** What judges and masks the batch's rows; absent: nothing does. */
  readonly contract?: PinnedContract;
  /** By log partition: rows below that offset may break a rule of policy halt, as a person decided. */
  readonly violationsAccepted?: ReadonlyMap<number, bigint>;
}

/** A Parquet file on local disk, complete and closed, not yet in the store. */
export interface WrittenFile {
  readonly path: string;
  /** Everything of the manifest entry but `filePath`. */
  readonly dataFile: Omit<DataFile, 'filePath'>;
}

export interface WrittenBatch {
  readonly kind: 'written';
  readonly files: readonly WrittenFile[];
  /** Equals the rows appended (I8), checked again by the worker. */
  readonly rows: number;
  readonly rescued: number;
  /** Source commit time of the newest and oldest row, epoch microseconds; null when no row carries one. */
  readonly changedAtUs: { readonly min: number; readonly max: number } | null;
  /** How often a statement ran out of memory and its rows were written in smaller parts; absent: never. */
  readonly splits?: number;
  /** Where the plan has a contract. */
  readonly judged?: Judged;
}

/** The batch holds values that no known shape fits: commit this schema and these shapes, then write again with them. */
export interface EvolveFirst {
  readonly kind: 'evolve';
  /** Next schema: a superset of the plan's; existing fields keep their ids. Null when only shapes are new. */
  readonly schema: Schema | null;
  /** All shapes, old ones first and unchanged. */
  readonly shapes: readonly Shape[];
}

export interface OpenBatch extends AsyncDisposable {
  /** Copies the rows; the block may be reused afterwards. Synchronous: it is the hot path. */
  append(logPartition: number, records: RecordBlock, from: number, to: number): void;
  readonly rows: number;
  /** Key and value bytes buffered. */
  readonly bytes: number;
  /**
   * Decodes, proves and writes. May be called again after `evolve`. The rows are released by dispose, not by this.
   * Files of a failed call are removed. Errors: BATCH_POISONED, LIMIT_EXCEEDED (local disk), INTERNAL.
   */
  write(plan: DecodePlan, signal?: AbortSignal): Promise<WrittenBatch | EvolveFirst>;
}

export interface Decoder extends AsyncDisposable {
  open(): OpenBatch;
}
