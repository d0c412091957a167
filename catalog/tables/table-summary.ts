// A table in a line: what its newest snapshot's summary says, and whose it is. No manifest is read.

import { mainSnapshot, type Snapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { identText, type TableIdent } from '../catalog.ts';
import type { EntityView } from '../entities/entity-view.ts';
import type { RelationKind } from '../store/relation-store.ts';

export interface TableSummary {
  /** Dotted. */
  readonly table: string;
  readonly kind: RelationKind;
  readonly entity: string;
  readonly owner: string | null;
  readonly team: string | null;
  readonly tags: readonly string[];
  /** `users 1.0.0`; null: none is in force. */
  readonly contract: string | null;
  readonly formatVersion: number | null;
  /** As the writer of the newest snapshot counted them; null: it did not, or there is none. */
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly files: number | null;
  /** Decimal text: ids of other writers go beyond 2^53. */
  readonly snapshot: string | null;
  /** ISO 8601; null: nothing was committed. */
  readonly committedAt: string | null;
  /** Why nothing is known of it; null where something is. */
  readonly problem: string | null;
}

export function tableSummary(ident: TableIdent, kind: RelationKind, entity: EntityView, read: TableMetadata | string | null): TableSummary {
  const metadata = typeof read === 'string' ? null : read;
  const head = metadata && mainSnapshot(metadata);
  const { contract } = entity;
  return {
    table: identText(ident),
    kind,
    entity: entity.name,
    owner: entity.owner,
    team: entity.team,
    tags: entity.tags,
    contract: contract?.inForce == null ? null : `${contract.id} ${contract.inForce}`,
    formatVersion: metadata?.['format-version'] ?? null,
    rows: countIn(head, 'total-records'),
    bytes: countIn(head, 'total-files-size'),
    files: countIn(head, 'total-data-files'),
    snapshot: head ? String(head['snapshot-id']) : null,
    committedAt: head ? new Date(head['timestamp-ms']).toISOString() : null,
    problem: typeof read === 'string' ? read : null,
  };
}

export function countIn(snapshot: Snapshot | null | undefined, name: string): number | null {
  const text = snapshot?.summary[name];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
