// `foz table list`: what the lake holds, a line each.

import type { Command } from '../../command.ts';

export const list: Command = {
  description: 'List tables and views with their rows, sizes, last commits and owners, as their newest snapshots say.',
  options: [{ flags: '--namespace <name>', doc: 'only those in it and below it' }],
  examples: [
    ['foz table list', 'every table and view of the catalog'],
    ['foz table list --namespace raw', 'only the raw ones'],
    ['foz table list --json | jq ".tables[] | select(.owner == null) | .table"', 'those that nobody owns'],
  ],
  run: async (call) => {
    const [{ asked, textOption }, { tableListText }] = await Promise.all([
      import('../../facts/asked.ts'),
      import('../../facts/table-list-text.ts'),
    ]);
    const tables = await asked(call, 'foz status', (facts) => facts.tables(textOption(call, 'namespace'), call.signal));
    call.print({ tables }, () => tableListText(tables));
    return 0;
  },
};
