// What stands before the lake, as the checks of the pipeline ask for it: the log's ends, the source's slot, connectors and
// agents. The adapter (cli/quality/pipeline.ts) asks Kafka, PostgreSQL and Kafka Connect; errors mean "cannot be said now".

import type { EpochMs } from '../../runtime/clock.ts';

export interface PipelineView {
  /** Null: no topic feeds the table, or it does not exist. */
  log(table: string, signal?: AbortSignal): Promise<TableLog | null>;
  /** Null: the table does not come from PostgreSQL, or no slot is configured. */
  slot(table: string, signal?: AbortSignal): Promise<SlotState | null>;
  /** All that must run for this table's changes to reach the log. */
  connectors(table: string, signal?: AbortSignal): Promise<readonly ConnectorState[]>;
}

export interface TableLog {
  readonly topic: string;
  readonly topicId: string;
  /** By log partition. */
  readonly partitions: ReadonlyMap<number, { readonly logStart: bigint; readonly highWatermark: bigint }>;
  /** retention.ms; null: kept for ever, or by size alone. */
  readonly retentionMs: number | null;
  /** When the broker appended the oldest record that the table does not hold yet; null when it holds all, or it is not known. */
  readonly oldestUnreadAt: (next: ReadonlyMap<number, bigint>, signal?: AbortSignal) => Promise<EpochMs | null>;
}

export interface SlotState {
  readonly name: string;
  readonly isLost: boolean;
  readonly isActive: boolean;
  readonly retainedBytes: number;
  /** max_slot_wal_keep_size; null: no limit, so that a slot nobody reads fills the disk. */
  readonly limitBytes: number | null;
  readonly reason: string | null;
}

export interface ConnectorState {
  readonly name: string;
  readonly isRunning: boolean;
  /** Why not. */
  readonly reason: string | null;
}
