// `foz table undrop raw.users`: a table that was dropped with its files comes back, while its grace lasts.

import type { Command } from '../../command.ts';

export const undrop: Command = {
  description:
    'Take back a table that was dropped with its files (DROP … PURGE), as it was, while its grace lasts (catalog.maintenance.dropGrace). Without a table: which ones can be taken back.',
  arguments: [{ name: '[table]', doc: 'the name that it had, or its uuid where several had that name' }],
  options: [{ flags: '--as <name>', doc: 'namespace.name to have from now on; default: its old one' }],
  examples: [
    ['foz table undrop', 'what can be taken back, and until when'],
    ['foz table undrop raw.users', 'take it back'],
    ['foz table undrop raw.users --as raw.users_before', 'where there is another raw.users by now'],
  ],
  run: async (call) => {
    const [{ openDroppedTables }, { tableText }, { LakeError }, { textOption }] = await Promise.all([
      import('../../wire-facts.ts'),
      import('../../output.ts'),
      import('../../../runtime/errors.ts'),
      import('../../facts/asked.ts'),
    ]);
    const loaded = call.loadConfig();
    await using dropped = await openDroppedTables(loaded, call.logger(loaded));
    const which = call.args[0];
    const answer =
      which === undefined ? await dropped.list(call.signal) : await dropped.undrop(String(which), textOption(call, 'as'), call.signal);
    if (answer.kind === 'refused')
      throw new LakeError(answer.reason === 'conflict' ? 'CATALOG_REFUSED' : 'ARGUMENT_INVALID', answer.message, {
        context: { next: 'foz table undrop' },
      });
    const { value } = answer;
    if ('name' in value) {
      call.print(value, () => `${value.name} is back`);
      return 0;
    }
    const headers = ['table', 'dropped at', 'until', 'uuid'];
    call.print({ tables: value }, () =>
      tableText(
        headers,
        value.map(({ name, droppedAt, keepUntil, uuid }) => [name, droppedAt, keepUntil, uuid]),
      ),
    );
    if (value.length === 0) call.note('foz: no dropped table can be taken back');
    return 0;
  },
};
