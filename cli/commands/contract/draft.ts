// `foz contract draft SOURCE`: a first contract of a live table. Personal data is suggested from names and sampled values,
// with counts; nothing of it is written into the contract unless --accept-pii says from which confidence on.

import { writeFile } from 'node:fs/promises';
import type { Draft } from '../../../contracts/draft/draft-contract.ts';
import { printable } from '../../../contracts/draft/drift-text.ts';
import type { PiiSuggestion } from '../../../contracts/draft/suggest-pii.ts';
import { LakeError } from '../../../runtime/errors.ts';
import type { Command, CommandCall } from '../../command.ts';

const sampleRowsPreset = 1_000;
const sampleRowsMax = 100_000;

export const draft: Command = {
  description:
    'Draft a contract of a live table: types, keys, nullability, comments, enums, lengths and simple CHECKs, and where personal data may be. Reads the table’s definition and a sample of its rows; no value of them is shown or kept. Passwords come from PGPASSWORD, CASSANDRA_PASSWORD or ${env:NAME} in the URL.',
  arguments: [{ name: '<source>', doc: 'postgres://…/database/schema.table, cassandra://…/keyspace.table, or a table of foz.yaml' }],
  options: [
    { flags: '-o, --output <file>', doc: 'write the ODCS document there; an existing file is left alone' },
    { flags: '--samples <n>', doc: 'rows looked at for personal data; 0: only names', default: sampleRowsPreset, parse: sampleCount },
    { flags: '--id <id>', doc: 'contract id; default: the table’s name' },
    { flags: '--owner <team>', doc: 'team that answers for it' },
    {
      flags: '--accept-pii <confidence>',
      doc: 'write suggestions of at least this confidence (0 to 1) into the contract',
      parse: confidence,
    },
  ],
  examples: [
    ['foz contract draft users -o users.odcs.yaml', 'a table of foz.yaml'],
    ["PGPASSWORD=… foz contract draft 'postgres://app@db:5432/shop/public.orders'", 'any table that the role can read'],
    ['foz contract draft cassandra://127.0.0.1:9042/rides.rides --samples 0 --json', 'from the definition alone'],
  ],
  run: async (call) => {
    const [{ openLiveTable, introspected }, { draftContract }, { suggestPii }, { sampleOf }, { writeOdcs }, { contractIdOf }] =
      await Promise.all([
        import('../../contract/live-table.ts'),
        import('../../../contracts/draft/draft-contract.ts'),
        import('../../../contracts/draft/suggest-pii.ts'),
        import('../../contract/sample-of.ts'),
        import('../../../contracts/document/write-contract.ts'),
        import('../../../contracts/document/odcs-contract.ts'),
      ]);
    await using live = openLiveTable(String(call.args[0]), call, process.env);
    const table = await introspected(live, call.signal);
    const sample = await sampleOf(live.source, table, Number(call.options['samples']), call.signal);
    const suggestions = suggestPii(table, sample);
    const least = call.options['acceptPii'];
    const accepted = typeof least === 'number' ? suggestions.filter((one) => one.confidence >= least) : [];
    const owner = call.options['owner'];
    const drafted = draftContract(table, live.database, {
      id: contractIdOf(String(call.options['id'] ?? live.tableName)),
      tableName: live.tableName,
      accepted,
      ...(typeof owner === 'string' ? { owner } : {}),
    });
    const text = writeOdcs(drafted.contract);
    await output(call, text, drafted, suggestions, accepted);
    return 0;
  },
};

async function output(
  call: CommandCall,
  text: string,
  { contract, notes }: Draft,
  suggestions: readonly PiiSuggestion[],
  accepted: readonly PiiSuggestion[],
): Promise<void> {
  const given = call.options['output'];
  const file = typeof given === 'string' ? given : null;
  if (file !== null) await writeOnce(file, text);
  for (const { column, message } of notes) call.note(printable(`note: ${column === null ? '' : `${column}: `}${message}`));
  for (const one of suggestions) {
    const state = accepted.includes(one) ? 'written' : 'suggested, not written';
    call.note(
      printable(
        `pii: ${one.column}: ${one.pii} (${one.classification}), confidence ${one.confidence.toFixed(2)}: ${one.because}; ${state}`,
      ),
    );
  }
  if (file !== null) call.note(`written: ${file}   next: foz contract lint ${file}`);
  const document = file === null ? { document: text } : {};
  call.print({ id: contract.id, file, notes, suggestions, accepted: accepted.map(({ column }) => column), ...document }, () =>
    file === null ? text : '',
  );
}

/** A draft never replaces what a person may have written since. */
async function writeOnce(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    throw new LakeError('ARGUMENT_INVALID', `${file} cannot be written`, {
      cause,
      context: { expected: 'a new file', found: exists ? 'the file exists' : String(cause), next: 'another name for -o' },
    });
  }
}

function sampleCount(text: string): number {
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text) || value > sampleRowsMax) throw new RangeError(`a number from 0 to ${sampleRowsMax}`);
  return value;
}

function confidence(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1) || text.trim() === '') throw new RangeError('a number from 0 to 1');
  return value;
}
