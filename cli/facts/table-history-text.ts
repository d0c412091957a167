// What happened to a table: its snapshots, then its columns, newest first.

import type { TableHistory } from '../../catalog/tables/table-facts-service.ts';
import type { ColumnChangeView, SchemaView, SnapshotView } from '../../catalog/tables/table-history.ts';
import { bytesText, countText, momentText, rightAligned } from '../figures.ts';
import { tableText } from '../output.ts';

export function tableHistoryText({ table, snapshots, more, schemas }: TableHistory): string {
  return [
    `${table}: ${snapshots.length + more} ${snapshots.length + more === 1 ? 'snapshot' : 'snapshots'} kept`,
    ...(snapshots.length === 0 ? [] : [snapshotsText(snapshots)]),
    ...(more === 0 ? [] : [`and ${countText(more)} older: --limit`]),
    '',
    'columns',
    columnHistoryText(schemas),
  ].join('\n');
}

/** A line for each change. */
export function columnHistoryText(schemas: readonly SchemaView[]): string {
  const rows = schemas.flatMap(({ schemaId, at, known, by, contract, changes }) =>
    changes.map((change) => [
      at === null ? 'not known' : `${known === 'snapshot' ? 'by ' : ''}${momentText(at)}`,
      schemaId,
      change.column,
      changeText(change),
      by ?? '',
      contract ?? '',
    ]),
  );
  return rows.length === 0 ? 'no change of a column' : tableText(['when', 'schema', 'column', 'what', 'by', 'contract in force'], rows);
}

/** Of schemas, the changes of one column: by its path, or its name in the row. */
export function changesOf(schemas: readonly SchemaView[], column: string): readonly SchemaView[] {
  const ids = new Set(schemas.flatMap(({ changes }) => changes.filter((change) => isNamed(change, column)).map(({ fieldId }) => fieldId)));
  return schemas.map((schema) => ({ ...schema, changes: schema.changes.filter(({ fieldId }) => ids.has(fieldId)) }));
}

function isNamed({ column, from, to, kind }: ColumnChangeView, asked: string): boolean {
  const names = kind === 'renamed' || kind === 'hidden' ? [column, from, to] : [column];
  return names.some((name) => name === asked || (name?.endsWith(`.${asked}`) ?? false));
}

function snapshotsText(snapshots: readonly SnapshotView[]): string {
  const added = rightAligned(snapshots.map(({ addedRows }) => (addedRows === null ? '' : `+${countText(addedRows)}`)));
  const deleted = rightAligned(
    snapshots.map(({ deletedRows }) => (deletedRows === null || deletedRows === 0 ? '' : `−${countText(deletedRows)}`)),
  );
  const rows = rightAligned(snapshots.map((snapshot) => countText(snapshot.rows)));
  const sizes = rightAligned(snapshots.map(({ bytes }) => bytesText(bytes)));
  return tableText(
    ['when', 'snapshot', 'operation', 'added', 'deleted', 'rows', 'size', 'by', 'written by', 'contract', 'notes'],
    snapshots.map((snapshot, at) => [
      momentText(snapshot.at),
      snapshot.snapshot,
      snapshot.operation ?? '?',
      added[at],
      deleted[at],
      rows[at],
      sizes[at],
      snapshot.by ?? '',
      snapshot.engine ?? '',
      snapshot.contract ?? '',
      notesText(snapshot),
    ]),
  );
}

function notesText({ isCurrent, isOnMain, refs, note }: SnapshotView): string {
  const named = refs.filter((name) => name !== 'main');
  return [isCurrent ? 'main' : isOnMain ? null : 'not on main', ...named, note].filter((part) => part !== null).join(', ');
}

function changeText({ kind, from, to }: ColumnChangeView): string {
  switch (kind) {
    case 'added':
      return `added, ${to ?? ''}`;
    case 'dropped':
      return 'dropped';
    case 'hidden':
      return 'dropped; kept hidden while rows have it';
    case 'required':
      return 'may no longer be null';
    case 'optional':
      return 'may be null';
    case 'renamed':
      return `renamed, was ${from ?? ''}`;
    case 'retyped':
      return `${from ?? ''} → ${to ?? ''}`;
    case 'documented':
      return to === null ? 'comment taken away' : `comment: ${to}`;
  }
}
