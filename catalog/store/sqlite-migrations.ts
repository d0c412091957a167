// The SQLite store's tables, one migration per version, applied in order inside one transaction. Never change one that
// has been released: add the next.

import { qualityMigration, qualityOrderMigration } from './sqlite-quality-operations.ts';

export const sqliteMigrations: readonly string[] = [
  `
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
  `,
  `
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
  `,
  qualityMigration,
  `
  CREATE TABLE lineage (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (kind, key)
  ) STRICT, WITHOUT ROWID;
  `,
  qualityOrderMigration,
];
