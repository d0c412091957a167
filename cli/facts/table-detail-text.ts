// One table: whose it is, how large, where from and for whom, and its columns with their figures.

import type { TableColumn } from '../../catalog/tables/table-columns.ts';
import type { TableDetail } from '../../catalog/tables/table-facts-service.ts';
import { bytesText, countText, factLines, momentText, rightAligned } from '../figures.ts';
import { tableText } from '../output.ts';

/** `isWhole`: the row before a change as well, which has the columns of the row after it. */
export function tableDetailText(table: TableDetail, isWhole: boolean): string {
  const shown = isWhole ? table.columns : table.columns.filter(({ column }) => !column.startsWith('before.'));
  const hidden = table.columns.length - shown.length;
  return [
    `${table.table}${table.entity === table.table ? '' : `, of the entity ${table.entity}`}`,
    ...factLines([
      ['owner', [table.owner, table.team === null ? null : `team ${table.team}`].filter((name) => name !== null).join(', ')],
      ['tags', table.tags.join(' ')],
      ['contract', table.contract],
      ['rows', rowsText(table)],
      ['commit', table.snapshot === null ? 'none yet' : `${momentText(table.committedAt)}, snapshot ${table.snapshot}`],
      ['kept', keptText(table)],
      ['partitions', table.partitionedBy.join(', ')],
      ['format', `Iceberg v${table.formatVersion ?? '?'}, schema ${table.schemaId}`],
      ['location', table.location],
      ['comes from', table.lineage.upstream.join(' ← ')],
      ['read by', table.lineage.consumers.join(', ')],
      ['figures', table.statisticsProblem === null ? null : `not known: ${table.statisticsProblem}`],
    ]),
    '',
    columnsText(shown),
    ...(hidden === 0 ? [] : [`and ${hidden} columns of the row before a change: --all`]),
  ].join('\n');
}

function rowsText({ rows, statistics, bytes, files }: TableDetail): string {
  const sizes = statistics?.fileBytes;
  const spread =
    !sizes || statistics.files < 2
      ? ''
      : ` (from ${bytesText(sizes.smallest)} to ${bytesText(sizes.largest)}, half of them up to ${bytesText(sizes.median)})`;
  const deletes =
    (statistics?.deleteFiles ?? 0) === 0 ? '' : `; fewer: ${countText(statistics?.deleteFiles ?? 0)} delete files of another engine`;
  return `${countText(rows)} in ${countText(files)} ${files === 1 ? 'file' : 'files'}, ${bytesText(bytes)}${spread}${deletes}`;
}

function keptText({ snapshots, refs }: TableDetail): string {
  const named = Object.entries(refs).filter(([name]) => name !== 'main');
  const hours = named.filter(([name]) => name.startsWith('hour-')).length;
  const others = named.filter(([name]) => !name.startsWith('hour-')).map(([name, { type }]) => `${type} ${name}`);
  const all = [...others, ...(hours === 0 ? [] : [`${hours} hourly ${hours === 1 ? 'tag' : 'tags'}`])];
  return `${countText(snapshots)} ${snapshots === 1 ? 'snapshot' : 'snapshots'}${all.length === 0 ? '' : `; ${all.join(', ')}`}`;
}

function columnsText(columns: readonly TableColumn[]): string {
  const nulls = rightAligned(columns.map((column) => countText(column.nulls)));
  const rows = columns.map((column, at) => [
    column.column,
    `${cut(column.type)}${column.required ? ' not null' : ''}`,
    nulls[at],
    boundsText(column),
    [column.classification, column.pii === null ? null : `pii ${column.pii}`, ...column.tags].filter((word) => word !== null).join(' '),
    column.description ?? '',
  ]);
  return tableText(['column', 'type', 'nulls', 'values', 'marks', 'what it is'], rows);
}

function boundsText({ lower, upper, isWithheld }: TableColumn): string {
  if (isWithheld) return 'kept back';
  if (lower === null && upper === null) return '';
  return lower === upper ? cut(lower ?? '?') : `${cut(lower ?? '?')} … ${cut(upper ?? '?')}`;
}

function cut(text: string): string {
  return text.length > 28 ? `${text.slice(0, 27)}…` : text;
}
