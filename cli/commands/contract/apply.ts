// `foz contract apply FILE|ID`: the plan of a contract, committed while sync goes on.

import type { Command } from '../../command.ts';
import { evolveOptions } from '../../contract/evolve-options.ts';

export const apply: Command = {
  description:
    'Give a raw table the columns of its contract, while sync goes on: the plan of foz contract plan in one commit, without rewriting a file. Records already in the table stay rebuildable. Exit 1, and nothing written, while something has to be decided.',
  arguments: [{ name: '<contract>', doc: 'a document, or the id of a registered contract' }],
  options: evolveOptions,
  examples: [
    ['foz contract apply users', 'the newest version that is registered'],
    ["foz contract apply users --decide '*=replace'", 'every column takes the contract’s type'],
  ],
  run: async (call) => {
    const { evolveTable } = await import('../../contract/evolve-table.ts');
    return evolveTable(call, true);
  },
};
