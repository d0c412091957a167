// `foz quality run [CHECK…]`: checks now, at the newest snapshots, whatever the schedule says.

import type { Declared } from '../../../quality/declare/declared.ts';
import type { Report } from '../../../quality/report/report.ts';
import type { RunReport } from '../../../quality/run/run-checks.ts';
import type { Command, CommandCall } from '../../command.ts';
import type { LoadedConfig } from '../../config.ts';
import type { Quality } from '../../quality/open-quality.ts';

export const run: Command = {
  description:
    'Run declared checks now, each table at its newest snapshot. A check whose snapshot was measured before is not measured again. Exit 1 when a check failed or could not be measured, or a declaration is wrong; a check that is skipped is told, and never passed.',
  arguments: [{ name: '[checks...]', doc: 'ids or names of checks; default: all' }],
  options: [
    { flags: '--table <table>', doc: 'only checks of this table' },
    {
      flags: '--format <format>',
      doc: 'how results are printed; junit, github and openlineage show no row and no key',
      choices: ['text', 'json', 'junit', 'github', 'openlineage'],
      default: 'text',
    },
    { flags: '--output <file>', doc: 'write them there instead of to stdout' },
    { flags: '--fail-on-skipped', doc: 'exit 1 also for what was skipped, is unknown or is not executed' },
  ],
  examples: [
    ['foz quality run', 'every check that is declared'],
    ['foz quality run rides.user-exists', 'one of them'],
    ['foz quality run --format junit --output quality.xml', 'for a build server'],
    ['foz quality run --format github', 'as annotations at the lines that declare the checks'],
    ['foz quality run --table users --json | jq .results[].outcome', 'for scripts'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const [{ openQuality }, { chooseChecks }, { runId }, { problemText }, { isBad }] = await Promise.all([
      import('../../quality/open-quality.ts'),
      import('../../quality/choose-checks.ts'),
      import('../../../quality/schedule/scheduler.ts'),
      import('../../../contracts/document/contract-problem.ts'),
      import('../../../quality/result.ts'),
    ]);
    await using quality = await openQuality(loaded, call.logger(loaded));
    const declared = await quality.declared(call.signal);
    const { names, table } = chosen(call);
    const checks = chooseChecks(declared.checks, names, table);
    const notExecuted = names.length > 0 ? [] : declared.notExecuted.filter((rule) => table === undefined || rule.table === table);
    const step = call.progress.start(`quality: ${checks.length} checks`);
    const startedAt = Date.now();
    const planned = { id: runId(startedAt), trigger: 'command' as const, startedAt, slots: new Map(), pins: new Map() };
    const report = await quality.run(checks, planned, call.signal);
    step.done(`${report.endedAt - report.startedAt} ms`);
    await printReport(call, { loaded, quality, declared }, { ...report, notExecuted });
    for (const problem of declared.problems) call.note(problemText(problem));
    const isWrong = declared.problems.some(({ severity }) => severity === 'error');
    const isSkipped = notExecuted.length > 0 || report.results.some(({ outcome }) => outcome === 'skipped' || outcome === 'unknown');
    return isWrong || report.results.some(isBad) || (call.options['failOnSkipped'] === true && isSkipped) ? 1 : 0;
  },
};

function chosen(call: CommandCall): { readonly names: readonly string[]; readonly table: string | undefined } {
  const table = call.options['table'];
  return { names: call.args.flat().filter((name) => typeof name === 'string'), table: typeof table === 'string' ? table : undefined };
}

interface Printing {
  readonly loaded: LoadedConfig;
  readonly quality: Quality;
  readonly declared: Declared;
}

async function printReport(
  call: CommandCall,
  { loaded, quality, declared }: Printing,
  report: Report & Pick<RunReport, 'reused'>,
): Promise<void> {
  const [{ resultsText }, { isSharedFormat, sharedReport }, { runJson }, { jsonText }] = await Promise.all([
    import('../../quality/result-text.ts'),
    import('../../quality/run-report.ts'),
    import('../../../quality/report/run-json.ts'),
    import('../../output.ts'),
  ]);
  const { id, startedAt, endedAt, pins, reused, results, notExecuted } = report;
  const value = {
    ...runJson(report),
    run: { id, startedAt, endedAt, snapshots: Object.fromEntries(pins) },
    results: results.map((result) => ({ ...result, isReused: reused.has(result.check.id) })),
    notExecuted,
    problems: declared.problems,
  };
  const format = call.isJson ? 'json' : call.options['format'];
  if (isSharedFormat(format)) {
    const personalOf = await quality.personalColumns([...new Set(results.map(({ check }) => check.table))], call.signal);
    return printed(call, value, sharedReport(format, report, loaded, personalOf));
  }
  return printed(call, value, format === 'json' ? jsonText(value) : resultsText(results, notExecuted));
}

async function printed(call: CommandCall, value: unknown, text: string): Promise<void> {
  const file = call.options['output'];
  if (typeof file !== 'string') return call.print(value, () => text);
  const { writeReport } = await import('../../quality/write-report.ts');
  await writeReport(file, text);
  call.note(`written: ${file}`);
}
