// Every contract that is compared with its source where none is named: the active ones of foz.yaml's tables, from where
// `foz run` takes them, and those of the registry whose source table is known though foz.yaml does not sync it (yet).

import type { ContractRegistry } from '../../catalog/contract-registry.ts';
import { databaseOfBody } from '../../contracts/column-type.ts';
import type { Contract } from '../../contracts/contract.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { CommandCall } from '../command.ts';
import { tableTargets } from '../settings.ts';
import { contractsOf, openContracts } from '../wire.ts';

/** One entry a table; the contract of several tables comes once for each, with that table alone. */
export async function contractsInUse(call: CommandCall): Promise<readonly Contract[]> {
  const loaded = call.loadConfig();
  await using registry = await openContracts(loaded);
  const contracts = contractsOf(loaded, registry);
  const found: Contract[] = [];
  for (const { ident } of tableTargets(loaded.config)) {
    const active = await contracts?.activeContract(ident, call.signal);
    if (active) found.push({ ...active.contract, tables: [active.table] });
  }
  // Contracts in files have no registry beside them.
  if (contracts !== registry) return found;
  const { sources } = loaded.config;
  const known = new Set(found.flatMap(({ tables }) => tables.map(({ name }) => name)));
  for (const contract of await activeContracts(registry, call.signal)) {
    for (const table of contract.tables.filter(({ name }) => !known.has(name))) {
      const database = databaseOfBody(table.body);
      const isKnown = table.physicalName?.includes('.') === true && sources[database] !== undefined;
      if (isKnown) found.push({ ...contract, tables: [table] });
      else call.note(`foz: ${contract.id} ${contract.version}: ${table.name} is not compared: ${whyNot(table.physicalName, database)}`);
    }
  }
  return found;
}

function whyNot(physicalName: string | null, database: string): string {
  if (physicalName?.includes('.') !== true) return 'physicalName does not say schema.table';
  return `sources.${database} is not in foz.yaml`;
}

async function activeContracts(registry: ContractRegistry, signal: AbortSignal): Promise<readonly Contract[]> {
  const listed = await registry.list(signal).catch((error: unknown) => {
    // Another catalog, without a registry.
    if (error instanceof LakeError && error.code === 'CATALOG_REFUSED') return null;
    throw error;
  });
  const active: Contract[] = [];
  for (const { id, inForce } of listed?.kind === 'ok' ? listed.value : []) {
    if (inForce === null) continue;
    const shown = await registry.show(id, inForce, signal);
    if (shown.kind === 'ok') active.push(shown.value.contract);
  }
  return active;
}
