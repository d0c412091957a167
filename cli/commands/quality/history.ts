// `foz quality history CHECK`: its results, newest first. Also of a check that is declared no more.

import type { Command } from '../../command.ts';

const limitDefault = 20;

export const history: Command = {
  description: 'Print the results of one check, newest first: when, what came of it, what was found, and at which snapshot.',
  arguments: [{ name: '<check>', doc: 'its id: users.email-present' }],
  options: [
    { flags: '--limit <n>', doc: 'how many', default: limitDefault, parse: count },
    {
      flags: '--format <format>',
      doc: 'how they are printed; openlineage is an event a result, without keys',
      choices: ['text', 'json', 'openlineage'],
      default: 'text',
    },
  ],
  examples: [
    ['foz quality history users.email-present', 'the last 20'],
    ['foz quality history users.email-present --limit 500 --json', 'for scripts'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const [{ openQualityStore }, { resultOfRecord }, { outcomeText }, { tableText }] = await Promise.all([
      import('../../wire.ts'),
      import('../../../quality/run/result-record.ts'),
      import('../../quality/result-text.ts'),
      import('../../output.ts'),
    ]);
    await using store = await openQualityStore(loaded);
    const [id, limit] = [String(call.args[0]), Number(call.options['limit'])];
    const results = (await store.quality.listResults({ checkId: id, limit })).map(resultOfRecord);
    const format = call.options['format'];
    const [{ reportOfResult, sharedReport }, { jsonText }] = await Promise.all([
      import('../../quality/run-report.ts'),
      import('../../output.ts'),
    ]);
    call.print({ check: id, results }, () => {
      if (format === 'json') return jsonText({ check: id, results });
      // No contract is asked: what may be somebody's value is not told.
      if (format === 'openlineage')
        return results.map((result) => sharedReport('openlineage', reportOfResult(result), loaded, () => null)).join('\n');
      const rows = results.map((result) => [
        new Date(result.startedAt).toISOString(),
        outcomeText(result.outcome),
        result.measured?.value ?? null,
        result.reason,
        result.snapshotId,
      ]);
      return rows.length === 0
        ? `${id} has no results (foz quality run ${id})`
        : tableText(['at', 'outcome', 'value', 'found', 'snapshot'], rows);
    });
    return 0;
  },
};

function count(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new RangeError('expected a whole number from 1 to 99999');
  return Number(text);
}
