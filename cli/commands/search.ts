// `foz search TEXT`: entities, tables, views, contracts and consumers by any of their words.

import type { Found } from '../../catalog/search/search-index.ts';
import { foundKinds } from '../../catalog/search/search-documents.ts';
import type { Command } from '../command.ts';
import { countOption } from '../facts/asked.ts';
import { tableText } from '../output.ts';

const foundMax = 100;

export const search: Command = {
  description:
    'Find entities, tables, views, contracts and consumers by words of their names, columns, tags, owners and descriptions; by the beginning of a word, and with a slip of the finger. Exit 1 when nothing is found.',
  arguments: [{ name: '<words...>', doc: 'all of them must be in it' }],
  options: [
    { flags: '--kind <kind>', doc: 'only these', choices: foundKinds },
    { flags: '--limit <n>', doc: 'how many are shown', default: 20, parse: countOption(foundMax) },
  ],
  examples: [
    ['foz search email', 'everything that has to do with email'],
    ['foz search pii restricted --kind entity', 'entities with such columns'],
  ],
  run: async (call) => {
    const { asked, textOption } = await import('../facts/asked.ts');
    const query = [call.args[0]].flat().map(String).join(' ');
    const limit = Number(call.options['limit']);
    const { found, total } = await asked(call, 'foz table list', (facts) =>
      facts.search(query, textOption(call, 'kind'), limit, call.signal),
    );
    call.print({ query, found, total }, () => (total === 0 ? `nothing has the words ${query}` : foundText(found)));
    if (total > found.length) call.note(`foz: ${total - found.length} more: --limit`);
    return total === 0 ? 1 : 0;
  },
};

function foundText(found: readonly Found[]): string {
  return tableText(
    ['kind', 'name', 'found in', 'what it is'],
    found.map(({ kind, name, where, columns, description }) => [kind, name, whereText(where, columns), description ?? '']),
  );
}

function whereText(where: Found['where'], columns: readonly string[]): string {
  return where.map((part) => (part === 'columns' && columns.length > 0 ? `columns ${columns.join(' ')}` : part)).join(', ');
}
