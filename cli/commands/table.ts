// `foz table list|show|history|rollback`: what the lake has, and back to what it had; `foz table maintain|undrop`: its upkeep, and
// back what was dropped; `foz table current users --sql trino`: the SQL of a table's current rows, to make a view of it elsewhere;
// `foz table add public.orders`: one more table.

import type { Command, CommandGroup } from '../command.ts';
import { history } from './table/history.ts';
import { list } from './table/list.ts';
import { maintain } from './table/maintain.ts';
import { rollback } from './table/rollback.ts';
import { show } from './table/show.ts';
import { undrop } from './table/undrop.ts';

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
      import('../../query/current-text.ts'),
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

const add: Command = {
  description:
    'Bring one more PostgreSQL table into the lake while everything runs: topic, publication, connector, a snapshot of the rows that are there beside the stream, and foz.yaml, which a running foz run looks at. Safe to repeat. Exit 1 while something is left to be done by hand.',
  arguments: [{ name: '<table>', doc: 'as PostgreSQL has it: public.orders' }],
  options: [
    { flags: '--as <name>', doc: 'its name in the lake; default: the table’s own' },
    { flags: '--no-write', doc: 'leave foz.yaml alone, and show what to add to it' },
    { flags: '--snapshot', doc: 'read the rows that are there again' },
  ],
  examples: [
    ['foz table add public.orders', 'raw.orders and current.orders, with the rows that are there'],
    ['foz contract draft orders -o orders.odcs.yaml', 'a contract to begin with, after that'],
  ],
  run: async (call) => {
    const loaded = call.loadConfig();
    const [{ addTable }, { tableText }] = await Promise.all([import('../table/add-table.ts'), import('../output.ts')]);
    const given = call.options['as'];
    const steps = await addTable(
      {
        loaded,
        name: String(call.args[0]),
        table: typeof given === 'string' ? given : null,
        snapshot: call.options['snapshot'] === true,
        write: call.options['write'] !== false,
      },
      call.signal,
    );
    const isComplete = steps.every(({ outcome }) => outcome !== 'by hand');
    call.print({ table: String(call.args[0]), complete: isComplete, steps }, () =>
      tableText(
        ['step', 'outcome', 'what'],
        steps.map(({ step, outcome, detail }) => [step, outcome, detail]),
      ),
    );
    const name = steps.findLast(({ step }) => step === 'foz.yaml')
      ? typeof given === 'string'
        ? given
        : String(call.args[0]).split('.').at(-1)
      : null;
    if (!isComplete) call.note('foz: run what stands as “by hand”, then the same command again');
    else
      call.note(
        `foz: a running foz run takes it up by itself.\n  next: foz verify ${name ?? ''}   and   foz contract draft ${name ?? ''} -o ${name ?? ''}.odcs.yaml`,
      );
    return isComplete ? 0 : 1;
  },
};

export const table: CommandGroup = {
  description: 'Tables of the lake: what they are, what happened to them, one more of them',
  commands: { list, show, history, rollback, maintain, undrop, current, add },
};
