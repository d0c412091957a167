// `foz quality list [FILE…]`: every check that is declared, and what is declared and not executed. Measures nothing.

import type { Declared, NotExecuted } from '../../../quality/declare/declared.ts';
import type { Check } from '../../../quality/check.ts';
import type { Command, CommandCall } from '../../command.ts';

export const list: Command = {
  description:
    'Print every check that contracts and files declare: what is measured, what must hold, how bad a failure is, when it is due and where it stands; then what is declared and not executed, with the reason. Measures nothing. Exit 1 when a declaration is wrong.',
  arguments: [{ name: '[files...]', doc: 'only these files of checks and contracts, without a configuration' }],
  options: [{ flags: '--check', doc: 'ask the lake too, whether its tables have the columns' }],
  examples: [
    ['foz quality list', 'what foz.yaml and the contracts in force declare'],
    ['foz quality list quality/*.yaml', 'what is wrong with these files, offline'],
    ['foz quality list --check', 'columns that a table does not have, before any run'],
  ],
  run: async (call) => {
    const [{ problemText }, { originText }] = await Promise.all([
      import('../../../contracts/document/contract-problem.ts'),
      import('../../../quality/declare/declare-checks.ts'),
    ]);
    const declared = await declaredBy(call);
    const { checks, notExecuted, serviceLevels, problems } = declared;
    const rows = await checkRows(checks, originText);
    const value = { checks: rows.map(({ json }) => json), notExecuted: notExecuted.map(notExecutedJson), serviceLevels, problems };
    call.print(value, () => listText(rows, notExecuted, originText));
    if (!call.isJson) for (const problem of problems) call.note(problemText(problem));
    return problems.some(({ severity }) => severity === 'error') ? 1 : 0;
  },
};

async function declaredBy(call: CommandCall): Promise<Declared> {
  const { checksOfDocuments, declaredChecks } = await import('../../quality/declared-checks.ts');
  const files = call.args.flat().filter((file) => typeof file === 'string');
  const isChecked = call.options['check'] === true;
  if (files.length > 0 && !isChecked) return checksOfDocuments(files);
  const { contractsOf, openContracts } = await import('../../wire.ts');
  const loaded = call.loadConfig();
  await using registry = loaded.config.contracts.registry === 'none' ? null : await openContracts(loaded);
  const declared = files.length > 0 ? checksOfDocuments(files) : await declaredChecks(loaded, contractsOf(loaded, registry), call.signal);
  if (!isChecked) return declared;
  const { lakeProblems } = await import('../../quality/lake-problems.ts');
  return { ...declared, problems: [...declared.problems, ...(await lakeProblems(declared.checks, loaded, call))] };
}

interface CheckRow {
  readonly cells: readonly string[];
  readonly json: unknown;
}

async function checkRows(checks: readonly Check[], originText: (origin: Check['origin']) => string): Promise<readonly CheckRow[]> {
  const [{ measureText }, { measureUnit }, { thresholdText }, { whenText }] = await Promise.all([
    import('../../../quality/declare/measure-text.ts'),
    import('../../../quality/measure-unit.ts'),
    import('../../../quality/declare/threshold-text.ts'),
    import('../../../quality/declare/when-text.ts'),
  ]);
  return checks.map((check) => {
    const unit = measureUnit(check.measure);
    const measure = `${measureText(check.measure)}${check.filter === null ? '' : ` where ${check.filter}`}`;
    const must = thresholdText(check.fail, unit);
    const should = check.warn === null ? null : thresholdText(check.warn, unit);
    const when = whenText(check.when);
    return {
      cells: [check.id, measure, should === null ? must : `${must}; should be ${should}`, check.severity, when, originText(check.origin)],
      json: { ...check, said: { measure, must, should, when } },
    };
  });
}

function notExecutedJson(rule: NotExecuted): unknown {
  return { ...rule, outcome: 'not executed' };
}

function listText(rows: readonly CheckRow[], notExecuted: readonly NotExecuted[], originText: (origin: Check['origin']) => string): string {
  const parts = rows.map(({ cells }) => cells.map((cell) => cell.replaceAll(/\s*\n\s*/g, ' ')));
  const header = ['check', 'measure', 'must be', 'severity', 'when (UTC)', 'declared in'];
  const table = rows.length === 0 ? 'no check is declared: write quality/TABLE.yaml' : columns([header, ...parts]);
  const left = notExecuted.map(({ id, reason, origin }) => `  ${id}: ${reason}\n      ${originText(origin)}`);
  return [table, ...(left.length === 0 ? [] : ['', `not executed: ${left.length}`, ...left])].join('\n');
}

const cellMax = 70;

function columns(rows: readonly (readonly string[])[]): string {
  const cut = rows.map((row) =>
    row.map((cell, index) => (cell.length > cellMax && index < row.length - 1 ? `${cell.slice(0, cellMax - 1)}…` : cell)),
  );
  const widths = (cut[0] ?? []).map((_, index) => Math.max(...cut.map((row) => (row[index] ?? '').length)));
  return cut
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
