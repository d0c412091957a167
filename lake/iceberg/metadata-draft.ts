// Table metadata while a commit is being applied: the next metadata, field by field, and what the updates so far added
// (an update may say -1 for "the one added last"). A draft is private to one applyCommit call.

import type { EpochMs } from '../../runtime/clock.ts';
import type { Long, TableMetadata } from './metadata.ts';

export interface MetadataDraft {
  readonly base: TableMetadata | null;
  readonly next: { -readonly [Key in keyof TableMetadata]: TableMetadata[Key] };
  readonly now: EpochMs;
  lastAddedSchemaId: number | null;
  lastAddedSpecId: number | null;
  lastAddedOrderId: number | null;
  readonly addedSnapshotIds: Set<string>;
  /** Snapshots that main was moved to, in this commit. */
  readonly mainSnapshotIds: Set<string>;
}

/** Why an update cannot be applied: `conflict` when a fresh look at the table may make it fit. */
export interface UpdateProblem {
  readonly kind: 'invalid' | 'conflict';
  readonly message: string;
}

export const invalid = (message: string): UpdateProblem => ({ kind: 'invalid', message });
export const conflict = (message: string): UpdateProblem => ({ kind: 'conflict', message });

export function openDraft(base: TableMetadata | null, now: EpochMs): MetadataDraft {
  return {
    base,
    next: { ...(base ?? emptyMetadata) },
    now,
    lastAddedSchemaId: null,
    lastAddedSpecId: null,
    lastAddedOrderId: null,
    addedSnapshotIds: new Set(),
    mainSnapshotIds: new Set(),
  };
}

/** Longs as set members: 5 and 5n are the same id. */
export function longKey(id: Long): string {
  return id.toString();
}

/** Spec: 999 is the last partition id of a table without partition fields. */
const emptyMetadata: TableMetadata = {
  'format-version': 2,
  'table-uuid': '',
  location: '',
  'last-sequence-number': 0,
  'last-updated-ms': 0,
  'last-column-id': 0,
  'current-schema-id': -1,
  schemas: [],
  'default-spec-id': -1,
  'partition-specs': [],
  'last-partition-id': 999,
  'default-sort-order-id': -1,
  'sort-orders': [],
  properties: {},
  'current-snapshot-id': -1,
  refs: {},
  snapshots: [],
  statistics: [],
  'partition-statistics': [],
  'snapshot-log': [],
  'metadata-log': [],
};
