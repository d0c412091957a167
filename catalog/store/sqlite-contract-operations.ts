// What the SQLite thread does for the registry. Records are JSON text that the other side writes and reads; what the
// database itself decides on (revision, version, table) has columns.

import type { SQLOutputValue } from 'node:sqlite';

export type Parameters = readonly (string | number)[];
export type Operation = (...parameters: Parameters) => unknown;

export interface SqliteStatements {
  row(sql: string, ...parameters: Parameters): SQLOutputValue[] | null;
  rows(sql: string, ...parameters: Parameters): SQLOutputValue[][];
  /** Rows changed. */
  change(sql: string, ...parameters: Parameters): number;
  inTransaction<T>(work: () => T): T;
}

/** A change as it crosses the thread's border, one JSON text. */
export interface ContractChangeMessage {
  readonly id: string;
  readonly expectedRevision: number | null;
  readonly versions: readonly { readonly version: string; readonly record: string }[];
  readonly documents: readonly { readonly version: string; readonly text: string }[];
  readonly events: readonly string[];
  readonly tables: readonly string[];
}

export function sqliteContractOperations(sql: SqliteStatements): readonly (readonly [string, Operation])[] {
  const { row, rows, inTransaction } = sql;
  return [
    [
      'getContract',
      // One transaction, so that the revision is the one of the versions.
      (id = '') =>
        inTransaction(() => {
          const found = row('SELECT revision FROM contracts WHERE id = ?', id);
          return found && [found[0], ...versionRecords(sql, id)];
        }),
    ],
    [
      'listContracts',
      (after = '', limit = 0) =>
        inTransaction(() =>
          rows('SELECT id, revision FROM contracts WHERE id > ? ORDER BY id LIMIT ?', after, limit).map(([id = '', revision]) => [
            id,
            revision,
            ...versionRecords(sql, String(id)),
          ]),
        ),
    ],
    [
      'getContractDocument',
      (id = '', version = '') => row('SELECT text FROM contract_documents WHERE contract = ? AND version = ?', id, version),
    ],
    [
      'listContractEvents',
      (id = '', after = 0, limit = 0) =>
        rows('SELECT record FROM contract_events WHERE contract = ? AND number > ? ORDER BY number LIMIT ?', id, after, limit),
    ],
    ['contractOfTable', (name = '') => row('SELECT contract FROM contract_tables WHERE name = ?', name)],
    [
      'changeContract',
      (text = '') => {
        const change: unknown = JSON.parse(String(text));
        if (!isChange(change)) throw new Error('changeContract needs a change');
        return inTransaction(() => changeContract(sql, change));
      },
    ],
  ];
}

function versionRecords({ rows }: SqliteStatements, id: string | number): unknown[] {
  return rows('SELECT record FROM contract_versions WHERE contract = ? ORDER BY ordinal', id).map(([record]) => record);
}

function changeContract({ row, change: run }: SqliteStatements, change: ContractChangeMessage): readonly string[] {
  const { id, expectedRevision } = change;
  const found = row('SELECT revision FROM contracts WHERE id = ?', id);
  if ((found === null ? null : Number(found[0])) !== expectedRevision) return ['lost'];
  for (const table of change.tables) {
    const holder = row('SELECT contract FROM contract_tables WHERE name = ? AND contract <> ?', table, id);
    if (holder) return ['table-taken', table, String(holder[0])];
  }
  run('INSERT INTO contracts (id, revision) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET revision = revision + 1', id);
  const insertVersion = `INSERT INTO contract_versions (contract, version, ordinal, record)
    VALUES (?, ?, (SELECT coalesce(max(ordinal), 0) + 1 FROM contract_versions WHERE contract = ?), ?)
    ON CONFLICT (contract, version) DO UPDATE SET record = excluded.record`;
  for (const { version, record } of change.versions) run(insertVersion, id, version, id, record);
  for (const { version, text } of change.documents)
    run('INSERT INTO contract_documents (contract, version, text) VALUES (?, ?, ?)', id, version, text);
  const insertEvent = `INSERT INTO contract_events (contract, number, record)
    VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM contract_events WHERE contract = ?), ?)`;
  for (const record of change.events) run(insertEvent, id, id, record);
  run('DELETE FROM contract_tables WHERE contract = ?', id);
  for (const table of change.tables) run('INSERT INTO contract_tables (name, contract) VALUES (?, ?)', table, id);
  return ['changed'];
}

function isChange(value: unknown): value is ContractChangeMessage {
  return typeof value === 'object' && value !== null && 'id' in value && 'expectedRevision' in value && 'versions' in value;
}
