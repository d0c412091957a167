// `foz table show users`: one table, its columns and their figures.

import type { Command } from '../../command.ts';

export const show: Command = {
  description:
    'Show a table: whose it is, its rows and files, where it comes from and who reads it, and of each column its type, nulls and bounds. Read from Iceberg metadata: no data file is opened. Bounds are kept back of columns that are not known to be harmless.',
  arguments: [{ name: '<table>', doc: 'users, raw.users or any other table of the catalog' }],
  options: [{ flags: '--all', doc: 'the columns of the row before a change as well' }],
  examples: [
    ['foz table show users', 'raw.users with its columns'],
    ['foz table show raw.users --json | jq .statistics', 'rows, bytes, files'],
  ],
  run: async (call) => {
    const [{ asked }, { tableDetailText }] = await Promise.all([
      import('../../facts/asked.ts'),
      import('../../facts/table-detail-text.ts'),
    ]);
    const table = await asked(call, 'foz table list', (facts) => facts.table(String(call.args[0]), call.signal));
    call.print(table, () => tableDetailText(table, call.options['all'] === true));
    return 0;
  },
};
