// The SQLite store's tables, one migration per version, applied in order inside one transaction. Never change one that
// has been released: add the next.

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
];
