// A raw table as a relation for DuckDB: its data files fetched, and one SELECT over them in which every column of the
// table's schema stands under its name, found by field id at the top level and by name inside structs, null in files
// that were written before it was there. Two more columns say where a row stands: `_file` and `_committed_at`.

import { currentSchema, snapshotById, type Long } from '../lake/iceberg/metadata.ts';
import type { Predicate } from '../lake/iceberg/predicate.ts';
import { planScan, type ScanFile } from '../lake/iceberg/scan.ts';
import type { Schema } from '../lake/iceberg/schema.ts';
import type { LoadedTable } from '../catalog/catalog.ts';
import { duckdbType, literal, quoted } from '../lake/parquet/duckdb-type.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import type { FileCache } from './file-cache.ts';
import { asNamedIn, byNames, hasRenames, renamedSql, type FileNames } from './renamed-columns.ts';

export interface TableRelation {
  readonly schema: Schema;
  /** Rows by the manifests. */
  readonly rows: number;
  readonly files: number;
  readonly filesSkipped: number;
  readonly select: string;
  /** Statements to run before `select`, `cleanup` after it. */
  readonly prepare: string;
}

/** `place`: name of a table of the session that will hold what is known of each file. */
export async function tableRelation(
  table: LoadedTable,
  parts: {
    readonly store: ObjectStore;
    readonly cache: FileCache;
    readonly place: string;
    readonly predicate?: Predicate;
    /** Column names by field id, of each file. */
    readonly namesIn: (paths: readonly string[]) => Promise<ReadonlyMap<string, FileNames>>;
  },
  signal?: AbortSignal,
): Promise<TableRelation> {
  const { metadata } = table;
  const { predicate, place } = parts;
  const plan = await planScan({ metadata, store: parts.store, ...(predicate === undefined ? {} : { predicate }) }, signal);
  const schema = currentSchema(metadata);
  const types = schema.fields.map((field) => `CAST(NULL AS ${duckdbType(field.type)}) AS ${quoted(field.name)}`);
  const shared = { schema, files: plan.files.length, filesSkipped: plan.filesSkipped };
  if (plan.files.length === 0) {
    const select = `SELECT ${[...types, 'CAST(NULL AS VARCHAR) AS _file', 'CAST(NULL AS TIMESTAMPTZ) AS _committed_at'].join(', ')} WHERE false`;
    return { ...shared, rows: 0, select, prepare: '' };
  }
  const paths = await parts.cache.hold(
    plan.files.map(({ file }) => ({ location: file.filePath, bytes: Number(file.fileSizeInBytes) })),
    signal,
  );
  const groups = hasRenames(metadata) ? byNames(paths, await parts.namesIn(paths)) : [{ paths, names: null }];
  const committedAt = commitTimes(table);
  const values = plan.files.map((file, i) => fileRow(file, paths[i] ?? '', committedAt));
  return {
    ...shared,
    rows: plan.files.reduce((sum, { file }) => sum + Number(file.recordCount), 0),
    prepare: `CREATE OR REPLACE TABLE ${place} AS SELECT path, location, CAST(to_timestamp(ms / 1000.0) AS TIMESTAMPTZ) AS committed_at FROM (VALUES ${values.join(', ')}) f(path, location, ms)`,
    select: groups.map((group) => filesSelect(schema, group, place)).join('\nUNION ALL\n'),
  };
}

function filesSelect(schema: Schema, files: FilesRead, place: string): string {
  const { columns, from } = rowsOfFiles(schema, files);
  return `SELECT ${columns.join(', ')}, f.location AS _file, f.committed_at AS _committed_at FROM ${from} LEFT JOIN ${place} f ON f.path = r._path`;
}

export interface FilesRead {
  readonly paths: readonly string[];
  /** Under which names the files have the columns; null where no column was ever renamed. */
  readonly names: FileNames | null;
}

/** Local files as a relation `r`, and the schema's columns over it. */
export function rowsOfFiles(schema: Schema, { paths, names }: FilesRead): { readonly columns: readonly string[]; readonly from: string } {
  const named = names === null ? schema : asNamedIn(schema, names);
  const wanted = named.fields.map(
    (field) => `${field.id}: {name: ${literal(field.name)}, type: ${literal(duckdbType(field.type))}, default_value: NULL}`,
  );
  const columns = schema.fields.map((field) => {
    const value = names === null ? quoted(field.name) : renamedSql(`r.${quoted(field.name)}`, field.type, names);
    return `${value} AS ${quoted(field.name)}`;
  });
  return { columns, from: `read_parquet([${paths.map(literal).join(', ')}], schema = MAP {${wanted.join(', ')}}, filename = '_path') r` };
}

/** Null for a snapshot that expired. */
function commitTimes(table: LoadedTable): (id: Long) => number | null {
  return (id) => snapshotById(table.metadata, id)?.['timestamp-ms'] ?? null;
}

function fileRow({ file, snapshotId }: ScanFile, path: string, committedAt: (id: Long) => number | null): string {
  const ms = committedAt(snapshotId);
  return `(${literal(path)}, ${literal(file.filePath)}, ${ms === null ? 'CAST(NULL AS BIGINT)' : `CAST(${ms} AS BIGINT)`})`;
}
