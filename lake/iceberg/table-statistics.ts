// What the manifests of one snapshot say of a table: rows, bytes, files, and per column how many nulls and between which
// values. No data file is read. A figure is given only where every file has it: one file without it, and nothing is known.
//
// A sum over manifests, and manifests never change: with a cache, a new snapshot costs the manifests that are new in it.

import { LakeError } from '../../runtime/errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { createAvroTypes, type AvroTypes } from './avro-file.ts';
import type { BoundedMap } from './bounded-map.ts';
import { readManifest, type ManifestFileEntry } from './manifest.ts';
import { liveFiles, type ManifestFile } from './manifest-list.ts';
import { manifestsOf, storeKey } from './metadata-object.ts';
import { currentSchema, mainSnapshot, type Long, type Snapshot, type TableMetadata } from './metadata.ts';
import { isStruct, type StructType } from './schema.ts';
import { compareValues, valueOfBytes, type SingleValue } from './value-bytes.ts';

export interface TableStatistics {
  /** Null: the table has no snapshot yet. */
  readonly snapshotId: Long | null;
  /** In data files; the table has fewer where there are delete files. */
  readonly rows: number;
  readonly bytes: number;
  /** Size of each data file. */
  readonly fileBytes: readonly number[];
  /** Of other writers: every figure is then of more rows than the table has. */
  readonly deleteFiles: number;
  /** By field id, of primitive columns outside lists and maps: inside, counts are of elements. */
  readonly columns: ReadonlyMap<number, ColumnStatistics>;
}

export interface ColumnStatistics {
  /** Iceberg primitive. */
  readonly type: string;
  /** Rows in which it is null; null: not known. */
  readonly nulls: number | null;
  /** Stored size; null: not known. */
  readonly bytes: number | null;
  /** Texts and bytes may have been cut: then these enclose the values. Null: not known, or no value at all. */
  readonly lower: SingleValue | null;
  readonly upper: SingleValue | null;
}

/** Figures of one manifest, by its location and the schema they were read with. */
export type ManifestFigures = BoundedMap<Figures>;

export interface TableStatisticsInput {
  readonly metadata: TableMetadata;
  readonly store: ObjectStore;
  /** Default: main's head. */
  readonly snapshot?: Snapshot;
  readonly cache?: ManifestFigures;
  /** Manifests read at once. */
  readonly readsMax?: number;
  /** Of manifests that are not in the cache; beyond it nothing is read. */
  readonly manifestBytesMax?: number;
}

interface Figures {
  readonly rows: number;
  readonly fileBytes: readonly number[];
  readonly deleteFiles: number;
  readonly columns: ReadonlyMap<number, ColumnFigures>;
}

/** Sums with how many files had the figure: known where all had it. */
interface ColumnFigures {
  readonly nulls: number;
  readonly nullsKnown: number;
  readonly bytes: number;
  readonly bytesKnown: number;
  readonly lower: SingleValue | null;
  readonly lowerKnown: number;
  readonly upper: SingleValue | null;
  readonly upperKnown: number;
}

/** Errors: those of the store, OBJECT_CORRUPT, TABLE_UNSUPPORTED (manifests outside the store or beyond the limit, format v1 without lists). */
export async function tableStatistics(input: TableStatisticsInput, signal?: AbortSignal): Promise<TableStatistics> {
  const { metadata, store, cache, readsMax = 8, manifestBytesMax = Number.POSITIVE_INFINITY } = input;
  const snapshot = input.snapshot ?? mainSnapshot(metadata);
  const types = primitives(currentSchema(metadata));
  const avro = createAvroTypes();
  const manifests = (await manifestsOf(store, snapshot, undefined, signal)).filter((manifest) => liveFiles(manifest) !== 0);
  const keyOfManifest = ({ path }: ManifestFile): string => `${path}#${metadata['current-schema-id']}`;
  const unread = manifests.filter((manifest) => !cache?.get(keyOfManifest(manifest))).reduce((sum, { length }) => sum + length, 0);
  if (unread > manifestBytesMax)
    throw new LakeError(
      'TABLE_UNSUPPORTED',
      `its manifests have ${unread} bytes, more than the ${manifestBytesMax} that are read for figures: merge them`,
    );
  const figures: Figures[] = [];
  for (let from = 0; from < manifests.length; from += readsMax) {
    const batch = manifests.slice(from, from + readsMax).map(async (manifest) => {
      const key = keyOfManifest(manifest);
      const read = cache?.get(key) ?? (await manifestFigures(store, manifest, types, avro, signal));
      cache?.set(key, read);
      return read;
    });
    figures.push(...(await Promise.all(batch)));
  }
  const fileBytes = figures.flatMap((of) => of.fileBytes);
  return {
    snapshotId: snapshot?.['snapshot-id'] ?? null,
    rows: figures.reduce((sum, { rows }) => sum + rows, 0),
    bytes: fileBytes.reduce((sum, bytes) => sum + bytes, 0),
    fileBytes,
    deleteFiles: figures.reduce((sum, { deleteFiles }) => sum + deleteFiles, 0),
    columns: new Map(
      [...types].map(([id, type]) => {
        const own = figures.flatMap(({ columns }) => columns.get(id) ?? []);
        return [id, columnStatistics(type, own.reduce(added, noColumn), fileBytes.length)];
      }),
    ),
  };
}

async function manifestFigures(
  store: ObjectStore,
  manifest: ManifestFile,
  types: ReadonlyMap<number, string>,
  avro: AvroTypes,
  signal: AbortSignal | undefined,
): Promise<Figures> {
  const { entries } = readManifest(await store.get(storeKey(store, manifest.path), undefined, signal), manifest.path, avro);
  const live = entries.filter(({ status }) => status !== 'deleted').map(({ file }) => file);
  if (manifest.content === 'deletes') return { rows: 0, fileBytes: [], deleteFiles: live.length, columns: new Map() };
  return {
    rows: live.reduce((sum, { recordCount }) => sum + recordCount, 0),
    fileBytes: live.map(({ fileSizeInBytes }) => fileSizeInBytes),
    deleteFiles: 0,
    columns: new Map([...types].map(([id, type]) => [id, live.map((file) => fileFigures(file, id, type)).reduce(added, noColumn)])),
  };
}

function fileFigures(file: ManifestFileEntry, id: number, type: string): ColumnFigures {
  const [nulls, bytes] = [file.nullValueCounts?.get(id), file.columnSizes?.get(id)];
  // Without a value there is nothing to bound.
  const isEmpty = file.recordCount === 0 || (nulls !== undefined && nulls >= (file.valueCounts?.get(id) ?? file.recordCount));
  const bound = (encoded: Uint8Array | undefined) => {
    const value = encoded === undefined ? null : valueOfBytes(type, encoded);
    // Spec: a bound is never NaN; where one is, it bounds nothing.
    return Number.isNaN(value) ? null : value;
  };
  const [lower, upper] = isEmpty ? [null, null] : [bound(file.lowerBounds?.get(id)), bound(file.upperBounds?.get(id))];
  return {
    nulls: nulls ?? 0,
    nullsKnown: Number(nulls !== undefined),
    bytes: bytes ?? 0,
    bytesKnown: Number(bytes !== undefined),
    lower,
    lowerKnown: Number(isEmpty || lower !== null),
    upper,
    upperKnown: Number(isEmpty || upper !== null),
  };
}

const noColumn: ColumnFigures = {
  nulls: 0,
  nullsKnown: 0,
  bytes: 0,
  bytesKnown: 0,
  lower: null,
  lowerKnown: 0,
  upper: null,
  upperKnown: 0,
};

function added(a: ColumnFigures, b: ColumnFigures): ColumnFigures {
  return {
    nulls: a.nulls + b.nulls,
    nullsKnown: a.nullsKnown + b.nullsKnown,
    bytes: a.bytes + b.bytes,
    bytesKnown: a.bytesKnown + b.bytesKnown,
    lower: outer(a.lower, b.lower, -1),
    lowerKnown: a.lowerKnown + b.lowerKnown,
    upper: outer(a.upper, b.upper, 1),
    upperKnown: a.upperKnown + b.upperKnown,
  };
}

function outer(a: SingleValue | null, b: SingleValue | null, sign: 1 | -1): SingleValue | null {
  if (a === null || b === null) return a ?? b;
  return sign * compareValues(a, b) >= 0 ? a : b;
}

function columnStatistics(type: string, figures: ColumnFigures, files: number): ColumnStatistics {
  return {
    type,
    nulls: figures.nullsKnown === files ? figures.nulls : null,
    bytes: figures.bytesKnown === files ? figures.bytes : null,
    lower: figures.lowerKnown === files ? figures.lower : null,
    upper: figures.upperKnown === files ? figures.upper : null,
  };
}

/** Primitive columns outside lists and maps, by field id. */
function primitives({ fields }: StructType): ReadonlyMap<number, string> {
  const types = new Map<number, string>();
  for (const { id, type } of fields) {
    if (typeof type === 'string') types.set(id, type);
    else if (isStruct(type)) for (const [inner, innerType] of primitives(type)) types.set(inner, innerType);
  }
  return types;
}
