// `foz table maintain users`: the upkeep now, instead of when its time comes.

import type { Command } from '../../command.ts';

export const maintain: Command = {
  description:
    'Keep tables up, beside whoever writes them: forget old snapshots (expire), merge manifests, write small data files as few sorted ones (compact), delete objects that nobody can name any more (orphans), and the files of dropped tables whose grace is over (purge). foz run and foz catalog serve do it by themselves (catalog.maintenance). Exit 1 when a step was left for later.',
  arguments: [
    { name: '[table]', doc: 'users, raw.users or any other table with its namespace; default: all raw tables and those of namespace foz' },
  ],
  options: [
    { flags: '--only <steps...>', doc: 'these alone: expire, manifests, compact, orphans, purge' },
    { flags: '--dry-run', doc: 'only say what there is to do' },
  ],
  examples: [
    ['foz table maintain --dry-run', 'what there is to do, table by table'],
    ['foz table maintain users --only compact', 'few large files, sorted by key'],
    ['foz table maintain --only orphans --dry-run --json', 'every object that would be deleted, for scripts'],
  ],
  run: async (call) => {
    const { runMaintain } = await import('../../maintenance/run-maintain.ts');
    return runMaintain(call);
  },
};
