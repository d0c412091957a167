// Whom a change reaches, asked on the side by commands whose answer does not depend on it: where the catalog is away that is
// said, and is not the same as nobody.

import { changedColumns, declaredReaders } from '../../catalog/registry/affected-consumers.ts';
import type { Consumer, Consumers } from '../../catalog/lineage/consumers.ts';
import type { Lineage } from '../../catalog/lineage.ts';
import type { Contract } from '../../contracts/contract.ts';
import type { CommandCall } from '../command.ts';

export interface Reached extends Consumers {
  /** False: the lineage was not asked, and there may be more than are named here. */
  readonly known: boolean;
  /** Why it is not known. */
  readonly reason: string | null;
  /** What changes; null: the table as a whole. */
  readonly columns: readonly string[] | null;
}

export interface ReachedChange {
  readonly table: string;
  /** Of the table's schema, or a column's name; empty: the whole. */
  readonly path: string;
}

/** By table. `contracts` may name consumers themselves. */
export async function reachedBy(
  call: CommandCall,
  changes: readonly ReachedChange[],
  contracts: readonly Contract[],
): Promise<Readonly<Record<string, Reached>>> {
  const changed = changedColumns(changes);
  if (changed.size === 0) return {};
  const opened = await openedLineage(call);
  await using parts = new AsyncDisposableStack();
  if (typeof opened !== 'string') parts.use(opened);
  const reached: Record<string, Reached> = {};
  for (const [table, columns] of changed) {
    const declared = declaredReaders(contracts, table, columns);
    const found = typeof opened === 'string' ? opened : await asked(opened, table, columns, call.signal);
    reached[table] =
      typeof found === 'string'
        ? { known: false, reason: found, columns, consumers: declared, isTruncated: false }
        : { known: true, reason: null, columns, consumers: [...found.consumers, ...declared], isTruncated: found.isTruncated };
  }
  return reached;
}

/** The reason where there is no catalog to ask. */
async function openedLineage(call: CommandCall): Promise<Lineage | string> {
  const { openLineage } = await import('../wire.ts');
  try {
    return await openLineage(call.loadConfig());
  } catch (error) {
    return `no catalog to ask: ${messageOf(error)}`;
  }
}

async function asked(lineage: Lineage, table: string, columns: readonly string[] | null, signal: AbortSignal): Promise<Consumers | string> {
  try {
    return await lineage.consumersOf(table, columns, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    return `catalog not reached: ${messageOf(error)}`;
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}

export function reachedText({ known, reason, consumers, isTruncated, columns }: Reached): readonly string[] {
  const more = isTruncated ? ', and more than are told' : '';
  const what = columns === null ? 'the table' : columns.join(', ');
  const unknown = known ? [] : [`consumers unknown: ${reason ?? ''}`];
  if (consumers.length === 0) return known ? [`consumers of ${what}: none known${more}`] : unknown;
  return [`consumers of ${what}${more}:`, ...consumers.map((consumer) => `  ${consumerText(consumer)}`), ...unknown];
}

export function consumerText({ namespace, name, type, owners, columns, via, lastSeen }: Consumer): string {
  return [
    `${namespace}/${name}`,
    ...(type === null ? [] : [`(${type})`]),
    columns === null ? 'may read any column' : `reads ${columns.join(', ')}`,
    ...(via.length === 0 ? [] : [`via ${via.join(', ')}`]),
    ...(owners.length === 0 ? [] : [`owner ${owners.join(', ')}`]),
    lastSeen === null ? 'named by the contract' : `last seen ${lastSeen.slice(0, 10)}`,
  ].join('  ');
}
