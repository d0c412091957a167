// `foz table current users --sql trino`: the SQL of a table's current rows, to make a view of it elsewhere.

import type { Command, CommandGroup } from '../command.ts';

const current: Command = {
  description: 'Print the SQL that gives one row a key, as the source has it now, over the raw table.',
  arguments: [{ name: '<table>', doc: 'users, rides or any other table of change events' }],
  options: [
    { flags: '--sql <dialect>', doc: 'whose SQL', choices: ['trino', 'duckdb'], default: 'trino' },
    { flags: '--from <relation>', doc: 'the raw table as it is called there; default: foz.raw.<table> (Trino), raw.<table> (DuckDB)' },
  ],
  examples: [
    ['foz table current users --sql trino', 'to put behind CREATE VIEW … AS'],
    ['foz table current rides --sql trino --from lake.raw.rides', 'where the Trino catalog is called lake'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const logger = call.logger(loaded);
    const [{ openCatalog, openStore }, { currentText }, { targetNamed }] = await Promise.all([
      import('../wire.ts'),
      import('../query/current-text.ts'),
      import('../settings.ts'),
    ]);
    const { ident } = targetNamed(loaded.config, String(call.args[0]));
    await using store = openStore(loaded, logger);
    await using opened = await openCatalog(loaded, store, logger);
    const dialect = call.options['sql'] === 'duckdb' ? 'duckdb' : 'trino';
    const given = call.options['from'];
    const from = typeof given === 'string' ? given : `${dialect === 'trino' ? 'foz.' : ''}${[...ident.namespace, ident.name].join('.')}`;
    const sql = await currentText(opened.catalog, ident, dialect, from);
    call.print({ table: ident.name, dialect, from, sql }, () => sql);
    return 0;
  },
};

export const table: CommandGroup = {
  description: 'What a table is, told for other engines',
  commands: { current },
};
