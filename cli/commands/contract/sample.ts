// `foz contract sample FILE -n 100`: rows that the contract accepts, one JSON document a line.

import type { Command } from '../../command.ts';

const rowsMax = 100_000;

export const sample: Command = {
  description:
    'Make rows that satisfy a contract, as JSON lines in logical form: every one is judged by the contract before it is printed, keys and unique columns repeat nothing, the same seed gives the same rows. Exit 1 when the contract cannot be met.',
  arguments: [{ name: '<contract>', doc: 'a document, or the id of a registered contract' }],
  options: [
    { flags: '-n, --rows <n>', doc: `rows, at most ${rowsMax}`, default: 10, parse: rowCount },
    { flags: '--seed <n>', doc: 'which rows', default: 1, parse: seedOf },
    { flags: '--table <name>', doc: 'of a contract with several tables' },
  ],
  examples: [
    ['foz contract sample users.odcs.yaml -n 100', 'a hundred rows'],
    ['foz contract sample users.odcs.yaml -n 100 --seed 7 > users.jsonl', 'the same hundred each time'],
  ],
  run: async (call) => {
    const [{ namedContract, tableNamed }, { sampleRows }] = await Promise.all([
      import('../../contract/named-contract.ts'),
      import('../../../contracts/export/sample/sample-rows.ts'),
    ]);
    const contract = await namedContract(String(call.args[0]), call);
    const table = tableNamed(contract, call.options['table']);
    const made = sampleRows(table, { rows: Number(call.options['rows']), seed: Number(call.options['seed']) });
    if (made.kind === 'impossible') {
      const at = made.column === null ? table.name : `${table.name}.${made.column}`;
      call.note(`foz: after ${made.made} rows no further one satisfies the contract: ${at}: ${made.reason}`);
      call.note('mend: give the property `examples`, widen its rule, or ask for fewer rows');
      if (call.isJson) call.print({ ok: false, column: made.column, reason: made.reason, made: made.made }, () => '');
      return 1;
    }
    call.print(made.rows, () => made.rows.map((row) => JSON.stringify(row)).join('\n'));
    return 0;
  },
};

function rowCount(text: string): number {
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text) || value < 1 || value > rowsMax) throw new RangeError(`a number from 1 to ${rowsMax}`);
  return value;
}

function seedOf(text: string): number {
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value > 0xffff_ffff) throw new RangeError('a number from 0 to 4294967295');
  return value;
}
