// What the database does for the registry. Records are JSON text that the other side writes and reads; what the database
// itself decides on (revision, version, table) has columns.

import { writeRecord } from './change-record-operations.ts';
import type { SqlOperations, SqlTransaction } from './sql.ts';

export const contractMigration = `
  CREATE TABLE contracts (
    id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE contract_versions (
    contract TEXT NOT NULL REFERENCES contracts (id),
    version TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (contract, version)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE contract_documents (
    contract TEXT NOT NULL REFERENCES contracts (id),
    version TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (contract, version)
  ) STRICT;
  CREATE TABLE contract_events (
    contract TEXT NOT NULL REFERENCES contracts (id),
    number INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (contract, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE contract_tables (
    name TEXT NOT NULL PRIMARY KEY,
    contract TEXT NOT NULL REFERENCES contracts (id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX contract_tables_by_contract ON contract_tables (contract);
`;

/** A change as it crosses the thread's border, one JSON text. */
export interface ContractChangeMessage {
  readonly id: string;
  readonly expectedRevision: number | null;
  readonly versions: readonly { readonly version: string; readonly record: string }[];
  readonly documents: readonly { readonly version: string; readonly text: string }[];
  readonly events: readonly string[];
  readonly tables: readonly string[];
}

const versionsOf = 'c LEFT JOIN contract_versions v ON v.contract = c.id ORDER BY c.id, v.ordinal';

export const contractOperations: SqlOperations = {
  reads: {
    // One row a version, each with the contract and its revision.
    getContract: ({ rows }, id) =>
      rows(`SELECT c.id, c.revision, v.record FROM (SELECT id, revision FROM contracts WHERE id = ?) ${versionsOf}`, id),
    listContracts: ({ rows }, after, limit) =>
      rows(
        `SELECT c.id, c.revision, v.record FROM (SELECT id, revision FROM contracts WHERE id > ? ORDER BY id LIMIT ?) ${versionsOf}`,
        after,
        limit,
      ),
    getContractDocument: ({ row }, id, version) =>
      row('SELECT text FROM contract_documents WHERE contract = ? AND version = ?', id, version),
    listContractEvents: ({ rows }, id, after, limit) =>
      rows('SELECT record FROM contract_events WHERE contract = ? AND number > ? ORDER BY number LIMIT ?', id, after, limit),
    contractOfTable: ({ row }, name) => row('SELECT contract FROM contract_tables WHERE name = ?', name),
  },
  steps: {},
  transactions: {
    async changeContract(sql, text, record = null) {
      const change: unknown = JSON.parse(String(text));
      if (!isChange(change)) throw new Error('changeContract needs a change');
      const outcome = await changeContract(sql, change);
      if (outcome[0] === 'changed') await writeRecord(sql, record);
      return outcome;
    },
  },
};

async function changeContract({ row, change: run }: SqlTransaction, change: ContractChangeMessage): Promise<readonly string[]> {
  const { id, expectedRevision } = change;
  const found = await row('SELECT revision FROM contracts WHERE id = ?', id);
  if ((found === null ? null : Number(found[0])) !== expectedRevision) return ['lost'];
  for (const table of change.tables) {
    const holder = await row('SELECT contract FROM contract_tables WHERE name = ? AND contract <> ?', table, id);
    if (holder) return ['table-taken', table, String(holder[0])];
  }
  await run('INSERT INTO contracts (id, revision) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET revision = contracts.revision + 1', id);
  const insertVersion = `INSERT INTO contract_versions (contract, version, ordinal, record)
    VALUES (?, ?, (SELECT coalesce(max(ordinal), 0) + 1 FROM contract_versions WHERE contract = ?), ?)
    ON CONFLICT (contract, version) DO UPDATE SET record = excluded.record`;
  for (const { version, record } of change.versions) await run(insertVersion, id, version, id, record);
  for (const { version, text } of change.documents)
    await run('INSERT INTO contract_documents (contract, version, text) VALUES (?, ?, ?)', id, version, text);
  const insertEvent = `INSERT INTO contract_events (contract, number, record)
    VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM contract_events WHERE contract = ?), ?)`;
  for (const record of change.events) await run(insertEvent, id, id, record);
  await run('DELETE FROM contract_tables WHERE contract = ?', id);
  for (const table of change.tables) await run('INSERT INTO contract_tables (name, contract) VALUES (?, ?)', table, id);
  return ['changed'];
}

function isChange(value: unknown): value is ContractChangeMessage {
  return typeof value === 'object' && value !== null && 'id' in value && 'expectedRevision' in value && 'versions' in value;
}
