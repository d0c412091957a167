// Fifty statements that exercise a catalog as analysts and engineers do from Trino, in their order: each goes on where the
// one before it ended. What they answer is known from Iceberg's own REST server under the same Trino, so anything else is
// our catalog's doing. Rows are in the form of client.ts.

import type { Row } from './client.ts';

export interface Statement {
  /** Number and name, as the recorded results call it. */
  readonly name: string;
  /** `@LOCATION@` is a place that the catalog allows, `@SNAPSHOT@` the first one with rows: the newest of statement 11. */
  readonly sql: string;
  /** Rows, in their order unless `isSet`. Absent: what it does is seen by those that follow. */
  readonly rows?: readonly Row[];
  readonly isSet?: boolean;
  /** Trino's name of the error. */
  readonly error?: string;
  /** What of a row is compared; the rest differs from run to run (ids, places). */
  readonly comparable?: (row: Row) => Row;
}

const orders = 'lake.sales.orders';
const utc = (day: string, hour = '10') => `${day}T${hour}:00:00.000000Z`;
const withoutPlaces = (row: Row): Row => row.map((value) => (typeof value === 'string' ? value.replaceAll(/'s3:[^']*'/g, "'…'") : value));

const namespacesAndRows: readonly Statement[] = [
  { name: '01-show-schemas', sql: 'SHOW SCHEMAS IN lake', rows: [['information_schema'], ['system']] },
  { name: '02-create-schema', sql: 'CREATE SCHEMA lake.sales', rows: [] },
  { name: '03-create-schema-with-location', sql: `CREATE SCHEMA lake.sales2 WITH (location = '@LOCATION@')`, rows: [] },
  { name: '04-show-tables', sql: 'SHOW TABLES IN lake.sales', rows: [] },
  {
    name: '05-create-table-partitioned',
    sql: `CREATE TABLE ${orders} (id bigint, customer varchar, amount decimal(12, 2), ts timestamp(6) with time zone, d date)
          WITH (partitioning = ARRAY['d'], format = 'PARQUET')`,
    rows: [],
  },
  { name: '06-show-tables-again', sql: 'SHOW TABLES IN lake.sales', rows: [['orders']] },
  {
    name: '07-describe',
    sql: `SHOW COLUMNS IN ${orders}`,
    rows: [
      ['id', 'bigint', '', ''],
      ['customer', 'varchar', '', ''],
      ['amount', 'decimal(12,2)', '', ''],
      ['ts', 'timestamp(6) with time zone', '', ''],
      ['d', 'date', '', ''],
    ],
  },
  {
    name: '08-insert',
    sql: `INSERT INTO ${orders} (id, customer, amount, ts, d) VALUES
          (1, 'a', DECIMAL '10.50', TIMESTAMP '2026-11-20 10:00:00 UTC', DATE '2026-11-20'),
          (2, 'b', DECIMAL '20.00', TIMESTAMP '2026-11-21 10:00:00 UTC', DATE '2026-11-21'),
          (3, 'c', DECIMAL '30.00', TIMESTAMP '2026-11-21 11:00:00 UTC', DATE '2026-11-21')`,
    rows: [['3']],
  },
  {
    name: '09-select',
    sql: `SELECT id, customer, amount, ts, d FROM ${orders} ORDER BY 1`,
    rows: [
      ['1', 'a', '10.50', utc('2026-11-20'), '2026-11-20'],
      ['2', 'b', '20.00', utc('2026-11-21'), '2026-11-21'],
      ['3', 'c', '30.00', utc('2026-11-21', '11'), '2026-11-21'],
    ],
  },
  { name: '10-select-partition-filter', sql: `SELECT id, amount FROM ${orders} WHERE d < DATE '2026-11-21'`, rows: [['1', '10.50']] },
  {
    name: '11-snapshots',
    sql: `SELECT CAST(snapshot_id AS varchar), operation FROM lake.sales."orders$snapshots" ORDER BY committed_at DESC`,
    rows: [['append'], ['append']],
    comparable: ([, operation = null]) => [operation],
  },
  {
    name: '12-insert-2',
    sql: `INSERT INTO ${orders} VALUES (4, 'd', DECIMAL '40.00', TIMESTAMP '2026-11-22 10:00:00 UTC', DATE '2026-11-22')`,
    rows: [['1']],
  },
];

const travel: readonly Statement[] = [
  {
    name: '13-select-for-version',
    sql: `SELECT count(id) FROM ${orders} FOR VERSION AS OF @SNAPSHOT@`,
    rows: [['3']],
  },
  {
    name: '14-select-for-timestamp',
    sql: `SELECT count(id) FROM ${orders} FOR TIMESTAMP AS OF current_timestamp - INTERVAL '0.01' SECOND`,
    rows: [['4']],
  },
];

const changes: readonly Statement[] = [
  { name: '15-delete-partition', sql: `DELETE FROM ${orders} WHERE d > DATE '2026-11-21'`, rows: [['1']] },
  { name: '16-delete-row', sql: `DELETE FROM ${orders} WHERE customer = 'c'`, rows: [['1']] },
  { name: '17-update', sql: `UPDATE ${orders} SET amount = DECIMAL '99.00' WHERE customer = 'b'`, rows: [['1']] },
  {
    name: '18-merge',
    sql: `MERGE INTO ${orders} AS held USING (VALUES (1, 'a2'), (9, 'new')) AS come (id, customer) ON held.id = come.id
          WHEN MATCHED THEN UPDATE SET customer = come.customer
          WHEN NOT MATCHED THEN INSERT (id, customer, amount, ts, d)
            VALUES (come.id, come.customer, DECIMAL '1.00', TIMESTAMP '2026-11-23 00:00:00 UTC', DATE '2026-11-23')`,
    rows: [['2']],
  },
  {
    name: '19-select-after-merge',
    sql: `SELECT id, customer, amount, d FROM ${orders} ORDER BY 1`,
    rows: [
      ['1', 'a2', '10.50', '2026-11-20'],
      ['2', 'b', '99.00', '2026-11-21'],
      ['9', 'new', '1.00', '2026-11-23'],
    ],
  },
  { name: '20-add-column', sql: `ALTER TABLE ${orders} ADD COLUMN note varchar`, rows: [] },
  { name: '21-rename-column', sql: `ALTER TABLE ${orders} RENAME COLUMN note TO remark`, rows: [] },
  { name: '22-drop-column', sql: `ALTER TABLE ${orders} DROP COLUMN remark`, rows: [] },
  { name: '23-set-partitioning', sql: `ALTER TABLE ${orders} SET PROPERTIES partitioning = ARRAY['month(d)']`, rows: [] },
];

const countOf = (what: string): string => `(SELECT count(*) FROM lake.sales."orders$${what}")`;

const metadata: readonly Statement[] = [
  { name: '24-files', sql: `SELECT count(*), sum(record_count) FROM lake.sales."orders$files"`, rows: [['8', '9']] },
  {
    name: '25-partitions-history-manifests',
    sql: `SELECT ${['partitions', 'history', 'manifests', 'refs'].map(countOf).join(', ')}`,
    rows: [['3', '7', '6', '1']],
  },
];

const upkeep: readonly Statement[] = [
  {
    name: '26-optimize',
    sql: `ALTER TABLE ${orders} EXECUTE optimize(file_size_threshold => '100MB')`,
    rows: [
      ['rewritten_data_files_count', '5'],
      ['removed_delete_files_count', '3'],
      ['added_data_files_count', '1'],
    ],
  },
  { name: '27-analyze', sql: `ANALYZE ${orders}` },
  { name: '28-expire-snapshots', sql: `ALTER TABLE ${orders} EXECUTE expire_snapshots(retention_threshold => '7d')`, rows: [] },
  {
    name: '29-remove-orphan-files',
    sql: `ALTER TABLE ${orders} EXECUTE remove_orphan_files(retention_threshold => '7d')`,
    rows: [
      ['processed_manifests_count', '13'],
      ['active_files_count', '47'],
      ['scanned_files_count', '48'],
      ['deleted_files_count', '0'],
      ['deleted_bytes', '0'],
    ],
  },
];

const views: readonly Statement[] = [
  {
    name: '30-ctas',
    sql: `CREATE TABLE lake.sales.nation AS
          SELECT n AS nationkey, concat('nation ', CAST(n AS varchar)) AS name, n % 5 AS regionkey, 'far away' AS comment
          FROM UNNEST(sequence(0, 24)) AS t (n)`,
    rows: [['25']],
  },
  { name: '31-rename-table', sql: 'ALTER TABLE lake.sales.nation RENAME TO lake.sales.nations', rows: [] },
  { name: '32-comment-table', sql: `COMMENT ON TABLE lake.sales.nations IS 'hello'`, rows: [] },
  { name: '33-create-view', sql: `CREATE VIEW lake.sales.v AS SELECT d, sum(amount) s FROM ${orders} GROUP BY d`, rows: [] },
  {
    name: '34-create-or-replace-view',
    sql: `CREATE OR REPLACE VIEW lake.sales.v AS SELECT d, sum(amount) s, count(*) c FROM ${orders} GROUP BY d`,
    rows: [],
  },
  {
    name: '35-select-view',
    sql: 'SELECT d, s, c FROM lake.sales.v ORDER BY 1',
    rows: [
      ['2026-11-20', '10.50', '1'],
      ['2026-11-21', '99.00', '1'],
      ['2026-11-23', '1.00', '1'],
    ],
  },
  {
    name: '36-show-create-view',
    sql: 'SHOW CREATE VIEW lake.sales.v',
    rows: [
      [
        `CREATE VIEW lake.sales.v SECURITY DEFINER\nWITH (\n   location = '…'\n) AS\nSELECT\n  d\n, sum(amount) s\n, count(*) c\nFROM\n  ${orders}\nGROUP BY d`,
      ],
    ],
    comparable: withoutPlaces,
  },
];

const catalogQueries: readonly Statement[] = [
  {
    name: '37-information-schema-tables',
    sql: `SELECT table_schema, table_name, table_type FROM lake.information_schema.tables WHERE table_schema NOT IN ('information_schema', 'raw')`,
    rows: [
      ['system', 'iceberg_tables', 'BASE TABLE'],
      ['sales', 'nations', 'BASE TABLE'],
      ['sales', 'orders', 'BASE TABLE'],
      ['sales', 'v', 'VIEW'],
    ],
    isSet: true,
  },
  {
    name: '38-information-schema-columns',
    sql: `SELECT count(column_name) FROM lake.information_schema.columns WHERE table_schema = 'sales'`,
    rows: [['12']],
  },
  { name: '39-show-create-table', sql: `SHOW CREATE TABLE ${orders}`, comparable: withoutPlaces },
  {
    name: '40-show-stats',
    sql: `SHOW STATS FOR ${orders}`,
    rows: [
      ['id', null, '3', '0', null, '1', '9'],
      ['customer', '3', '0', null, null, null],
      ['amount', null, '3', '0', null, '1.0', '99.0'],
      ['ts', null, '3', '0', null, utc('2026-11-20'), utc('2026-11-23', '00')],
      ['d', null, '3', '0', null, '2026-11-20', '2026-11-23'],
      [null, null, null, null, '3', null, null],
    ],
    // Bytes of texts are those of the compressed column.
    comparable: (row) => (row[0] === 'customer' ? [...row.slice(0, 1), ...row.slice(2)] : row),
  },
  {
    name: '41-join-nations',
    sql: 'SELECT count(*) FROM lake.sales.nations JOIN (VALUES 0, 1, 2, 3, 4) AS regions (regionkey) USING (regionkey)',
    rows: [['25']],
  },
  { name: '42-select-missing-table', sql: 'SELECT * FROM lake.sales.nope', error: 'TABLE_NOT_FOUND' },
];

const end: readonly Statement[] = [
  { name: '43-drop-view', sql: 'DROP VIEW lake.sales.v', rows: [] },
  {
    name: '44-rollback',
    sql: `ALTER TABLE ${orders} EXECUTE rollback_to_snapshot(@SNAPSHOT@)`,
    rows: [],
  },
  { name: '45-truncate', sql: 'TRUNCATE TABLE lake.sales.nations', rows: [] },
  { name: '46-drop-nonempty-schema', sql: 'DROP SCHEMA lake.sales', error: 'SCHEMA_NOT_EMPTY' },
  { name: '47-drop-table', sql: `DROP TABLE ${orders}`, rows: [] },
  { name: '48-drop-table-2', sql: 'DROP TABLE lake.sales.nations', rows: [] },
  { name: '49-drop-schema', sql: 'DROP SCHEMA lake.sales', rows: [] },
  { name: '50-drop-schema-2', sql: 'DROP SCHEMA lake.sales2', rows: [] },
];

export const trinoStatements: readonly Statement[] = [
  ...namespacesAndRows,
  ...travel,
  ...changes,
  ...metadata,
  ...upkeep,
  ...views,
  ...catalogQueries,
  ...end,
];
