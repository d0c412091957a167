// What the database does for declared entities: JSON records, with the columns that it decides on.

import { isRecord } from '../../runtime/options.ts';
import { writeRecord } from './change-record-operations.ts';
import type { EntityChange } from './entity-store.ts';
import type { SqlOperations, SqlTransaction } from './sql.ts';
import { readStoredJson } from './stored-json.ts';

export const entityMigration = `
  CREATE TABLE entities (
    name TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE entity_tables (
    name TEXT NOT NULL PRIMARY KEY,
    entity TEXT NOT NULL REFERENCES entities (name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX entity_tables_by_entity ON entity_tables (entity);
`;

export const entityOperations: SqlOperations = {
  reads: {
    getEntity: ({ row }, name = '') => row('SELECT record FROM entities WHERE name = ?', name),
    listEntities: ({ rows }, after = '', limit = 0) =>
      rows('SELECT record FROM entities WHERE name > ? ORDER BY name LIMIT ?', after, limit),
  },
  steps: {},
  transactions: {
    async changeEntity(sql, text, record = null) {
      const change: unknown = readStoredJson(String(text));
      if (!isChange(change)) throw new Error('changeEntity needs a change');
      const outcome = await changeEntity(sql, change);
      if (outcome[0] === 'changed') await writeRecord(sql, record);
      return outcome;
    },
  },
};

async function changeEntity(sql: SqlTransaction, { name, expectedRevision, entity }: EntityChange): Promise<readonly string[]> {
  const found = await sql.row('SELECT revision FROM entities WHERE name = ?', name);
  if (Number(found?.[0] ?? 0) !== expectedRevision) return ['lost'];
  for (const table of entity?.tables ?? []) {
    const holder = await sql.row('SELECT entity FROM entity_tables WHERE name = ? AND entity <> ?', table, name);
    if (holder) return ['table-taken', table, String(holder[0])];
  }
  await sql.change('DELETE FROM entity_tables WHERE entity = ?', name);
  if (entity === null) await sql.change('DELETE FROM entities WHERE name = ?', name);
  else
    await sql.change(
      `INSERT INTO entities (name, revision, record) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, record = excluded.record`,
      name,
      entity.revision,
      JSON.stringify(entity),
    );
  for (const table of entity?.tables ?? []) await sql.change('INSERT INTO entity_tables (name, entity) VALUES (?, ?)', table, name);
  return ['changed'];
}

function isChange(value: unknown): value is EntityChange {
  return isRecord(value) && typeof value['name'] === 'string' && typeof value['expectedRevision'] === 'number';
}
