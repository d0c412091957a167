// `foz quality show CHECK`: what it says, and its newest result with the rows that fail.

import type { Command } from '../../command.ts';

export const show: Command = {
  description: 'Print one check: what it measures, what must hold, where it is declared, and its newest result with the rows that fail.',
  arguments: [{ name: '<check>', doc: 'its id, or its name' }],
  options: [
    {
      flags: '--format <format>',
      doc: 'how it is printed; junit, github and openlineage tell the result, without rows and keys',
      choices: ['text', 'json', 'junit', 'github', 'openlineage'],
      default: 'text',
    },
  ],
  examples: [
    ['foz quality show rides.user-exists', 'with the rows that fail'],
    ['foz quality show rides.user-exists --format github', 'its newest result as an annotation'],
    ['foz quality show rides.user-exists --json | jq .result.failing', 'for scripts'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const [{ openQuality }, { chooseChecks }, { resultOfRecord }, texts, { whenText }, { measureText }, { originText }, { expectedText }] =
      await Promise.all([
        import('../../quality/open-quality.ts'),
        import('../../quality/choose-checks.ts'),
        import('../../../quality/run/result-record.ts'),
        import('../../quality/result-text.ts'),
        import('../../../quality/declare/when-text.ts'),
        import('../../../quality/declare/measure-text.ts'),
        import('../../../quality/declare/declare-checks.ts'),
        import('../../../quality/run/expected-text.ts'),
      ]);
    await using quality = await openQuality(loaded, call.logger(loaded));
    const { checks } = await quality.declared(call.signal);
    const [check] = chooseChecks(checks, [String(call.args[0])], undefined);
    if (!check) return 1;
    const [stored] = await quality.store.listResults({ checkId: check.id, limit: 1 });
    const result = stored ? resultOfRecord(stored) : null;
    const format = call.options['format'];
    const [{ isSharedFormat, reportOfResult, sharedReport }, { jsonText }] = await Promise.all([
      import('../../quality/run-report.ts'),
      import('../../output.ts'),
    ]);
    if (result !== null && isSharedFormat(format) && !call.isJson) {
      const personalOf = await quality.personalColumns([check.table], call.signal);
      call.print(result, () => sharedReport(format, reportOfResult(result), loaded, personalOf));
      return 0;
    }
    call.print({ check, result }, () => {
      if (format === 'json') return jsonText({ check, result });
      return [
        `${check.id}${check.description === null ? '' : `: ${check.description}`}`,
        `  measures   ${measureText(check.measure)}${check.filter === null ? '' : ` where ${check.filter}`} of ${check.view}.${check.table}`,
        `  must be    ${expectedText(check)}`,
        `  severity   ${check.severity}${check.owner === null ? '' : `, owner ${check.owner}`}`,
        `  runs       ${whenText(check.when)} on ${check.engine}`,
        `  declared   ${originText(check.origin)}`,
        result === null
          ? '  result     not run yet'
          : `  result     ${texts.outcomeText(result.outcome)} at ${new Date(result.startedAt).toISOString()}, snapshot ${result.snapshotId ?? '–'}: ${result.reason}`,
        ...(result?.failing ? ['', texts.failingText(check.id, result.failing)] : []),
      ].join('\n');
    });
    return 0;
  },
};
