// The current view over raw rows that a test made up: one DuckDB, one table with the columns of a raw table.

import type { IcebergType, Schema, StructField } from '../../lake/iceberg/schema.ts';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import { currentSql, type CurrentSource } from '../../lake/raw/current.ts';
import { rawSchema } from '../../lake/raw/raw-schema.ts';
import { openReadingDuckdb, type ReadingDuckdb } from '../../query/duckdb.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RawEvent {
  readonly partition: number;
  readonly offset: number;
  readonly logTimeUs: number;
  readonly key: string | null;
  /** Null: a tombstone. */
  readonly op: string | null;
  readonly lsn: number | null;
  readonly after: object | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Cassandra. */
  readonly source?: object;
  /** By its contract. */
  readonly quarantined?: boolean;
}

export interface CurrentLab extends AsyncDisposable {
  readonly duckdb: ReadingDuckdb;
  readonly schema: Schema;
  readonly after: string;
  readonly source: string;
  readonly kind: CurrentSource;
}

const sources = {
  postgres: 'STRUCT(lsn BIGINT, ts_us BIGINT)',
  cassandra: 'STRUCT(keyspace VARCHAR, "snapshot" VARCHAR, ts_us BIGINT, file VARCHAR, pos BIGINT)',
};

/** `after`: the members of the struct as DuckDB writes them; cells of Cassandra are structs. */
export async function openCurrentLab(after: string, kind: CurrentSource, memoryBytes = 500_000_000): Promise<CurrentLab> {
  const directory = await mkdtemp(join(tmpdir(), 'foz-current-'));
  const duckdb = await openReadingDuckdb({ directory, memoryBytes, threads: 1 });
  const described = await duckdb.all(`SELECT unnest(CAST(NULL AS STRUCT(${after}))), unnest(CAST(NULL AS ${sources[kind]}))`);
  void described;
  const schema: Schema = {
    ...rawSchema,
    fields: [...rawSchema.fields, structField(100, 'source', sources[kind]), structField(200, 'after', `STRUCT(${after})`)],
  };
  return {
    duckdb,
    schema,
    after: `STRUCT(${after})`,
    source: sources[kind],
    kind,
    [Symbol.asyncDispose]: async () => {
      await duckdb[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Enough of DuckDB's notation for these tests: names with a scalar or one struct of scalars. */
function structField(id: number, name: string, type: string): StructField {
  return { id, name, required: false, type: icebergType(id * 10, type) };
}

const scalars: Readonly<Record<string, string>> = { BIGINT: 'long', VARCHAR: 'string', BOOLEAN: 'boolean', DOUBLE: 'double' };

function icebergType(id: number, type: string): IcebergType {
  if (!type.startsWith('STRUCT(')) return scalars[type] ?? type;
  const members = type.slice(7, -1).match(/("[^"]+"|\w+) (STRUCT\([^)]*\)|\w+)/g) ?? [];
  return {
    type: 'struct',
    fields: members.map((member, i) => {
      const space = member.indexOf(' ');
      return {
        id: id + i,
        name: member.slice(0, space).replaceAll('"', ''),
        required: false,
        type: icebergType((id + i) * 10, member.slice(space + 1)),
      };
    }),
  };
}

/** Rows of the view without its log coordinates, sorted by their JSON text; integers as numbers. */
export async function currentRows(lab: CurrentLab, events: readonly RawEvent[], asOf?: number): Promise<readonly (readonly unknown[])[]> {
  await lab.duckdb.run('CREATE OR REPLACE TABLE lines (line VARCHAR)');
  await lab.duckdb.append(
    'lines',
    events.map((event) => [
      JSON.stringify({
        ...event,
        headers: Object.entries(event.headers).map(([key, value]) => ({ key, value })),
        source: event.source ?? { lsn: event.lsn, ts_us: 1 },
      }),
    ]),
  );
  const structure = literal(
    JSON.stringify({
      partition: 'INTEGER',
      offset: 'BIGINT',
      logTimeUs: 'BIGINT',
      key: 'VARCHAR',
      op: 'VARCHAR',
      headers: [{ key: 'VARCHAR', value: 'VARCHAR' }],
      after: 'JSON',
      source: 'JSON',
      quarantined: 'BOOLEAN',
    }),
  );
  const raw = `(SELECT e.partition AS _log_partition, e.offset AS _log_offset, make_timestamptz(e.logTimeUs) AS _log_time, encode(e.key) AS _log_key,
    list_transform(e.headers, lambda h: struct_pack("key" := h.key, "value" := encode(h.value))) AS _headers, e.op AS op, NULL::TIMESTAMPTZ AS changed_at,
    NULL::STRUCT(text VARCHAR, reason VARCHAR) AS _rescued,
    CASE WHEN e.quarantined THEN [struct_pack(property := NULL::VARCHAR, "rule" := 'quarantined', "value" := NULL::VARCHAR, message := NULL::VARCHAR)] END AS _violations, CAST(e.source AS ${lab.source}) AS source, CAST(e.after AS ${lab.after}) AS after
    FROM (SELECT from_json(line, ${structure}) AS e FROM lines))`;
  const sql = currentSql({
    schema: lab.schema,
    dialect: 'duckdb',
    from: `${raw} raw`,
    source: lab.kind,
    ...(asOf === undefined ? {} : { asOf }),
  });
  const { rows } = await lab.duckdb.all(`SELECT * EXCLUDE (_log_partition, _log_offset, _changed_at) FROM (${sql})`);
  const plain = rows.map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
  return plain.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
