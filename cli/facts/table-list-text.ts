// Tables of the lake, a line each.

import type { TableSummary } from '../../catalog/tables/table-summary.ts';
import { bytesText, countText, momentText, rightAligned } from '../figures.ts';
import { tableText } from '../output.ts';

export function tableListText(tables: readonly TableSummary[]): string {
  if (tables.length === 0) return 'no tables';
  const rows = rightAligned(tables.map(({ rows: count }) => countText(count)));
  const bytes = rightAligned(tables.map((table) => bytesText(table.bytes)));
  const files = rightAligned(tables.map((table) => countText(table.files)));
  const lines = tables.map(({ table, kind, committedAt, owner, team, contract, tags, problem }, at) => [
    table,
    ...(kind === 'view' ? ['view', '', '', ''] : [rows[at], bytes[at], files[at], momentText(committedAt)]),
    problem ?? contract ?? '',
    [owner, team === null ? null : `team ${team}`].filter((name) => name !== null).join(', '),
    tags.join(' '),
  ]);
  return tableText(['table', 'rows', 'size', 'files', 'last commit', 'contract', 'owner', 'tags'], lines);
}
