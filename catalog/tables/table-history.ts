// What happened to a table: its snapshots, and its columns. The metadata says what; the audit log says who and when, as far
// as it was there; the contract's own history says which version was in force at the time.

import { schemaVersions, type ColumnChange, type ColumnChangeKind } from '../../lake/iceberg/schema-changes.ts';
import { sameLong, snapshotById, type Snapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { ancestry, summaryKeys } from '../../lake/raw/offset-chain.ts';
import type { EpochMs } from '../../runtime/clock.ts';
import { isRecord } from '../../runtime/options.ts';
import type { NumberedEntry } from '../store/audit-store.ts';
import type { ContractEvent } from '../store/contract-store.ts';
import { countIn } from './table-summary.ts';

export interface SnapshotView {
  /** Decimal text. */
  readonly snapshot: string;
  readonly parent: string | null;
  readonly at: string;
  readonly operation: string | null;
  readonly isCurrent: boolean;
  /** Whether main descends from it: where not, it was rolled back or lies on another branch. */
  readonly isOnMain: boolean;
  /** Branches and tags that name it. */
  readonly refs: readonly string[];
  readonly addedRows: number | null;
  readonly deletedRows: number | null;
  readonly rows: number | null;
  readonly files: number | null;
  readonly bytes: number | null;
  readonly schemaId: number | null;
  /** Who committed it; null: the audit log does not say, or no longer. */
  readonly by: string | null;
  /** What wrote it, as it says itself. */
  readonly engine: string | null;
  /** `users@1.0.0`: what judged the rows; null: nothing did. */
  readonly contract: string | null;
  /** A decision after a halt, or that rows were erased. */
  readonly note: string | null;
}

export interface ColumnChangeView extends Omit<ColumnChange, 'kind'> {
  /** `hidden`: dropped by Foz, which keeps the column while rows have it. */
  readonly kind: ColumnChangeKind | 'hidden';
}

export interface SchemaView {
  readonly schemaId: number;
  readonly isCurrent: boolean;
  /** ISO 8601; null: before the audit log, and its snapshots have expired. */
  readonly at: string | null;
  /** `audit`: when it was changed; `snapshot`: when it was first written with, so it is no later. */
  readonly known: 'audit' | 'snapshot' | null;
  readonly by: string | null;
  /** `users 1.0.0`: in force then; null: none was. */
  readonly contract: string | null;
  readonly changes: readonly ColumnChangeView[];
}

export interface HistoryParts {
  readonly metadata: TableMetadata;
  /** Of the table, newest first. */
  readonly entries: readonly NumberedEntry[];
  /** Of its contract, oldest first. */
  readonly contract: { readonly id: string; readonly events: readonly ContractEvent[] } | null;
}

/** Newest first. */
export function snapshotViews({ metadata, entries }: HistoryParts): readonly SnapshotView[] {
  const actors = actorsBySnapshot(entries);
  const onMain = new Set([...ancestry(metadata)].flatMap((step) => (step.kind === 'snapshot' ? [idOf(step.snapshot)] : [])));
  const refs = Object.entries(metadata.refs);
  const main = metadata.refs['main'];
  const view = (snapshot: Snapshot): SnapshotView => {
    const { summary, 'parent-snapshot-id': parent } = snapshot;
    return {
      snapshot: idOf(snapshot),
      parent: parent === undefined || parent === null ? null : String(parent),
      at: new Date(snapshot['timestamp-ms']).toISOString(),
      operation: summary['operation'] ?? null,
      isCurrent: main !== undefined && sameLong(main['snapshot-id'], snapshot['snapshot-id']),
      isOnMain: onMain.has(idOf(snapshot)),
      refs: refs.filter(([, ref]) => sameLong(ref['snapshot-id'], snapshot['snapshot-id'])).map(([name]) => name),
      addedRows: countIn(snapshot, 'added-records'),
      deletedRows: countIn(snapshot, 'deleted-records'),
      rows: countIn(snapshot, 'total-records'),
      files: countIn(snapshot, 'total-data-files'),
      bytes: countIn(snapshot, 'total-files-size'),
      schemaId: snapshot['schema-id'] ?? null,
      by: actors.get(idOf(snapshot)) ?? null,
      engine: engineOf(summary),
      contract: summary[summaryKeys.contract] ?? null,
      note: noteOf(summary),
    };
  };
  return metadata.snapshots.toSorted((a, b) => b['timestamp-ms'] - a['timestamp-ms']).map(view);
}

/** Newest first. */
export function schemaViews({ metadata, entries, contract }: HistoryParts): readonly SchemaView[] {
  const changed = entriesBySchema(entries);
  return schemaVersions(metadata)
    .toReversed()
    .map(({ schemaId, isCurrent, changes, firstSnapshot }) => {
      const entry = changed.get(schemaId);
      const at = entry?.at ?? firstSnapshot?.['timestamp-ms'] ?? null;
      return {
        schemaId,
        isCurrent,
        at: at === null ? null : new Date(at).toISOString(),
        known: entry ? 'audit' : firstSnapshot ? 'snapshot' : null,
        by: entry?.actor ?? null,
        contract: contract && at !== null ? inForceAt(contract, at) : null,
        changes: changes.map(changeView),
      };
    });
}

/** What main was at a moment: the newest of its snapshots by then; null where none of that age is kept. */
export function snapshotAt(metadata: TableMetadata, at: EpochMs): Snapshot | null {
  for (const step of ancestry(metadata)) if (step.kind === 'snapshot' && step.snapshot['timestamp-ms'] <= at) return step.snapshot;
  return null;
}

/** By its id, or the name of a branch or tag. */
export function snapshotNamed(metadata: TableMetadata, name: string): Snapshot | null {
  const ref = Object.hasOwn(metadata.refs, name) ? metadata.refs[name] : undefined;
  if (ref) return snapshotById(metadata, ref['snapshot-id']) ?? null;
  return metadata.snapshots.find((snapshot) => idOf(snapshot) === name) ?? null;
}

function changeView({ kind, ...change }: ColumnChange): ColumnChangeView {
  const isHidden = kind === 'renamed' && /^_(?:dropped|replaced)_\d+_/.test(change.to ?? '');
  return { ...change, kind: isHidden ? 'hidden' : kind, ...(isHidden ? { column: change.from ?? change.column } : {}) };
}

function actorsBySnapshot(entries: readonly NumberedEntry[]): ReadonlyMap<string, string> {
  const actors = new Map<string, string>();
  // Newest first: what made the snapshot stands, not what went back to it.
  for (const { after, before, actor, action } of entries) {
    const snapshot = isRecord(after) ? after['snapshot'] : null;
    const was = isRecord(before) ? before['snapshot'] : null;
    if (typeof snapshot === 'string' && snapshot !== was && action !== 'table.rollback') actors.set(snapshot, actor);
  }
  return actors;
}

function entriesBySchema(entries: readonly NumberedEntry[]): ReadonlyMap<number, NumberedEntry> {
  const bySchema = new Map<number, NumberedEntry>();
  for (const entry of entries) {
    const schema = isRecord(entry.after) ? (entry.after['current-schema-id'] ?? entry.after['schema-id']) : null;
    // The oldest: a table may go back to a schema that it had.
    if (typeof schema === 'number') bySchema.set(schema, entry);
  }
  return bySchema;
}

function inForceAt({ id, events }: NonNullable<HistoryParts['contract']>, at: EpochMs): string | null {
  const activated = events.findLast((event) => event.action === 'activated' && event.at <= at);
  return activated ? `${id} ${activated.version}` : null;
}

function engineOf(summary: Snapshot['summary']): string | null {
  if (summary[summaryKeys.commitId] !== undefined) return 'foz';
  const [name, version] = [summary['engine-name'], summary['engine-version']];
  if (name !== undefined) return version === undefined ? name : `${name} ${version}`;
  return summary['trino_query_id'] === undefined ? (summary['app-id'] ?? null) : 'trino';
}

function noteOf(summary: Snapshot['summary']): string | null {
  const resumed = summary[summaryKeys.resume];
  if (resumed !== undefined) return `decided: ${resumed}`;
  return summary[summaryKeys.erased] === undefined ? null : 'rows erased';
}

function idOf(snapshot: Snapshot): string {
  return String(snapshot['snapshot-id']);
}
