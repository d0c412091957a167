// `foz quality board`: every service level with its newest result, or why nothing measures it, and a score a table.

import type { Board } from '../../../quality/report/board.ts';
import type { Command, CommandCall } from '../../command.ts';

export const board: Command = {
  description:
    'Print the board of service levels: every slaProperty of the contracts with its newest result, or the reason why nothing measures it; a score and a coverage a table. As text, JSON or one HTML page that loads nothing. Exit 1 when a service level is broken; with --fail-on-unknown also when one is not known to be kept.',
  options: [
    { flags: '--table <table>', doc: 'only this table' },
    { flags: '--format <format>', doc: 'how it is written', choices: ['text', 'json', 'html'], default: 'text' },
    { flags: '--output <file>', doc: 'write it there instead of to stdout' },
    { flags: '--run', doc: 'measure the service levels now, first' },
    { flags: '--fail-on-unknown', doc: 'exit 1 also for a level that was not measured or is not executed' },
  ],
  examples: [
    ['foz quality board', 'which promises are kept'],
    ['foz quality board --run --format html --output board.html', 'measured now, as a page'],
    ['foz quality board --json | jq ".tables[] | {table, score, coverage}"', 'for scripts'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const [{ openQuality }, { boardOf, countLevels }, { runId }] = await Promise.all([
      import('../../quality/open-quality.ts'),
      import('../../../quality/report/board.ts'),
      import('../../../quality/schedule/scheduler.ts'),
    ]);
    await using quality = await openQuality(loaded, call.logger(loaded));
    const all = await quality.declared(call.signal);
    const isAsked = ({ table }: { readonly table: string }): boolean => isTable(call, table);
    const declared = {
      ...all,
      checks: all.checks.filter(isAsked),
      notExecuted: all.notExecuted.filter(isAsked),
      serviceLevels: all.serviceLevels.filter(isAsked),
    };
    if (call.options['run'] === true) {
      const levels = new Set(declared.serviceLevels.map(({ checkId }) => checkId));
      const startedAt = Date.now();
      const run = { id: runId(startedAt), trigger: 'command' as const, startedAt, slots: new Map(), pins: new Map() };
      const step = call.progress.start(`service levels: ${levels.size}`);
      await quality.run(
        declared.checks.filter(({ id }) => levels.has(id)),
        run,
        call.signal,
      );
      step.done(`${Date.now() - startedAt} ms`);
    }
    const personalOf = await quality.personalColumns([...new Set(declared.checks.map(({ table }) => table))], call.signal);
    const shown = await boardOf({ declared, store: quality.store, personalOf, now: Date.now() });
    await write(call, shown);
    const { broken, unknown } = countLevels(shown.tables);
    return broken > 0 || (call.options['failOnUnknown'] === true && unknown > 0) ? 1 : 0;
  },
};

function isTable(call: CommandCall, table: string): boolean {
  const asked = call.options['table'];
  return typeof asked !== 'string' || asked === table || asked.endsWith(`.${table}`);
}

async function write(call: CommandCall, shown: Board): Promise<void> {
  const [{ boardText }, { boardHtml }, { writeReport }, { jsonText, tableText }] = await Promise.all([
    import('../../../quality/report/board-text.ts'),
    import('../../../quality/report/board-html.ts'),
    import('../../quality/write-report.ts'),
    import('../../output.ts'),
  ]);
  const format = call.isJson ? 'json' : call.options['format'];
  const text = format === 'html' ? boardHtml(shown) : format === 'json' ? jsonText(shown) : boardText(shown, tableText);
  const file = call.options['output'];
  if (typeof file !== 'string') return call.print(shown, () => text);
  await writeReport(file, text);
  call.note(`written: ${file}`);
}
