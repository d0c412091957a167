// `foz contract diff --source [FILE|ID]`: a contract against the live table, as it is declared now. Without a name: every
// active contract whose source is known. Exit 1 on drift.

import type { Contract } from '../../../contracts/contract.ts';
import type { Drift } from '../../../contracts/draft/drift.ts';
import { LakeError } from '../../../runtime/errors.ts';
import type { CommandCall, CommandOption } from '../../command.ts';
import type { LiveTable } from '../../contract/live-table.ts';

/** Options of `foz contract diff` that are about the source. */
export const sourceOptions: readonly CommandOption[] = [
  { flags: '--source', doc: 'compare with the live table instead of another version' },
  { flags: '--at <url>', doc: 'with --source: where the table is, when foz.yaml does not say; as for foz contract draft' },
];

interface Compared {
  readonly contract: string;
  readonly version: string;
  readonly table: string;
  /** `public.users`, as the source calls it. */
  readonly source: string;
  readonly drifts: readonly Drift[];
}

/** `name`: a document, the id of a registered contract, or null for all active ones. */
export async function diffSource(call: CommandCall, name: string | null): Promise<number> {
  const [{ isDrift, driftText }, { contractsInUse }] = await Promise.all([
    import('../../../contracts/draft/drift-text.ts'),
    import('../../contract/contracts-in-use.ts'),
  ]);
  const compared = name === null ? await compareAll(call, await contractsInUse(call)) : await compareNamed(call, name);
  const drifts = compared.flatMap((one) => one.drifts);
  const ok = !isDrift(drifts);
  call.print({ ok, tables: compared }, () =>
    compared
      .map(({ contract, version, source, drifts: found }) => {
        const head = `${contract} ${version} against ${source}: ${found.length === 0 ? 'no drift' : plural(found.length)}`;
        return [head, ...found.map(driftText)].join('\n');
      })
      .join('\n\n'),
  );
  return ok ? 0 : 1;
}

function plural(count: number): string {
  return count === 1 ? '1 difference' : `${count} differences`;
}

async function compareNamed(call: CommandCall, name: string): Promise<readonly Compared[]> {
  const { namedContract } = await import('../../contract/named-contract.ts');
  return compareAll(call, [await namedContract(name, call)]);
}

async function compareAll(call: CommandCall, contracts: readonly Contract[]): Promise<readonly Compared[]> {
  const { openLiveTable, liveTableOf } = await import('../../contract/live-table.ts');
  const at = call.options['at'];
  const compared: Compared[] = [];
  for (const contract of contracts) {
    if (typeof at === 'string') {
      await using live = openLiveTable(at, call, process.env);
      compared.push(await compare(contract, live, call.signal));
      continue;
    }
    for (const table of contract.tables) {
      await using live = liveTableOf(call.loadConfig(), table);
      compared.push(await compare({ ...contract, tables: [table] }, live, call.signal));
    }
  }
  if (compared.length > 0) return compared;
  throw new LakeError('ARGUMENT_INVALID', 'no contract is active for a source that foz.yaml knows', {
    context: { expected: 'foz contract diff --source FILE, or a registered contract', found: 'none', next: 'foz contract list' },
  });
}

async function compare(contract: Contract, live: LiveTable, signal: AbortSignal): Promise<Compared> {
  const { driftOf, tableMissing, tableOf } = await import('../../../contracts/draft/drift.ts');
  const { namespace, table: name } = live.name;
  const table = await live.source.introspect(live.name, signal);
  const drifts = table
    ? driftOf(contract, table, live.database)
    : [tableMissing(`table ${namespace}.${name}`, 'no such table, or not visible to the role')];
  const told = (table && tableOf(contract, table)?.name) ?? contract.tables[0]?.name ?? '';
  return { contract: contract.id, version: contract.version, table: told, source: `${namespace}.${name}`, drifts };
}
