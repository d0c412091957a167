// A raw table as a relation for DuckDB: its data files fetched, and one SELECT over them in which every column of the
// table's schema stands under its name, found by field id at the top level and by name inside structs, null in files
// that were written before it was there. Two more columns say where a row stands: `_file` and `_committed_at`.

import { currentSchema, snapshotById, type Long } from '../lake/iceberg/metadata.ts';
import type { Predicate } from '../lake/iceberg/predicate.ts';
import { planScan } from '../lake/iceberg/scan.ts';
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
}

export async function tableRelation(
  table: LoadedTable,
  parts: {
    readonly store: ObjectStore;
    readonly cache: FileCache;
    readonly predicate?: Predicate;
    /** Column names by field id, of each file. */
    readonly namesIn: (paths: readonly string[]) => Promise<ReadonlyMap<string, FileNames>>;
  },
  signal?: AbortSignal,
): Promise<TableRelation> {
  const { metadata } = table;
  const { predicate } = parts;
  const plan = await planScan({ metadata, store: parts.store, ...(predicate === undefined ? {} : { predicate }) }, signal);
  const schema = currentSchema(metadata);
  const types = schema.fields.map((field) => `CAST(NULL AS ${duckdbType(field.type)}) AS ${quoted(field.name)}`);
  const shared = { schema, files: plan.files.length, filesSkipped: plan.filesSkipped };
  if (plan.files.length === 0) {
    const select = `SELECT ${[...types, 'CAST(NULL AS VARCHAR) AS _file', 'CAST(NULL AS TIMESTAMPTZ) AS _committed_at'].join(', ')} WHERE false`;
    return { ...shared, rows: 0, select };
  }
  const paths = await parts.cache.hold(
    plan.files.map(({ file }) => ({ location: file.filePath, bytes: Number(file.fileSizeInBytes) })),
    signal,
  );
  const groups = hasRenames(metadata) ? byNames(paths, await parts.namesIn(paths)) : [{ paths, names: null }];
  const rowsIn = new Map(plan.files.map(({ file }, i) => [paths[i], Number(file.recordCount)]));
  const rowsOf = (own: readonly string[]) => own.reduce((sum, path) => sum + (rowsIn.get(path) ?? 0), 0);
  const committedAt = commitTimes(table);
  const placeOf = new Map(
    plan.files.map((file, i) => [paths[i] ?? '', { location: file.file.filePath, committedAt: committedAt(file.snapshotId) }]),
  );
  return {
    ...shared,
    rows: rowsOf(paths),
    select: groups.map((group) => filesSelect(schema, { ...group, rows: rowsOf(group.paths) }, placeOf)).join('\nUNION ALL\n'),
  };
}

interface FilePlace {
  readonly location: string;
  /** Epoch milliseconds; null where the snapshot that added it has expired, or wrote rows of earlier ones again. */
  readonly committedAt: number | null;
}

/** Where a row stands is looked up by its file's number, and only where a statement asks for it. */
function filesSelect(schema: Schema, files: FilesRead, placeOf: ReadonlyMap<string, FilePlace>): string {
  const { columns, from } = rowsOfFiles(schema, files);
  const places = files.paths.map((path) => placeOf.get(path));
  const locations = places.map((place) => (place === undefined ? 'NULL' : literal(place.location)));
  const micros = places.map((place) => (place === undefined || place.committedAt === null ? 'NULL' : `${place.committedAt}000`));
  return `SELECT ${columns.join(', ')}, ${ofFile(locations, 'VARCHAR')} AS _file, make_timestamptz(${ofFile(micros, 'BIGINT')}) AS _committed_at FROM ${from}`;
}

function ofFile(values: readonly string[], type: string): string {
  return `CAST([${values.join(', ')}] AS ${type}[])[CAST(r.file_index AS BIGINT) + 1]`;
}

export interface FilesRead {
  readonly paths: readonly string[];
  /** Under which names the files have the columns; null where no column was ever renamed. */
  readonly names: FileNames | null;
  /** Of all of them; DuckDB would guess none, and then build joins of the larger side. */
  readonly rows?: number;
}

/** Local files as a relation `r`, and the schema's columns over it. */
export function rowsOfFiles(
  schema: Schema,
  { paths, names, rows }: FilesRead,
): { readonly columns: readonly string[]; readonly from: string } {
  const named = names === null ? schema : asNamedIn(schema, names);
  const wanted = named.fields.map(
    (field) => `${field.id}: {name: ${literal(field.name)}, type: ${literal(duckdbType(field.type))}, default_value: NULL}`,
  );
  const columns = schema.fields.map((field) => {
    const value = names === null ? quoted(field.name) : renamedSql(`r.${quoted(field.name)}`, field.type, names);
    return `${value} AS ${quoted(field.name)}`;
  });
  const estimate = rows === undefined ? '' : `, explicit_cardinality = ${Math.max(1, rows)}`;
  return {
    columns,
    from: `read_parquet([${paths.map(literal).join(', ')}], schema = MAP {${wanted.join(', ')}}${estimate}) r`,
  };
}

/** Null for a snapshot that expired, and for one that wrote rows of earlier commits again. */
function commitTimes(table: LoadedTable): (id: Long) => number | null {
  return (id) => {
    const snapshot = snapshotById(table.metadata, id);
    return snapshot && snapshot.summary['operation'] !== 'replace' ? snapshot['timestamp-ms'] : null;
  };
}
