// A lake that the real worker fills, and `foz erase` on it; every object of the table read to the byte.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eraseTable, type Erased } from '../../cli/erase/erase-table.ts';
import type { ErasePoint } from '../../cli/erase/erase-point.ts';
import { openFileScanner, type FileScanner } from '../../cli/erase/file-scanner.ts';
import { openFinding, sampleKey, type FindOptions, type Found } from '../../cli/erase/find-files.ts';
import { heldKeys } from '../../cli/erase/held-key.ts';
import { prepareAppend } from '../../lake/iceberg/append.ts';
import { currentSchema, mainSnapshot } from '../../lake/iceberg/metadata.ts';
import {
  chainProperty,
  chainText,
  extendChain,
  readChain,
  recordsOf,
  spansText,
  summaryKeys,
  type OffsetSpan,
} from '../../lake/raw/offset-chain.ts';
import { formerNames } from '../../lake/raw/former-names.ts';
import { fieldIds } from '../../lake/parquet/field-ids.ts';
import type { LoadedTable } from '../../catalog/catalog.ts';
import { readAvroFile } from '../../lake/iceberg/avro-file.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { openFileCache } from '../../query/file-cache.ts';
import { openReadingDuckdb } from '../../query/duckdb.ts';
import { systemClock } from '../../runtime/clock.ts';
import { seededRandom } from '../../runtime/random.ts';
import type { QueryLab } from './query-fixture.ts';

export const event = (op: string, lsn: number, before: object | null, after: object | null) => ({
  before,
  after,
  source: { connector: 'postgresql', ts_us: 1_795_251_270_000_000 + lsn, snapshot: 'false', txId: 700, lsn },
  op,
  ts_ms: 1_795_251_270_100,
});

export interface EraseRun extends FindOptions {
  readonly crashPoint?: (point: ErasePoint) => void | Promise<void>;
  /** How much later than now it runs. */
  readonly laterMs?: number;
  /** By the store's clock; default: the same. */
  readonly storeLaterMs?: number;
}

export async function loadedTable({ catalog, target }: Pick<QueryLab, 'catalog' | 'target'>): Promise<LoadedTable> {
  const table = await catalog.loadTable(target.ident);
  if (!table) throw new Error('the table is not there');
  return table;
}

let runs = 0;

export async function withScanner<T>(lab: QueryLab, work: (scanner: FileScanner) => Promise<T>): Promise<T> {
  const directory = join(lab.directory, `erase-${runs++}`);
  await using scanner = await openFileScanner(lab.store, { directory, memoryBytes: 512 << 20, threads: 1, cacheBytesMax: 1 << 30 });
  return await work(scanner);
}

export async function find(lab: QueryLab, key: string, options: EraseRun = {}): Promise<Found> {
  return withScanner(lab, async (scanner) => {
    const table = await loadedTable(lab);
    const held = heldKeys(key, await sampleKey(table, scanner, lab.store), options.maskKeys ?? [], formerNames(table.metadata));
    return openFinding(scanner, lab.store, options).look(table, held);
  });
}

export async function erase(lab: QueryLab, key: string, options: EraseRun = {}): Promise<Erased> {
  const found = await find(lab, key, options);
  const cache = await openFileCache(lab.store, { directory: join(lab.directory, 'cache'), bytesMax: 1 << 30 });
  return withScanner(lab, (scanner) =>
    eraseTable(
      lab.target,
      found,
      {
        catalog: lab.catalog,
        store: laterStore(lab.store, options.storeLaterMs ?? options.laterMs ?? 0),
        clock: { ...systemClock, now: () => systemClock.now() + (options.laterMs ?? 0) },
        random: seededRandom(7),
        scanner,
        forget: (locations) => cache.forget(locations),
        ...(options.crashPoint ? { crashPoint: options.crashPoint } : {}),
      },
      options,
    ),
  );
}

/** The store's clock goes with ours: what is written through it was written so much later. */
export function laterStore(store: ObjectStore, laterMs: number): ObjectStore {
  const written = new Set<string>();
  return {
    ...store,
    put: (key, ...rest) => {
      written.add(key);
      return store.put(key, ...rest);
    },
    head: async (key, signal) => {
      const head = await store.head(key, signal);
      return head !== null && written.has(key) ? { ...head, modifiedAt: head.modifiedAt + laterMs } : head;
    },
  };
}

/** Which of the texts are anywhere in the objects of the table: raw bytes, and what manifests and Parquet hold compressed. One pass. */
export async function textsHeld(
  lab: Pick<QueryLab, 'catalog' | 'store' | 'target' | 'directory'>,
  texts: readonly string[],
): Promise<readonly string[]> {
  const found = new Set<string>();
  const path = join(lab.directory, `object-${runs++}`);
  await using duckdb = await openReadingDuckdb({ directory: lab.directory, memoryBytes: 512 << 20, threads: 1 });
  const folder = (await loadedTable(lab)).metadata.location.slice(lab.store.root.length + 1);
  for await (const { key } of lab.store.list(`${folder}/`)) {
    await lab.store.getFile(key, path);
    const bytes = await readFile(path);
    const sql = `SELECT to_json(t)::VARCHAR, hex(_log_key), to_json(_headers)::VARCHAR FROM read_parquet('${path}') t`;
    const rows = key.endsWith('.parquet') ? (await duckdb.all(sql)).rows.flat().map(String) : [];
    if (key.endsWith('.avro')) rows.push(...readAvroFile(bytes, key).records.map(recordText));
    for (const text of texts) {
      const hex = Buffer.from(text).toString('hex').toUpperCase();
      if (bytes.includes(text) || rows.some((row) => row.includes(text) || row.includes(hex))) found.add(text);
    }
  }
  return [...found];
}

function recordText(record: unknown): string {
  return JSON.stringify(record, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    // A Buffer has told JSON what it is by the time it comes here.
    const isBuffer = typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value;
    return isBuffer && Array.isArray(value.data) ? Buffer.from(value.data).toString('latin1') : value;
  });
}

/** An object in the table's folder that no commit names: rows of `from`, their offsets moved, of another log partition where it is given. */
export async function orphan(lab: QueryLab, name: string, where: string, offsetBy: number, partition?: number): Promise<string> {
  await using duckdb = await openReadingDuckdb({ directory: lab.directory, memoryBytes: 512 << 20, threads: 1 });
  await lab.lake.query('SELECT count(*) FROM raw.users');
  const path = join(lab.directory, `orphan-${runs++}.parquet`);
  const { metadata } = await loadedTable(lab);
  const folder = metadata.location.slice(lab.store.root.length + 1);
  const ids = fieldIds(currentSchema(metadata));
  const files = [];
  for await (const { key } of lab.store.list(`${folder}/data/`)) {
    const copy = join(lab.directory, `copy-${runs++}`);
    await lab.store.getFile(key, copy);
    files.push(`'${copy}'`);
  }
  const moved = `_log_offset + ${offsetBy} AS _log_offset, ${partition ?? '_log_partition'}::INTEGER AS _log_partition`;
  await duckdb.all(
    `COPY (SELECT * REPLACE (${moved}) FROM read_parquet([${files.join(', ')}], union_by_name = true) WHERE ${where}) TO '${path}' (FORMAT parquet, FIELD_IDS ${ids})`,
  );
  const key = `${folder}/data/date=2026-11-21/${name}`;
  await lab.store.putFile(key, path, { ifAbsent: true });
  return key;
}

/** A commit of the chain that adds no file: offsets skipped, set back, or of a topic that was made anew. */
export async function commitSpans(lab: QueryLab, spans: readonly OffsetSpan[], resume?: string): Promise<void> {
  const { metadata } = await loadedTable(lab);
  const state = readChain(metadata);
  if (state.kind !== 'valid') throw new Error(`the chain is ${state.kind}`);
  const commitId = randomUUID();
  const { snapshot } = await prepareAppend({
    metadata,
    store: lab.store,
    files: [],
    summary: {
      [summaryKeys.commitId]: commitId,
      [summaryKeys.offsets]: spansText(spans),
      ...(resume === undefined ? {} : { [summaryKeys.resume]: resume }),
    },
    snapshotId: 70_000 + runs++,
    commitId,
    now: Date.now(),
  });
  const next = extendChain(state.chain, spans, commitId, state.chain.clusterId, recordsOf(snapshot.summary));
  const outcome = await lab.catalog.commitTable(lab.target.ident, {
    requirements: [{ type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(metadata)?.['snapshot-id'] ?? null }],
    updates: [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshot['snapshot-id'] },
      { action: 'set-properties', updates: { [chainProperty]: chainText(next) } },
    ],
  });
  if (outcome.kind !== 'committed') throw new Error(outcome.message);
}
