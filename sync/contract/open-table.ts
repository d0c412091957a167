// A table without rows takes the columns of its contract before the first record comes, so that it has those types from
// the start. Nothing can be in doubt there; a table with rows waits for a person (`foz contract apply`).

import { identText, type LoadedTable } from '../../catalog/catalog.ts';
import type { ContractInForce } from '../../catalog/contracts.ts';
import { columnsProperty } from '../../contracts/evolution/columns-property.ts';
import { shapesProperty } from '../../lake/raw/shapes-property.ts';
import { applyContract } from '../apply-contract.ts';
import { reload, untilAvailable, type CommitDeps } from '../commit.ts';
import { ensureTable, type TableTarget } from '../table.ts';
import type { TableContracts } from './table-contracts.ts';

/** The table as it stands, made where it is absent, and what its contract is by now. */
export async function openTable(
  target: TableTarget,
  contracts: TableContracts | null,
  deps: CommitDeps,
  signal: AbortSignal,
): Promise<LoadedTable> {
  const table = await untilAvailable(() => ensureTable(deps.catalog, target, deps.crashPoint, signal), deps, signal);
  await deps.crashPoint('assign:after-load');
  // Before the first row: what should be masked must never land as it is.
  await untilAvailable(async () => contracts?.load(signal), deps, signal);
  return untilAvailable(() => withContractColumns(table, contracts?.newest ?? null, target, deps, signal), deps, signal);
}

async function withContractColumns(
  table: LoadedTable,
  contract: ContractInForce | null,
  target: TableTarget,
  deps: CommitDeps,
  signal: AbortSignal,
): Promise<LoadedTable> {
  const { snapshots, properties } = table.metadata;
  const isNew = snapshots.length === 0 && properties[shapesProperty] === undefined && properties[columnsProperty] === undefined;
  if (contract === null || !isNew) return table;
  const { outcome, plan } = await applyContract(
    target,
    { contract: contract.contract, table: contract.table, decisions: new Map() },
    deps,
    signal,
  );
  const { id, version } = contract.contract;
  const steps = { table: identText(target.ident), contract: `${id}@${version}`, outcome, columns: plan.steps.length };
  if (outcome === 'undecided') deps.logger.warn(steps, 'the contract names columns that cannot stand beside each other: foz contract plan');
  else deps.logger.info(steps, 'the table has the columns of its contract');
  return reload(target, table, deps, signal);
}
