// Every command by name and summary, in the order of help. A row is here when its command works; loading a command is
// cheap, what it needs is imported when it runs.

import type { Command, CommandGroup } from './command.ts';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command | CommandGroup>;
}

export const commandTable: readonly CommandEntry[] = [
  { name: 'init', summary: 'write a commented foz.yaml to begin with', load: async () => (await import('./commands/init.ts')).init },
  {
    name: 'check',
    summary: 'say everything that is wrong with the set-up, at once',
    load: async () => (await import('./commands/check.ts')).check,
  },
];
