// The index of what can be found, in memory: words of names, columns, tags, people and descriptions, found by their beginning
// and with a slip of the finger. It is told what there is now, and takes in what differs from what it had.

import MiniSearch from 'minisearch';
import { searchFields, type FoundKind, type SearchDocument, type SearchField } from './search-documents.ts';

export interface Found {
  readonly kind: FoundKind;
  readonly name: string;
  /** Which parts of it the words were found in, the weightiest first. */
  readonly where: readonly SearchField[];
  /** Columns that have one of the words in their name. */
  readonly columns: readonly string[];
  readonly description: string | null;
  readonly score: number;
}

export interface SearchIndex {
  /** All documents there are. Gives way between steps: a large lake is taken in without holding up others. */
  update(documents: ReadonlyMap<string, SearchDocument>): Promise<void>;
  /** Those with all of the words come first; the best `limit`. */
  search(query: string, kind: FoundKind | null, limit: number): { readonly found: readonly Found[]; readonly total: number };
}

const documentsAtOnce = 20;
const fields = Object.keys(searchFields).filter(isField);
const columnsTold = 5;
/** Shorter words are taken as they are written. */
const fuzzyLengthMin = 5;
const fuzziness = 0.2;
const queryWordsMax = 16;

export function searchIndex(): SearchIndex {
  const index = new MiniSearch<SearchDocument>({
    fields,
    storeFields: ['kind'],
    tokenize: words,
    processTerm: (term) => term.toLowerCase(),
  });
  const known = new Map<string, SearchDocument>();
  return {
    async update(documents) {
      for (const id of known.keys()) {
        if (documents.has(id)) continue;
        index.discard(id);
        known.delete(id);
      }
      const changed = [...documents.values()].filter((document) => !isSame(known.get(document.id), document));
      for (let from = 0; from < changed.length; from += documentsAtOnce) {
        for (const document of changed.slice(from, from + documentsAtOnce)) {
          if (known.has(document.id)) index.replace(document);
          else index.add(document);
          known.set(document.id, document);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    search(query, kind, limit) {
      const hits = index.search(parts(query).slice(0, queryWordsMax).join(' '), {
        tokenize: parts,
        boost: searchFields,
        prefix: true,
        fuzzy: (term) => (term.length < fuzzyLengthMin ? false : fuzziness),
        combineWith: 'AND',
        filter: (hit) => kind === null || hit['kind'] === kind,
      });
      const found = hits.slice(0, limit).flatMap(({ id, score, match, terms }) => {
        const document = known.get(String(id));
        return document ? [foundOf(document, score, new Set(Object.values(match).flat()), terms)] : [];
      });
      return { found, total: hits.length };
    },
  };
}

function foundOf(document: SearchDocument, score: number, where: ReadonlySet<string>, terms: readonly string[]): Found {
  const columns = document.columns.split('\n').filter((column) => words(column).some((word) => terms.includes(word.toLowerCase())));
  return {
    kind: document.kind,
    name: document.name,
    where: fields.filter((field) => where.has(field)),
    columns: columns.slice(0, columnsTold),
    description: document.told,
    score: Math.round(score * 100) / 100,
  };
}

/** `userEmail`, `user_email` and `user.email` are the words user and email … */
function parts(name: string): string[] {
  return name
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '');
}

/** … and are found as a whole as well. */
function words(text: string): string[] {
  return text.split(/\s+/).flatMap((name) => {
    const found = parts(name);
    return found.length > 1 ? [...found, found.join('')] : found;
  });
}

function isSame(a: SearchDocument | undefined, b: SearchDocument): boolean {
  return a !== undefined && a.told === b.told && fields.every((field) => a[field] === b[field]);
}

function isField(name: string): name is SearchField {
  return Object.hasOwn(searchFields, name);
}
