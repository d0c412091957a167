// Which tables of the lake a statement names. Found in the text: DuckDB would tell only once they exist. A name that
// stands in a string or a comment is skipped; one too many costs a load, one too few is an error that says so.

import type { TableIdent } from '../catalog/catalog.ts';

export interface NamedTable {
  readonly kind: 'raw' | 'current';
  readonly name: string;
}

const skipped = /'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g;
const identifier = String.raw`(?:"(?:[^"]|"")+"|[A-Za-z_][A-Za-z0-9_]*)`;

export function namedTables(sql: string, namespace: string): readonly NamedTable[] {
  const text = sql.replaceAll(skipped, ' ');
  const found = new Map<string, NamedTable>();
  for (const match of text.matchAll(new RegExp(`(${identifier})\\s*\\.\\s*(${identifier})`, 'g'))) {
    const schema = unquoted(match[1] ?? '').toLowerCase();
    if (schema !== 'current' && schema !== namespace.toLowerCase()) continue;
    // A name is preceded by FROM, JOIN or a comma; `raw.users.op` in an expression names the same table once more.
    const name = unquoted(match[2] ?? '');
    const kind = schema === 'current' ? 'current' : 'raw';
    found.set(`${kind}.${name}`, { kind, name });
  }
  return [...found.values()];
}

/** Tables of other namespaces: where one stands after FROM or JOIN, every name in that namespace may be a table. */
export function otherTables(sql: string, namespace: string): readonly TableIdent[] {
  const text = sql.replaceAll(skipped, ' ');
  const own = new Set(['current', namespace.toLowerCase()]);
  const namespaces = new Set<string>();
  for (const match of text.matchAll(new RegExp(`\\b(?:FROM|JOIN)\\s+(${identifier})\\s*\\.\\s*${identifier}`, 'gi'))) {
    const schema = unquoted(match[1] ?? '');
    if (!own.has(schema.toLowerCase())) namespaces.add(schema);
  }
  const found = new Map<string, TableIdent>();
  for (const match of text.matchAll(new RegExp(`(${identifier})\\s*\\.\\s*(${identifier})`, 'g'))) {
    const [schema, name] = [unquoted(match[1] ?? ''), unquoted(match[2] ?? '')];
    if (namespaces.has(schema)) found.set(`${schema}.${name}`, { namespace: [schema], name });
  }
  return [...found.values()];
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
