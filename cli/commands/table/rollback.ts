// `foz table rollback users --to SNAPSHOT`: main goes back, in one commit.

import type { Command } from '../../command.ts';

export const rollback: Command = {
  description:
    'Point a table’s main branch at an older snapshot. Nothing is deleted: what is taken off main stays until it expires. A table that Foz writes halts on it, since its rows no longer go as far as its offsets, and the command that decides how it goes on is told.',
  arguments: [{ name: '<table>', doc: 'users, raw.users or any other table of the catalog' }],
  options: [
    { flags: '--to <snapshot>', doc: 'a snapshot’s id, a branch or tag, or a time as 2026-11-21T10:00:00Z: as main was then' },
    { flags: '--off-main', doc: 'also to a snapshot that main does not descend from: to undo a roll-back' },
    { flags: '--dry-run', doc: 'only say what it would do' },
  ],
  examples: [
    ['foz table history users', 'which snapshots there are'],
    ['foz table rollback users --to 2026-11-21T10:00:00Z --dry-run', 'what would leave main'],
    ['foz table rollback users --to 7193526459871130123', 'do it'],
    ['foz resume users --reread', 'then: read again what has left main'],
  ],
  run: async (call) => {
    const { rollbackTable } = await import('../../facts/rollback-table.ts');
    return rollbackTable(call);
  },
};
