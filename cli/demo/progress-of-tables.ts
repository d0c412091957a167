// How far the tables are, seen from outside the worker: the chain in the table against the log's end, and files that
// were uploaded but belong to no snapshot (flushed, not committed).

import { identText, type Catalog, type LoadedTable } from '../../catalog/catalog.ts';
import { readManifest } from '../../lake/iceberg/manifest.ts';
import { manifestsOf } from '../../lake/iceberg/metadata-object.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { readChain } from '../../lake/raw/offset-chain.ts';
import { keyOf, locationOf, type ObjectStore } from '../../lake/store/object-store.ts';
import type { Log } from '../../sync/log/log.ts';
import type { TableTarget } from '../../sync/table.ts';

export interface TableProgress {
  readonly table: string;
  /** First offset not in the table yet, all log partitions added up. */
  readonly next: number;
  /** Records in the log that are not in the table yet. */
  readonly remaining: number;
}

export interface Readers {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly log: Log;
}

export async function tableProgress(target: TableTarget, readers: Readers, signal?: AbortSignal): Promise<TableProgress> {
  const table = identText(target.ident);
  const [source] = await readers.log.describe([target.topic], signal);
  if (!source) return { table, next: 0, remaining: 0 };
  const [ranges, loaded] = await Promise.all([readers.log.offsets(target.topic, signal), readers.catalog.loadTable(target.ident, signal)]);
  const state = loaded ? readChain(loaded.metadata) : { kind: 'empty' as const };
  const known = state.kind === 'valid' ? state.chain.next.get(source.topicId) : undefined;
  let [next, remaining] = [0n, 0n];
  for (const [partition, range] of ranges) {
    const position = known?.get(partition) ?? range.logStart;
    next += position;
    remaining += range.highWatermark - position;
  }
  return { table, next: Number(next), remaining: Number(remaining) };
}

/** Rows of data files that a manifest in the store names but no manifest of the table's head does. */
export async function uncommittedFiles(target: TableTarget, readers: Readers): Promise<ReadonlyMap<string, number>> {
  const loaded = await readers.catalog.loadTable(target.ident);
  if (!loaded) return new Map();
  const committed = new Set((await committedFiles(loaded, readers.store)).keys());
  const uncommitted = new Map<string, number>();
  const prefix = keyOf(readers.store, `${loaded.metadata.location}/metadata/`);
  for await (const { key } of readers.store.list(prefix ?? '')) {
    if (!key.endsWith('.avro') || key.includes('/snap-')) continue;
    for (const [path, rows] of await filesOf(readers.store, key)) if (!committed.has(path)) uncommitted.set(path, rows);
  }
  return uncommitted;
}

/** Rows by location of every live data file of the table's head. */
export async function committedFiles(loaded: LoadedTable, store: ObjectStore): Promise<ReadonlyMap<string, number>> {
  const head = mainSnapshot(loaded.metadata);
  const files = new Map<string, number>();
  for (const manifest of head ? await manifestsOf(store, head, undefined) : []) {
    const key = keyOf(store, manifest.path);
    for (const [path, rows] of key === null ? [] : await filesOf(store, key)) files.set(path, rows);
  }
  return files;
}

async function filesOf(store: ObjectStore, key: string): Promise<ReadonlyMap<string, number>> {
  const { entries } = readManifest(await store.get(key), locationOf(store, key));
  return new Map(
    entries.filter((entry) => entry.status !== 'deleted').map((entry) => [entry.file.filePath, Number(entry.file.recordCount)]),
  );
}
