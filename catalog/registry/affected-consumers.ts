// Whom a change of a contract reaches: for each table that it changes, the columns, and who reads them as far as the lineage
// knows.

import type { Consumers } from '../lineage/consumers.ts';
import type { ContractDifference } from './registry-ports.ts';

export interface AffectedTable extends Consumers {
  readonly table: string;
  /** What changes; null: the table as a whole. */
  readonly columns: readonly string[] | null;
}

export type FindConsumers = (table: string, columns: readonly string[] | null) => Promise<Consumers>;

/** Of changes that break something or take something away; what only adds reaches nobody. */
export async function affectedConsumers(
  differences: readonly ContractDifference[],
  consumers: FindConsumers,
): Promise<readonly AffectedTable[]> {
  const affected: AffectedTable[] = [];
  const changes = differences.filter(({ breaks, step, table }) => table !== '' && (breaks.length > 0 || step === 'major'));
  for (const [table, columns] of changedColumns(changes)) affected.push({ table, columns, ...(await consumers(table, columns)) });
  return affected;
}

/** By table; `path` is a JSON Pointer into the table's schema, or a column's name. Null: the table as a whole. */
export function changedColumns(
  changes: readonly { readonly table: string; readonly path: string }[],
): ReadonlyMap<string, readonly string[] | null> {
  const columns = new Map<string, Set<string> | null>();
  for (const { table, path } of changes) {
    const column = columnOf(path);
    const known = columns.get(table);
    if (column === null || known === null) columns.set(table, null);
    else columns.set(table, (known ?? new Set()).add(column));
  }
  return new Map([...columns].map(([table, names]) => [table, names && [...names].toSorted()]));
}

function columnOf(path: string): string | null {
  if (path === '') return null;
  if (!path.startsWith('#')) return path;
  const [, at, column] = path.split('/');
  return at === 'properties' && column !== undefined && column !== '' ? column.replaceAll('~1', '/').replaceAll('~0', '~') : null;
}
