// `foz contract plan` and `foz contract apply`: a contract's columns and a table's, told as steps, and committed.

import type { Decision, EvolutionPlan } from '../../contracts/evolution/plan.ts';
import { LakeError } from '../../runtime/errors.ts';
import { systemClock } from '../../runtime/clock.ts';
import { systemRandom } from '../../runtime/random.ts';
import { applyContract, planContract, type AppliedContract } from '../../sync/apply-contract.ts';
import type { CommandCall } from '../command.ts';
import { reachedBy, reachedText, type ReachedChange } from '../lineage/reached.ts';
import { tableText } from '../output.ts';
import { targetNamed } from '../settings.ts';
import { openCatalog, openStore } from '../wire.ts';
import { namedContract, tableNamed } from './named-contract.ts';

/** Exit 1 while something has to be decided. */
export async function evolveTable(call: CommandCall, isApplied: boolean): Promise<number> {
  const contract = await namedContract(String(call.args[0]), call);
  const loaded = call.loadConfig();
  const named = call.options['table'];
  const ofContract = contract.tables.length === 1 ? undefined : typeof named === 'string' ? named.split('.').at(-1) : undefined;
  const table = tableNamed(contract, ofContract);
  const target = targetNamed(loaded.config, typeof named === 'string' ? named : table.name);
  const logger = call.logger(loaded);
  await using store = openStore(loaded, logger);
  await using opened = await openCatalog(loaded, store, logger);
  const wanted = { contract, table, decisions: decisionsOf(call.options['decide']) };
  const deps = { catalog: opened.catalog, store, clock: systemClock, random: systemRandom };
  const result: Pick<AppliedContract, 'plan'> & { readonly outcome: string } = isApplied
    ? await applyContract(target, wanted, deps, call.signal)
    : { outcome: 'planned', plan: await planContract(target, wanted, opened.catalog, call.signal) };
  const { outcome, plan } = result;
  const consumers = await reachedBy(call, changesOf(table.name, plan), [contract]);
  const reached = consumers[table.name];
  const name = [...target.ident.namespace, target.ident.name].join('.');
  const head = `${name}, contract ${contract.id} ${contract.version}: ${headline(outcome, plan)}`;
  const { steps, undecided } = plan;
  call.print({ table: name, contract: contract.id, version: contract.version, outcome, undecided, steps, consumers: reached ?? null }, () =>
    [head, ...(steps.length === 0 ? [] : [stepsText(plan)]), ...(reached ? reachedText(reached) : [])].join('\n'),
  );
  const next = nextCommand(String(call.args[0]), typeof named === 'string' ? named : null, table.name, result);
  if (next !== null) call.note(`foz: next: ${next}`);
  return undecided > 0 ? 1 : 0;
}

/** Null where nothing is left to do. */
function nextCommand(
  name: string,
  named: string | null,
  table: string,
  { outcome, plan: { steps, undecided } }: Pick<AppliedContract, 'plan'> & { readonly outcome: string },
): string | null {
  const open = steps.filter((step) => step.kind === 'decision');
  if (open.some((step) => step.choices.length === 0)) return 'change the contract where no choice is shown, and register it again';
  const decisions = open.map((step) => ` --decide '${step.column}=${step.choices[0]?.decision ?? ''}'`).join('');
  if (undecided > 0 || (outcome === 'planned' && steps.length > 0))
    return `foz contract apply ${name}${named === null ? '' : ` --table ${named}`}${decisions}`;
  return outcome === 'applied' ? `foz verify ${named?.split('.').at(-1) ?? table}` : null;
}

/** Steps that a reader of the column notices; after a rename the one who reads it does so by the old name. */
function changesOf(table: string, { steps }: EvolutionPlan): readonly ReachedChange[] {
  const felt = steps.filter(({ kind }) => ['rename', 'hide', 'replace', 'widen', 'decision'].includes(kind));
  return felt.map(({ kind, column, detail }) => {
    const read = kind === 'rename' ? (detail.split(' → ', 1)[0] ?? column) : column;
    return { table, path: read.split('.', 1)[0] ?? read };
  });
}

function headline(outcome: string, { steps, undecided }: EvolutionPlan): string {
  if (undecided > 0) return `${undecided} of ${steps.length} steps to be decided, nothing is applied before`;
  if (outcome === 'unchanged' || steps.length === 0) return 'the columns are as the contract has them';
  return outcome === 'applied' ? `${steps.length} steps applied` : `${steps.length} steps`;
}

function stepsText({ steps }: EvolutionPlan): string {
  const rows = steps.flatMap(({ kind, column, detail, rows: there, choices }) => [
    [kind === 'decision' ? 'TO DECIDE' : kind, column, detail, there],
    ...choices.map(({ decision, what }) => ['', '', `--decide '${column}=${decision}'`, what]),
  ]);
  return tableText(['step', 'column', 'what', 'rows there already'], rows);
}

function decisionsOf(given: unknown): ReadonlyMap<string, Decision> {
  const texts = Array.isArray(given) ? given.map(String) : [];
  return new Map(
    texts.map((text) => {
      const at = text.lastIndexOf('=');
      const [column, decision] = [text.slice(0, at), text.slice(at + 1)];
      if (at > 0 && (decision === 'replace' || decision === 'keep')) return [column, decision] as const;
      throw new LakeError('ARGUMENT_INVALID', `--decide ${text} is no decision`, {
        context: { expected: 'COLUMN=replace or COLUMN=keep', found: text },
      });
    }),
  );
}
