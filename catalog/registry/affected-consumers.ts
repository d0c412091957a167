// Whom a change of a contract reaches: for each table that it changes, the columns, and who reads them as far as the lineage
// knows and as the contract itself says.

import type { Contract } from '../../contracts/contract.ts';
import { declaredConsumers } from '../../contracts/declared-consumers.ts';
import type { Consumer, Consumers } from '../lineage/consumers.ts';
import type { ContractDifference } from './registry-ports.ts';

export interface AffectedTable extends Consumers {
  readonly table: string;
  /** What changes; null: the table as a whole. */
  readonly columns: readonly string[] | null;
}

export type FindConsumers = (table: string, columns: readonly string[] | null) => Promise<Consumers>;

/** Of changes that break something or take something away; what only adds reaches nobody. `contracts` may name consumers. */
export async function affectedConsumers(
  differences: readonly ContractDifference[],
  consumers: FindConsumers,
  contracts: readonly Contract[],
): Promise<readonly AffectedTable[]> {
  const affected: AffectedTable[] = [];
  for (const [table, columns] of changedColumns(differences.filter(isFelt))) {
    const found = await consumers(table, columns);
    affected.push({ ...found, table, columns, consumers: [...found.consumers, ...declaredReaders(contracts, table, columns)] });
  }
  return affected;
}

/** Whether readers notice it. */
export function isFelt({ breaks, step, table }: ContractDifference): boolean {
  return table !== '' && (breaks.length > 0 || step === 'major');
}

/** Those that the contracts name as readers of the table, or of these columns; each once, as the first one says. */
export function declaredReaders(contracts: readonly Contract[], table: string, columns: readonly string[] | null): readonly Consumer[] {
  const changed = columns && new Set(columns.map((name) => name.toLowerCase()));
  const readers = new Map<string, Consumer>();
  for (const contract of contracts) {
    for (const declared of declaredConsumers(contract)) {
      if (readers.has(declared.name) || (declared.table !== null && declared.table !== table)) continue;
      const read = declared.columns && (changed ? declared.columns.filter((name) => changed.has(name.toLowerCase())) : declared.columns);
      if (read?.length === 0) continue;
      const { name, type, owner } = declared;
      const owners = owner === null ? [] : [owner];
      readers.set(name, { namespace: `contract ${contract.id}`, name, type, owners, columns: read, via: [], lastSeen: null });
    }
  }
  return [...readers.values()];
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
