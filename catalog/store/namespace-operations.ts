// What the database does for namespaces.

import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../runtime/options.ts';
import { writeRecord } from './change-record-operations.ts';
import type { SqlOperations, SqlReader, SqlValue } from './sql.ts';
import { readStoredJson } from './stored-json.ts';

export const namespaceMigration = `
  CREATE TABLE namespaces (
    key TEXT NOT NULL PRIMARY KEY,
    parent TEXT NOT NULL,
    name TEXT NOT NULL,
    properties TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX namespaces_by_parent ON namespaces (parent, name);
  CREATE TABLE tables (
    namespace TEXT NOT NULL REFERENCES namespaces (key),
    name TEXT NOT NULL,
    table_uuid TEXT NOT NULL,
    metadata_location TEXT NOT NULL,
    PRIMARY KEY (namespace, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tables_by_location ON tables (metadata_location);
`;

export async function hasNamespace({ row }: SqlReader, key: string): Promise<boolean> {
  return (await row('SELECT 1 FROM namespaces WHERE key = ?', key)) !== null;
}

export const namespaceOperations: SqlOperations = {
  reads: {
    getNamespace: ({ row }, key) => row('SELECT properties FROM namespaces WHERE key = ?', key),
    listNamespaces: ({ rows }, parent, after, limit) =>
      rows('SELECT key, properties FROM namespaces WHERE parent = ? AND name > ? ORDER BY name LIMIT ?', parent, after, limit),
  },
  steps: {},
  transactions: {
    async insertNamespace(sql, key, parent, name, properties, record) {
      if (await hasNamespace(sql, String(key))) return 'exists';
      if (parent !== '' && !(await hasNamespace(sql, String(parent)))) return 'parent-missing';
      await sql.change('INSERT INTO namespaces (key, parent, name, properties) VALUES (?, ?, ?, ?)', key, parent, name, properties);
      await writeRecord(sql, record);
      return 'inserted';
    },
    async updateNamespace(sql, key, changes, expected, record) {
      const properties = await propertiesOf(sql, key);
      if (properties === null) return 'missing';
      if (isOther(properties, expected)) return 'lost';
      const { set, remove } = changesOf(String(changes));
      const removed = remove.filter((name) => Object.hasOwn(properties, name));
      const kept = Object.entries(properties).filter(([name]) => !removed.includes(name));
      await sql.change('UPDATE namespaces SET properties = ? WHERE key = ?', JSON.stringify({ ...Object.fromEntries(kept), ...set }), key);
      await writeRecord(sql, record);
      return removed;
    },
    async deleteNamespace(sql, key, expected, record) {
      const properties = await propertiesOf(sql, key);
      if (properties === null) return 'missing';
      if (isOther(properties, expected)) return 'lost';
      if (await sql.row('SELECT 1 FROM namespaces WHERE parent = ? LIMIT 1', key)) return 'not-empty';
      if (await sql.row('SELECT 1 FROM relations WHERE namespace = ? LIMIT 1', key)) return 'not-empty';
      await sql.change('DELETE FROM namespaces WHERE key = ?', key);
      await writeRecord(sql, record);
      return 'deleted';
    },
  },
};

async function propertiesOf({ row }: SqlReader, key: SqlValue): Promise<Record<string, string> | null> {
  const found = await row('SELECT properties FROM namespaces WHERE key = ?', key);
  return found === null ? null : textsOf(readStoredJson(String(found[0])));
}

/** `expected`: their text, null for any. */
function isOther(properties: Record<string, string>, expected: SqlValue): boolean {
  return expected !== null && !isDeepStrictEqual(properties, textsOf(readStoredJson(String(expected))));
}

/** Properties as they are stored. */
export function textsOf(value: unknown): Record<string, string> {
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, String(member)])) : {};
}

function changesOf(text: string): { readonly set: Record<string, string>; readonly remove: readonly string[] } {
  const changes: unknown = readStoredJson(text);
  if (!isRecord(changes) || !Array.isArray(changes['remove'])) throw new Error('updateNamespace needs what to set and what to remove');
  return { set: textsOf(changes['set']), remove: changes['remove'].map(String) };
}
