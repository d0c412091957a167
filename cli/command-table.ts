// Every command by name and summary, in the order of help. A row is here when its command works; loading a command is
// cheap, what it needs is imported when it runs.

import type { Command, CommandGroup } from './command.ts';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command | CommandGroup>;
}

export const commandTable: readonly CommandEntry[] = [
  {
    name: 'demo',
    summary: 'everything on this machine: a stream, kills, and proof',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  { name: 'init', summary: 'write a commented foz.yaml to begin with', load: async () => (await import('./commands/init.ts')).init },
  {
    name: 'check',
    summary: 'say everything that is wrong with the set-up, at once',
    load: async () => (await import('./commands/check.ts')).check,
  },
  { name: 'up', summary: 'start the real components on this machine', load: async () => (await import('./commands/up.ts')).up },
  { name: 'down', summary: 'stop them', load: async () => (await import('./commands/down.ts')).down },
  { name: 'run', summary: 'run the worker: log to lake, exactly once', load: async () => (await import('./commands/run.ts')).run },
  { name: 'status', summary: 'show what runs and how fresh it is', load: async () => (await import('./commands/status.ts')).status },
  { name: 'query', summary: 'ask the lake with SQL', load: async () => (await import('./commands/query.ts')).query },
  {
    name: 'verify',
    summary: 'compare a table with its source, row by row and value by value',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  {
    name: 'table',
    summary: 'list, show and roll back tables, bring one more into the lake',
    load: async () => (await import('./commands/table.ts')).table,
  },
  {
    name: 'resume',
    summary: 'decide how a halted table goes on',
    load: async () => (await import('./commands/resume.ts')).resume,
  },
  {
    name: 'erase',
    summary: 'take a key out of a table and out of every object of it',
    load: async () => (await import('./commands/erase.ts')).erase,
  },
  {
    name: 'connectors',
    summary: 'create topics and register the Debezium connectors',
    load: async () => (await import('./commands/connectors.ts')).connectors,
  },
  { name: 'catalog', summary: 'serve the Iceberg REST catalog alone', load: async () => (await import('./commands/catalog.ts')).catalog },
  {
    name: 'contract',
    summary: 'write, check, compare and register data contracts',
    load: async () => (await import('./commands/contract/contract.ts')).contract,
  },
  {
    name: 'entity',
    summary: 'say whose an entity is, and how careful to be with its columns',
    load: async () => (await import('./commands/entity.ts')).entity,
  },
  {
    name: 'search',
    summary: 'find tables, columns, contracts and owners',
    load: async () => (await import('./commands/search.ts')).search,
  },
  { name: 'audit', summary: 'show who changed what in the catalog', load: async () => (await import('./commands/audit.ts')).audit },
  {
    name: 'lineage',
    summary: 'show who reads a table, and declare those who do not tell',
    load: async () => (await import('./commands/lineage.ts')).lineage,
  },
  {
    name: 'quality',
    summary: 'declare, run and follow quality checks',
    load: async () => (await import('./commands/quality/quality.ts')).quality,
  },
];
