// What a command line declares of an entity, or of one of its columns.

import type { Declaration } from '../../catalog/entities/declare-entity.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { CommandCall } from '../command.ts';
import { listOption, textOption } from './asked.ts';

export function declarationOf(call: CommandCall): Declaration {
  const column = textOption(call, 'column');
  const words = { description: textOption(call, 'description'), owner: textOption(call, 'owner'), team: textOption(call, 'team') };
  const marks = { classification: textOption(call, 'classification'), pii: textOption(call, 'pii') };
  const tags = { addTags: listOption(call, 'tag'), removeTags: listOption(call, 'untag') };
  const tables = { addTables: listOption(call, 'table'), removeTables: listOption(call, 'untable') };
  if (column === null) {
    const stray = Object.entries(marks).find(([, word]) => word !== null);
    if (stray) throw unclear(`--${stray[0]} is said of a column`, '--column with it', 'no --column');
    const said = { ...given(words), ...given(tags), ...given(tables) };
    if (Object.keys(said).length === 0)
      throw unclear('foz entity set needs something to declare', 'foz entity set --help', 'only the entity');
    return said;
  }
  const { description, ...others } = words;
  const own = { ...given({ description, ...marks }), ...given(tags) };
  if (Object.keys(own).length === 0)
    throw unclear(`nothing is declared of the column ${column}`, '--classification, --pii, --tag …', 'only --column');
  return { ...given(others), ...given(tables), columns: { [column]: own } };
}

/** Without what was not said: it stays. */
function given<T extends string | readonly string[]>(words: Readonly<Record<string, T | null>>): Readonly<Record<string, T>> {
  return Object.fromEntries(
    Object.entries(words).filter(
      (entry): entry is [string, T] => entry[1] !== null && (typeof entry[1] === 'string' || entry[1].length > 0),
    ),
  );
}

function unclear(message: string, expected: string, found: string): LakeError {
  return new LakeError('ARGUMENT_INVALID', message, { context: { expected, found } });
}
