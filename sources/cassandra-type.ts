// Cassandra's type text (`frozen<map<text, frozen<address>>>`, as in system_schema.columns) as a SourceType.

import type { SourceType } from './source.ts';

/** User types of the keyspace by name: field names and their type texts. */
export type CassandraUserTypes = ReadonlyMap<string, readonly (readonly [name: string, type: string])[]>;

const scalars: ReadonlySet<string> = new Set(
  (
    'ascii bigint blob boolean counter date decimal double duration float inet int smallint text time timestamp timeuuid ' +
    'tinyint uuid varchar varint'
  ).split(' '),
);
const collections: ReadonlySet<string> = new Set(['list', 'set', 'map', 'tuple', 'vector']);
const depthMax = 32;

export function parseCassandraType(text: string, userTypes: CassandraUserTypes): SourceType {
  return parse(text.trim(), userTypes, false, 0);
}

function parse(text: string, userTypes: CassandraUserTypes, isInsideFrozen: boolean, depth: number): SourceType {
  const open = text.indexOf('<');
  if (open < 0 || depth > depthMax) return named(text, userTypes, isInsideFrozen, depth);
  const name = text.slice(0, open).trim().toLowerCase();
  const inner = splitArguments(text.slice(open + 1, text.lastIndexOf('>')));
  if (name === 'frozen') return { ...parse(inner[0] ?? '', userTypes, true, depth + 1), declared: text };
  const isFrozen = isInsideFrozen || name === 'tuple' || name === 'vector' || !collections.has(name);
  const types = name === 'vector' ? inner.slice(0, 1) : inner;
  return {
    name,
    declared: text,
    arguments: types.map((argument) => parse(argument, userTypes, isFrozen, depth + 1)),
    fields: [],
    length: name === 'vector' ? Number(inner[1] ?? 0) : null,
    isFrozen,
  };
}

function named(text: string, userTypes: CassandraUserTypes, isInsideFrozen: boolean, depth: number): SourceType {
  const bare = text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text.toLowerCase();
  const fields = scalars.has(bare) || depth > depthMax ? undefined : userTypes.get(bare);
  if (fields === undefined) {
    return { name: bare === 'varchar' ? 'text' : bare, declared: text, arguments: [], fields: [], length: null, isFrozen: true };
  }
  return {
    name: 'udt',
    declared: text,
    arguments: [],
    fields: fields.map(([name, type]) => ({ name, type: parse(type, userTypes, isInsideFrozen, depth + 1) })),
    length: null,
    isFrozen: isInsideFrozen,
  };
}

/** Splits at the commas of this level. */
function splitArguments(text: string): readonly string[] {
  const parts: string[] = [];
  let level = 0;
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '<') level++;
    else if (text[index] === '>') level--;
    else if (text[index] === ',' && level === 0) {
      parts.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}
