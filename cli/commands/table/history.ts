// `foz table history users`: its snapshots and what happened to its columns.

import type { Command } from '../../command.ts';
import { countOption } from '../../facts/asked.ts';

const snapshotsMax = 10_000;

export const history: Command = {
  description:
    'Show the snapshots of a table and what happened to its columns: when, by whom and under which contract each was added, renamed, retyped or dropped. Newest first.',
  arguments: [{ name: '<table>', doc: 'users, raw.users or any other table of the catalog' }],
  options: [
    { flags: '--column <column>', doc: 'only what happened to this column, under any name it has had' },
    { flags: '--limit <n>', doc: 'snapshots shown', default: 20, parse: countOption(snapshotsMax) },
  ],
  examples: [
    ['foz table history users', 'the newest 20 snapshots, and every change of a column'],
    ['foz table history users --column email', 'when it came, what it was called, which types it had'],
  ],
  run: async (call) => {
    const [{ asked, textOption }, { changesOf, columnHistoryText, tableHistoryText }] = await Promise.all([
      import('../../facts/asked.ts'),
      import('../../facts/table-history-text.ts'),
    ]);
    const limit = Number(call.options['limit']);
    const told = await asked(call, 'foz table list', (facts) => facts.history(String(call.args[0]), limit, call.signal));
    const column = textOption(call, 'column');
    if (column === null) {
      call.print(told, () => tableHistoryText(told));
      return 0;
    }
    const schemas = changesOf(told.schemas, column);
    const isKnown = schemas.some(({ changes }) => changes.length > 0);
    call.print({ table: told.table, column, schemas }, () =>
      isKnown ? columnHistoryText(schemas) : `${told.table} has no column ${column}, and had none`,
    );
    return isKnown ? 0 : 1;
  },
};
