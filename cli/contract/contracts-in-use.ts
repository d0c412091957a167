// The active contracts of foz.yaml's tables, from where `foz run` takes them.

import type { Contract } from '../../contracts/contract.ts';
import type { CommandCall } from '../command.ts';
import { tableTargets } from '../settings.ts';
import { contractsOf, openContracts } from '../wire.ts';

/** One entry a table; the contract of several tables comes once for each, with that table alone. */
export async function contractsInUse(call: CommandCall): Promise<readonly Contract[]> {
  const loaded = call.loadConfig();
  await using registry = await openContracts(loaded);
  const found: Contract[] = [];
  for (const { ident } of tableTargets(loaded.config)) {
    const active = await contractsOf(loaded, registry)?.activeContract(ident, call.signal);
    if (active) found.push({ ...active.contract, tables: [active.table] });
  }
  return found;
}
