// What the source's columns were called before. A record's key names its columns as they were then, so that one row of the
// source has several keys once a key column has been renamed: the current view brings them to the names of today.

import type { TableMetadata } from '../iceberg/metadata.ts';
import { fieldNamed, isStruct, type Schema, type StructField } from '../iceberg/schema.ts';

/** By former name, the name of today. A name that another column has now is none of them. */
export function formerNames({ schemas, 'current-schema-id': current }: TableMetadata): ReadonlyMap<string, string> {
  const now = columnsOf(schemas.find((schema) => schema['schema-id'] === current)).filter(({ name }) => !isHidden(name));
  const [byId, taken] = [new Map(now.map(({ id, name }) => [id, name])), new Set(now.map(({ name }) => name))];
  const former = new Map<string, string>();
  for (const { id, name } of schemas.flatMap(columnsOf)) {
    const today = byId.get(id);
    if (today !== undefined && !taken.has(name) && !isHidden(name)) former.set(name, today);
  }
  return former;
}

/** The text of a record's key, or any JSON object's, under the names of today. A quote within a text is escaped: no text is changed. */
export function renamedMembers(json: string, former: ReadonlyMap<string, string>): string {
  return [...former].reduce((sql, [from, to]) => replaced(replaced(sql, '{', ':', from, to), ',', ':', from, to), json);
}

/** The text of a range's bound, which gives the names as values: `{"name":"day",…}`. */
export function renamedBound(json: string, former: ReadonlyMap<string, string>): string {
  return [...former].reduce((sql, [from, to]) => replaced(sql, '"name":', '', from, to), json);
}

function replaced(sql: string, before: string, after: string, from: string, to: string): string {
  const [old, next] = [from, to].map((name) => `'${`${before}${JSON.stringify(name)}${after}`.replaceAll("'", "''")}'`);
  return `replace(${sql}, ${old}, ${next})`;
}

function columnsOf(schema: Schema | undefined): readonly StructField[] {
  const after = schema && fieldNamed(schema, 'after')?.type;
  return after && isStruct(after) ? after.fields : [];
}

function isHidden(name: string): boolean {
  return /^_(?:dropped|replaced)_\d+_/.test(name);
}
