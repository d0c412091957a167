// What a statement's WHERE says about the columns that files are pruned by, where that can be read off its text without
// doubt: one raw table, one SELECT, comparisons with literals joined by AND. Anything else gives no predicate, and all
// files are read; DuckDB filters the rows in any case. Never used for current.<table>: an event that a filter leaves out
// may be the one that decides.

import type { Predicate, Target } from '../lake/iceberg/predicate.ts';
import { fieldNamed, type Schema } from '../lake/iceberg/schema.ts';
import { microsOf } from '../lake/parquet/file-metrics.ts';

const prunable: ReadonlySet<string> = new Set(['_log_partition', '_log_offset', '_log_time', 'changed_at', 'op']);

export function simplePredicate(sql: string, schema: Schema): Predicate | null {
  const texts: string[] = [];
  // String literals are put aside, so that nothing inside them is taken for SQL.
  const masked = sql
    .replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
    .replaceAll(/'((?:[^']|'')*)'/g, (_, text: string) => `§${texts.push(text.replaceAll("''", "'")) - 1}§`)
    .replaceAll(/\s+/g, ' ')
    .trim();
  const shape =
    /^select (?:(?!\b(?:select|from)\b).)* from (?:"?\w+"? ?\. ?"?(\w+)"?)(?: (?:as )?(?!where\b)(\w+))? where (.*?)(?: (?:group by|order by|limit|having|qualify|window|offset|using sample) .*)?;?$/i.exec(
      masked,
    );
  if (!shape || /\b(?:select\b.*\bselect|or|union|intersect|except|join|case)\b/i.test(masked)) return null;
  const [, table = '', alias = table, where = ''] = shape;
  const leaves = conjuncts(where).flatMap((term) => leafOf(term, new Set([table.toLowerCase(), alias.toLowerCase()]), schema, texts) ?? []);
  if (leaves.length === 0) return null;
  return { kind: 'and', all: leaves };
}

/** Terms joined by AND outside parentheses. */
function conjuncts(where: string): readonly string[] {
  const terms: string[] = [];
  let [term, depth] = ['', 0];
  for (const word of where.split(/( and |[()])/i)) {
    if (word === '(') depth++;
    if (word === ')') depth--;
    if (depth === 0 && / and /i.test(word)) {
      terms.push(term);
      term = '';
    } else term += word;
  }
  return [...terms, term].map((text) => text.trim());
}

function leafOf(term: string, owners: ReadonlySet<string>, schema: Schema, texts: readonly string[]): Predicate | null {
  const match = /^(?:"?(\w+)"?\.)?"?(\w+)"? ?(=|<=|>=|<|>) ?(?:(?:timestamp|timestamptz|date) )?(?:§(\d+)§|(-?\d{1,18}))$/i.exec(term);
  const [, owner, name = '', operator, text, number] = match ?? [];
  if (!match || !prunable.has(name.toLowerCase()) || (owner !== undefined && !owners.has(owner.toLowerCase()))) return null;
  const field = fieldNamed(schema, name.toLowerCase());
  const value = field && literalValue(field.type, text === undefined ? undefined : texts[Number(text)], number);
  if (!field || value === undefined || value === null) return null;
  const target: Target = { kind: 'column', id: field.id };
  if (operator === '=') return { kind: 'in', target, values: [value] };
  const end = { value, isInclusive: operator === '<=' || operator === '>=' };
  return operator === '>' || operator === '>=' ? { kind: 'range', target, from: end } : { kind: 'range', target, to: end };
}

function literalValue(
  type: Schema['fields'][number]['type'],
  text: string | undefined,
  number: string | undefined,
): string | number | bigint | null {
  if (type === 'string') return text ?? null;
  if (type === 'int') return number === undefined || Math.abs(Number(number)) > 2 ** 31 - 1 ? null : Number(number);
  if (type === 'long') return number === undefined ? null : BigInt(number);
  if (type !== 'timestamptz' || text === undefined) return null;
  const iso = text.replace('T', ' ').replace(/Z$/, '');
  return microsOf(/^\d{4}-\d\d-\d\d$/.test(iso) ? `${iso} 00:00:00` : iso);
}
