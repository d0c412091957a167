// `foz contract plan FILE|ID`: what a contract would change in its table. Writes nothing.

import type { Command } from '../../command.ts';
import { evolveOptions } from '../../contract/evolve-options.ts';

export const plan: Command = {
  description:
    'Show what a contract would change in its raw table: columns added, renamed, hidden, widened, reordered, documented, what happens to the rows there already, and what needs a decision. Exit 1 while something has to be decided.',
  arguments: [{ name: '<contract>', doc: 'a document, or the id of a registered contract' }],
  options: evolveOptions,
  examples: [
    ['foz contract plan users.odcs.yaml', 'the steps from the table as it is to the contract'],
    ["foz contract plan users --decide 'fare=replace'", 'with a decision taken'],
  ],
  run: async (call) => {
    const { evolveTable } = await import('../../contract/evolve-table.ts');
    return evolveTable(call, false);
  },
};
