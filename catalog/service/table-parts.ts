// What the steps of the table service share.

import type { TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import { isRecord } from '../../runtime/options.ts';
import { tableEntry } from '../audit/table-entry.ts';
import type { TableIdent } from '../catalog.ts';
import type { CommitVeto } from '../registry/commit-veto.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import type { AuditAction, StoredReply } from '../store/change-record.ts';
import type { MetadataFiles } from './metadata-files.ts';
import type { ObjectStores } from './object-stores.ts';
import type { Placement } from './placement.ts';
import type { RecordOf, Relations } from './relations.ts';
import { recordOf, type RequestContext } from './request-context.ts';

/** Where nothing else is said, of a catalog that is served. */
export const snapshotAheadDefaultMs = 10 * 60_000;

export interface TableServiceOptions {
  readonly store: CatalogStore;
  readonly files: MetadataFiles;
  readonly objectStores: ObjectStores;
  readonly placement: Placement;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tries of one commit against a table that keeps moving. */
  readonly swapAttemptsMax?: number;
  /** Refuses snapshots from clocks that are further ahead: they would block writers with a right clock. Absent: any. */
  readonly snapshotAheadMaxMs?: number;
  /** How long a table dropped with its files can be taken back; 0: its files go at once. */
  readonly dropGraceMs: number;
  /** Holds schemas against the contracts in force. Absent: there are none. */
  readonly veto?: CommitVeto;
}

export interface TableParts extends TableServiceOptions {
  readonly tables: Relations<TableMetadata>;
}

export interface TableChanged {
  readonly ident: TableIdent;
  readonly before: TableMetadata | null;
  readonly after: TableMetadata | null;
  /** Where the metadata alone does not tell. */
  readonly action?: AuditAction;
}

/** What is kept with the change of a table that is answered as it is afterwards. */
export function loadedRecord(parts: TableParts, context: RequestContext, changed: TableChanged): RecordOf {
  const { ident } = changed;
  return (metadataLocation) => {
    const record = tablesRecord(parts, context, [changed], { kind: 'metadata', relation: 'table', ident, metadataLocation });
    // Of a file that was there before, it is told which: `foz catalog restore` leaves the pointer there.
    if (changed.action !== 'table.register') return record;
    return { ...record, audit: record.audit.map((entry) => ({ ...entry, after: { ...toldOf(entry.after), metadataLocation } })) };
  };
}

export function tablesRecord(parts: TableParts, context: RequestContext, changes: readonly TableChanged[], reply: StoredReply) {
  const at = parts.clock.now();
  const entries = changes.map(({ ident, before, after, action }) => tableEntry(context.actor, at, ident, before, after, action));
  return recordOf(context, entries, reply);
}

function toldOf(state: unknown): Readonly<Record<string, unknown>> {
  return isRecord(state) ? state : {};
}
