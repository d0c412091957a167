// `foz entity list|show|set|remove`: what the lake is about, whose it is, and what was declared of it beside the contracts.

import type { Command, CommandGroup } from '../command.ts';

const name = { name: '<entity>', doc: 'users, rides, or the dotted name of a table that belongs to none' } as const;

const list: Command = {
  description: 'List entities with their tables, owners and contracts. Every table belongs to one, whether or not anything was said of it.',
  examples: [
    ['foz entity list', 'all of them'],
    ['foz entity list --json | jq ".entities[] | select(.owner == null) | .name"', 'those that nobody owns'],
  ],
  run: async (call) => {
    const [{ asked }, { entityListText }] = await Promise.all([import('../facts/asked.ts'), import('../facts/entity-text.ts')]);
    const entities = await asked(call, 'foz status', (facts) => facts.entities(call.signal));
    call.print({ entities }, () => entityListText(entities));
    return 0;
  },
};

const show: Command = {
  description: 'Show an entity: owner, team, tags, tables, the versions of its contract, and its columns with their classification.',
  arguments: [name],
  examples: [['foz entity show users', 'what the contract says, and what was declared beside it']],
  run: async (call) => {
    const [{ asked }, { entityText }] = await Promise.all([import('../facts/asked.ts'), import('../facts/entity-text.ts')]);
    const entity = await asked(call, 'foz entity list', (facts) => facts.entity(String(call.args[0]), call.signal));
    call.print(entity, () => entityText(entity));
    return 0;
  },
};

const set: Command = {
  description:
    'Declare what a contract does not say of an entity, or says otherwise: owner, team, description, tags, tables, and of its columns classification, kind of personal data and tags. What is not named stays; an empty text takes a word back.',
  arguments: [name],
  options: [
    { flags: '--owner <owner>', doc: 'whom to ask' },
    { flags: '--team <team>', doc: 'the team behind it' },
    { flags: '--description <text>', doc: 'what it is; with --column, what the column is' },
    { flags: '--tag <tag...>', doc: 'tags to add; with --column, to the column' },
    { flags: '--untag <tag...>', doc: 'tags to take away' },
    { flags: '--table <table...>', doc: 'tables that belong to it although they are called otherwise: sales.people' },
    { flags: '--untable <table...>', doc: 'tables that do so no more' },
    { flags: '--column <column>', doc: 'the column that the following are about' },
    {
      flags: '--classification <word>',
      doc: 'public, internal, confidential, restricted …; none: there is none, whatever the contract says',
    },
    { flags: '--pii <word>', doc: 'email, phone, name …; none: it is no personal data' },
  ],
  examples: [
    ['foz entity set users --owner ana@example.org --team growth --tag gdpr tier:1', 'whose it is'],
    ['foz entity set users --column email --classification restricted --pii email', 'how careful to be with a column'],
    ['foz entity set people --table sales.people crm.people', 'one thing, two tables'],
  ],
  run: async (call) => {
    const [{ asked }, { declarationOf }, { entityText }] = await Promise.all([
      import('../facts/asked.ts'),
      import('../facts/declaration-options.ts'),
      import('../facts/entity-text.ts'),
    ]);
    const said = declarationOf(call);
    const entity = await asked(call, 'foz entity list', (facts) => facts.declare(String(call.args[0]), said, call.signal));
    call.print(entity, () => entityText(entity));
    return 0;
  },
};

const remove: Command = {
  description: 'Take back all that was declared of an entity. Its tables, and what its contract says, stay.',
  arguments: [name],
  examples: [['foz entity remove users', 'the contract’s word alone stands again']],
  run: async (call) => {
    const { asked } = await import('../facts/asked.ts');
    const entity = String(call.args[0]);
    await asked(call, 'foz entity list', (facts) => facts.removeEntity(entity, call.signal));
    call.print({ entity, removed: true }, () => `nothing is declared of ${entity} any more`);
    return 0;
  },
};

export const entity: CommandGroup = {
  description: 'What the lake is about: entities, their owners, tags, and the classification of their columns',
  commands: { list, show, set, remove },
};
