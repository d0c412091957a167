// A raw table over a memory store, and its commits, for the tests of lake/iceberg.

import assert from 'node:assert/strict';
import { prepareAppend, type AppendCache, type PreparedAppend } from '../../lake/iceberg/append.ts';
import { applyCommit } from '../../lake/iceberg/apply-commit.ts';
import type { TableCommit } from '../../lake/iceberg/commit.ts';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';
import type { DataFile } from '../../lake/iceberg/data-file.ts';
import { readManifest, type ReadManifest } from '../../lake/iceberg/manifest.ts';
import { readManifestList, type ManifestFile } from '../../lake/iceberg/manifest-list.ts';
import { manifestListOf } from '../../lake/iceberg/metadata-object.ts';
import { mainSnapshot, type PartitionSpec, type Snapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { bytesOfValue, type SingleValue } from '../../lake/iceberg/value-bytes.ts';
import { rawPartitionSpec, rawSchema } from '../../lake/raw/raw-schema.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';

/** 2026-11-21 in days. */
export const today = 20_778;
export const hourMs = 3_600_000;
export const start = Date.UTC(2026, 10, 21, 10);

export interface TableOptions {
  readonly schema?: Schema;
  readonly partitionSpec?: PartitionSpec;
  readonly properties?: Readonly<Record<string, string>>;
}

export function newTable(store: ObjectStore, options: TableOptions = {}): TableMetadata {
  const created = createMetadata(
    {
      uuid: '3a0f6c1e-5a53-4c0f-9d6c-1f6f7a1b2c3d',
      location: `${store.root}/raw/users`,
      schema: rawSchema,
      partitionSpec: rawPartitionSpec,
      ...options,
    },
    start,
  );
  assert.ok(created.kind === 'applied', JSON.stringify(created));
  return created.metadata;
}

/** A file that is not there: manifests do not look. Offsets 0 to rows − 1. */
export function dataFile(store: ObjectStore, name: string, date: number | null, rows: number): DataFile {
  return {
    filePath: `${store.root}/raw/users/data/${name}.parquet`,
    fileFormat: 'PARQUET',
    partition: { 1000: date },
    recordCount: rows,
    fileSizeInBytes: rows * 100,
    columnSizes: new Map([[2, 77]]),
    valueCounts: new Map([[2, rows]]),
    nullValueCounts: new Map([[2, 0]]),
    lowerBounds: new Map([[2, bound('long', 0n)]]),
    upperBounds: new Map([[2, bound('long', BigInt(rows - 1))]]),
    splitOffsets: [4],
  };
}

export function bound(type: string, value: SingleValue): Uint8Array {
  const bytes = bytesOfValue(type, value);
  assert.ok(bytes);
  return bytes;
}

export function applied(metadata: TableMetadata, commit: TableCommit, now: number): TableMetadata {
  const result = applyCommit(metadata, commit, { now });
  if (result.kind !== 'applied') assert.fail(result.message);
  return result.metadata;
}

export function appendCommit(metadata: TableMetadata, prepared: PreparedAppend): TableCommit {
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(metadata)?.['snapshot-id'] ?? null },
    ],
    updates: [
      { action: 'add-snapshot', snapshot: prepared.snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': prepared.snapshot['snapshot-id'] },
    ],
  };
}

/** Prepares and commits one append; its snapshot id is the next sequence number + 100. */
export async function append(
  store: ObjectStore,
  metadata: TableMetadata,
  files: readonly DataFile[],
  options: { readonly now?: number; readonly cache?: AppendCache; readonly summary?: Readonly<Record<string, string>> } = {},
): Promise<TableMetadata> {
  const { now = start, cache, summary = {} } = options;
  const snapshotId = Number(metadata['last-sequence-number']) + 101;
  const input = { metadata, store, files, summary, snapshotId, commitId: `c${snapshotId}`, now };
  const prepared = await prepareAppend(cache ? { ...input, cache } : input);
  return applied(metadata, appendCommit(metadata, prepared), now);
}

export async function bytesAt(store: ObjectStore, location: string): Promise<Uint8Array> {
  assert.ok(location.startsWith(`${store.root}/`));
  return store.get(location.slice(store.root.length + 1));
}

export async function listAt(store: ObjectStore, snapshot: Snapshot | undefined): Promise<readonly ManifestFile[]> {
  assert.ok(snapshot);
  const location = manifestListOf(snapshot);
  return readManifestList(await bytesAt(store, location), location);
}

export async function manifestAt(store: ObjectStore, manifest: ManifestFile | undefined): Promise<ReadManifest> {
  assert.ok(manifest);
  return readManifest(await bytesAt(store, manifest.path), manifest.path);
}

export async function keysOf(store: ObjectStore): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const head of store.list('')) keys.push(head.key);
  return keys;
}

export interface StoreTraffic {
  bytesRead: number;
  bytesWritten: number;
  reads: number;
  writes: number;
}

/** The same store, counting what goes through get and put. */
export function countingStore(store: ObjectStore): { readonly store: ObjectStore; readonly traffic: StoreTraffic } {
  const traffic = { bytesRead: 0, bytesWritten: 0, reads: 0, writes: 0 };
  return {
    traffic,
    store: {
      ...store,
      async get(key, range, signal) {
        const bytes = await store.get(key, range, signal);
        traffic.reads++;
        traffic.bytesRead += bytes.length;
        return bytes;
      },
      async put(key, body, options, signal) {
        traffic.writes++;
        traffic.bytesWritten += body.length;
        return store.put(key, body, options, signal);
      },
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    },
  };
}
