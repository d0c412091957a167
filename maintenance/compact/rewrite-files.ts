// Data files of one partition as one file, sorted, under the table's columns of today: fetched into a folder of this run,
// copied in bounded memory, and compared row by row with what they stand for (query/proven-copy.ts). What cannot be read
// column by column as the table means it is left alone: a file without field ids, or one whose columns inside a list or a
// map have been renamed since.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { indexFields } from '../../lake/iceberg/check-schema.ts';
import { currentSchema, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { LocalFile } from '../../lake/iceberg/put-data-file.ts';
import { isList, isMap, isStruct, type IcebergType, type Schema } from '../../lake/iceberg/schema.ts';
import { literal } from '../../lake/parquet/duckdb-type.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { openReadingDuckdb, type ReadingDuckdb } from '../../query/duckdb.ts';
import { openFileCache } from '../../query/file-cache.ts';
import { provenCopy } from '../../query/proven-copy.ts';
import { byNames, type FileNames } from '../../query/renamed-columns.ts';
import { rowsOfFiles } from '../../query/table-files.ts';
import { assert, LakeError } from '../../runtime/errors.ts';
import type { Bin } from './plan-compaction.ts';
import { sortColumns } from './sort-columns.ts';

export interface RewriterOptions {
  /** Of this run alone: removed with it. */
  readonly directory: string;
  readonly memoryBytes: number;
  readonly threads: number;
}

export interface FileRewriter extends AsyncDisposable {
  /** A local file, to be uploaded and removed by the caller. TABLE_UNSUPPORTED or OBJECT_CORRUPT, the context with the `location` where it is known, for a file that is to be left alone. */
  rewrite(metadata: TableMetadata, bin: Bin, signal?: AbortSignal): Promise<LocalFile>;
}

export async function openFileRewriter(store: ObjectStore, options: RewriterOptions): Promise<FileRewriter> {
  const { directory } = options;
  const out = join(directory, 'out');
  await mkdir(out, { recursive: true });
  const cache = await openFileCache(store, { directory, bytesMax: 0 });
  return {
    rewrite: async (metadata, bin, signal) => {
      const files = bin.files.map(({ file }) => file);
      const paths = await cache.hold(
        files.map(({ filePath, fileSizeInBytes }) => ({ location: filePath, bytes: fileSizeInBytes })),
        signal,
      );
      try {
        const locations = new Map(paths.map((path, i) => [path, files[i]?.filePath ?? '']));
        const orderBy = sortColumns(metadata);
        // One file without an order is still better than many.
        const written =
          (await copied(options, out, metadata, bin, locations, orderBy, signal)) ??
          (await copied(options, out, metadata, bin, locations, [], signal));
        if (written === null) throw new LakeError('LIMIT_EXCEEDED', `${files.length} files do not fit into catalog.maintenance.memory`);
        return written;
      } finally {
        await cache.release();
      }
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** In a DuckDB of its own: what the one before had in memory would count against the sort. Null where it does not fit into memory. */
async function copied(
  options: RewriterOptions,
  out: string,
  metadata: TableMetadata,
  bin: Bin,
  locations: ReadonlyMap<string, string>,
  orderBy: readonly string[],
  signal?: AbortSignal,
): Promise<LocalFile | null> {
  const schema = currentSchema(metadata);
  await using duckdb = await openReadingDuckdb(options);
  let written: LocalFile | null = null;
  try {
    const select = await rowsOf(duckdb, metadata, locations, signal);
    written = await provenCopy(duckdb, { select, orderBy, schema, from: bin.files.map(({ file }) => file), directory: out }, signal);
    assert(written, 'files of a compaction hold rows');
    checkCounts(bin, written, schema);
    return written;
  } catch (error) {
    if (written) await rm(written.path, { force: true });
    if (error instanceof LakeError && error.code === 'LIMIT_EXCEEDED') return null;
    throw await damageOf(error, duckdb, metadata, locations, signal);
  }
}

/** What DuckDB cannot read is a damaged file: which of them, each alone tells. */
async function damageOf(
  error: unknown,
  duckdb: ReadingDuckdb,
  metadata: TableMetadata,
  locations: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<unknown> {
  if (!isUnreadable(error)) return error;
  for (const [path, location] of locations) {
    try {
      const rows = await rowsOf(duckdb, metadata, new Map([[path, location]]), signal);
      await duckdb.all(`SELECT bit_xor(hash(t)) FROM (${rows}) t`, signal);
    } catch (cause) {
      if (!isUnreadable(cause)) throw cause;
      const message = `${location} cannot be read, so it is not compacted: ${cause.message.replaceAll(path, location)}`;
      return new LakeError('OBJECT_CORRUPT', message, { context: { location }, cause });
    }
  }
  return new LakeError('INTERNAL', `compacting ${locations.size} files: ${error.message}`, { cause: error });
}

function isUnreadable(error: unknown): error is LakeError {
  return error instanceof LakeError && error.code === 'QUERY_INVALID';
}

/** `locations`: by local path. */
async function rowsOf(
  duckdb: ReadingDuckdb,
  metadata: TableMetadata,
  locations: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<string> {
  const schema = currentSchema(metadata);
  const paths = [...locations.keys()];
  const columns = await columnsIn(duckdb, paths, signal);
  const [known, nested] = [knownColumns(metadata), columnsInsideLists(schema)];
  const namesIn = new Map<string, FileNames>();
  for (const [path, found] of columns) {
    for (const { id, name } of found) {
      if (id === null || !known.has(id))
        throw unreadable(locations.get(path), `column ${name} has ${id === null ? 'no field id' : `the unknown field id ${id}`}`);
      const today = nested.get(id);
      if (today !== undefined && today !== name)
        throw unreadable(locations.get(path), `column ${name} inside a list or a map is called ${today} now`);
    }
    namesIn.set(path, new Map(found.flatMap(({ id, name }) => (id === null ? [] : [[id, name] as const]))));
  }
  const groups = byNames(paths, namesIn);
  return groups
    .map((group) => rowsOfFiles(schema, groups.length === 1 && isAsToday(schema, group.names) ? { ...group, names: null } : group))
    .map(({ columns: selected, from }) => `SELECT ${selected.join(', ')} FROM ${from}`)
    .join(' UNION ALL ');
}

interface FileColumn {
  readonly id: number | null;
  readonly name: string;
}

/** Columns that hold values, and structs: lists and maps have inner groups, which no field id is for. */
async function columnsIn(
  duckdb: ReadingDuckdb,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, readonly FileColumn[]>> {
  const sql = `SELECT file_name, name, field_id, coalesce(num_children, 0) FROM parquet_schema([${paths.map(literal).join(', ')}])`;
  const { rows } = await duckdb.all(sql, signal);
  const columns = new Map<string, FileColumn[]>(paths.map((path) => [path, []]));
  for (const [path, name, id, children] of rows) {
    if (id === null && Number(children) > 0) continue;
    columns.get(String(path))?.push({ id: id === null ? null : Number(id), name: String(name) });
  }
  for (const [path, found] of columns) assert(found.length > 0, `the columns of ${path} are known`);
  return columns;
}

/** Of every schema that the table has had: a column that was dropped since may go. */
function knownColumns({ schemas }: TableMetadata): ReadonlySet<number> {
  return new Set(schemas.map(indexFields).flatMap((fields) => (typeof fields === 'string' ? [] : [...fields.keys()])));
}

/** Name by id: DuckDB finds these by their names. */
function columnsInsideLists(schema: Schema): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const walk = (type: IcebergType, isInside: boolean): void => {
    if (isStruct(type))
      for (const field of type.fields) {
        if (isInside) found.set(field.id, field.name);
        walk(field.type, isInside);
      }
    if (isList(type)) walk(type.element, true);
    if (isMap(type)) {
      walk(type.key, true);
      walk(type.value, true);
    }
  };
  walk(schema, false);
  return found;
}

/** Every column that the files have is called as it is today: then they are read as they stand. */
function isAsToday(schema: Schema, names: FileNames): boolean {
  const fields = indexFields(schema);
  return typeof fields !== 'string' && [...names].every(([id, name]) => !fields.has(id) || fields.get(id)?.name === name);
}

/** What the manifests say of the old files, against what was written: rows, and nulls of each column of the top level. */
function checkCounts({ files, rows }: Bin, { dataFile }: LocalFile, schema: Schema): void {
  const fail = (what: string, expected: number, found: number): never => {
    throw new LakeError('OBJECT_CORRUPT', `compacting ${files.length} files, ${files[0]?.file.filePath} the first: ${what}`, {
      context: { expected, found },
    });
  };
  if (dataFile.recordCount !== rows) fail('they do not hold as many rows as their manifests say', rows, dataFile.recordCount);
  for (const { id, name, type } of schema.fields) {
    const written = dataFile.nullValueCounts?.get(id);
    const counts = files.map(({ file }) => file.nullValueCounts?.get(id));
    if (typeof type !== 'string' || written === undefined || counts.some((count) => count === undefined)) continue;
    const nulls = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
    if (nulls !== written) fail(`column ${name} does not hold as many nulls as their manifests say`, nulls, written);
  }
}

function unreadable(location: string | undefined, why: string): LakeError {
  return new LakeError('TABLE_UNSUPPORTED', `${location} is not compacted: its ${why}`, { context: { location } });
}
