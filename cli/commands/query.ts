// `foz query "select …"`: the lake answers from this process; no server is needed beside the catalog.

import type { Command } from '../command.ts';
import { tableText } from '../output.ts';

export const query: Command = {
  description:
    'Ask the lake with SQL (DuckDB). raw.<table> is what landed, with _file and _committed_at beside every row; current.<table> is one row a key, as the source has it; any other <namespace>.<table> of the catalog is itself. Reading only.',
  arguments: [{ name: '<sql>', doc: 'one SELECT' }],
  options: [{ flags: '--csv', doc: 'the rows as CSV' }],
  examples: [
    ['foz query "SELECT city, count(*) FROM current.users GROUP BY 1 ORDER BY 2 DESC"', 'rows as the source has them now'],
    ['foz query "SELECT check_id, outcome FROM foz.quality_results ORDER BY measured_at DESC LIMIT 20"', 'what quality checks said'],
    ['foz query "SELECT op, count(*) FROM raw.users GROUP BY 1" --json', 'what landed, as one JSON document'],
    [
      'foz query "SELECT _rescued.reason, count(*) FROM raw.users WHERE _rescued IS NOT NULL GROUP BY 1"',
      'what could not be typed, and why',
    ],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const [{ openLakeSession }, { rowsCsv, rowsForPeople, rowsJson }] = await Promise.all([
      import('../query/lake-session.ts'),
      import('../query/print-rows.ts'),
    ]);
    await using session = await openLakeSession(loaded, call.logger(loaded));
    const { warnings, ...answer } = await session.lake.query(String(call.args[0]), call.signal);
    for (const warning of warnings) call.note(warning);
    if (call.options['csv'] === true) process.stdout.write(rowsCsv(answer));
    else if (call.isJson) process.stdout.write(`${rowsJson(answer)}\n`);
    else
      call.print(
        answer,
        () =>
          `${tableText(answer.columns, rowsForPeople(answer.rows))}\n(${answer.rows.length} ${answer.rows.length === 1 ? 'row' : 'rows'})`,
      );
    return 0;
  },
};
