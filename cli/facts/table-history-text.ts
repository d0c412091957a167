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
    columnHistoryText(schemas, false),
    'each one by its name: --column',
  ].join('\n');
}

/** A line for each change; the first schema in one. */
export function columnHistoryText(schemas: readonly SchemaView[], isWhole = true): string {
  const first = schemas.at(-1);
  const rows = schemas.flatMap((schema) => {
    const told = isWhole ? schema.changes : worthTelling(schema.changes);
    if (!isWhole && schema === first) return [rowOf(schema, '', `created with ${told.length} columns`)];
    return told.map((change) => rowOf(schema, change.column, changeText(change)));
  });
  return rows.length === 0 ? 'no change of a column' : tableText(['when', 'schema', 'column', 'what', 'by', 'contract in force'], rows);
}

function rowOf({ schemaId, at, known, by, contract }: SchemaView, column: string, what: string): readonly unknown[] {
  const when = at === null ? 'not known' : `${known === 'snapshot' ? 'by ' : ''}${momentText(at)}`;
  return [when, schemaId, column, what, by ?? '', contract ?? ''];
}

/** Without what another line says: the row before a change as the row after it, and what is inside a column that came whole. */
function worthTelling(changes: readonly ColumnChangeView[]): readonly ColumnChangeView[] {
  const keys = new Set(changes.map(({ column, kind, to }) => `${kind} ${column} ${to}`));
  const added = changes.filter(({ kind, column }) => kind === 'added' && !rowStructs.has(column)).map(({ column }) => `${column}.`);
  return changes.filter(({ column, kind, to }) => {
    const isRepeated = column.startsWith('before.') && keys.has(`${kind} after.${column.slice('before.'.length)} ${to}`);
    return !isRepeated && !(kind === 'added' && added.some((above) => column.startsWith(above)));
  });
}

const rowStructs: ReadonlySet<string> = new Set(['before', 'after', 'value', 'source']);

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
