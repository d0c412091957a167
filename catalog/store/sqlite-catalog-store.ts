// The catalog's store in one SQLite file: WAL, fsync on every commit, compare-and-swap as `UPDATE … WHERE
// metadata_location = ?`. The connection lives in a worker thread (sqlite-worker.ts). After SIGKILL the file holds the old
// pointer or the new one, nothing between.

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { LakeError, type ErrorCode } from '../../runtime/errors.ts';
import { namespaceKey, namespaceOfKey, type CatalogStore } from './catalog-store.ts';
import { sqliteContractStore } from './sqlite-contract-store.ts';
import { sqliteLineageStore } from './sqlite-lineage-store.ts';
import { sqliteQualityStore } from './sqlite-quality-store.ts';

export interface SqliteCatalogStoreOptions {
  /** The database file; its folder is created when absent. */
  readonly path: string;
  /** How long a write waits for another process that holds the lock. */
  readonly busyTimeoutMs?: number;
}

const busyTimeoutDefaultMs = 5000;

export async function sqliteCatalogStore(options: SqliteCatalogStoreOptions): Promise<CatalogStore> {
  await mkdir(dirname(options.path), { recursive: true });
  const thread = await startThread(options);
  const call = thread.call;
  return {
    contracts: sqliteContractStore(call, options.path),
    lineage: sqliteLineageStore(call),
    quality: sqliteQualityStore(call),
    async getNamespace(namespace) {
      const row = textRow(await call('getNamespace', [namespaceKey(namespace)]));
      return row ? { namespace, properties: propertiesOf(row[0]) } : null;
    },
    async insertNamespace({ namespace, properties }) {
      const parent = namespaceKey(namespace.slice(0, -1));
      const name = namespace.at(-1) ?? '';
      const outcome = await call('insertNamespace', [namespaceKey(namespace), parent, name, JSON.stringify(properties)]);
      return oneOf(outcome, ['inserted', 'exists', 'parent-missing'] as const);
    },
    async deleteNamespace(namespace) {
      return oneOf(await call('deleteNamespace', [namespaceKey(namespace)]), ['deleted', 'missing', 'not-empty'] as const);
    },
    async listNamespaces(parent, page) {
      const rows = textRows(await call('listNamespaces', [namespaceKey(parent), page.after ?? '', page.limit]));
      return rows.map((row) => ({ namespace: namespaceOfKey(row[0] ?? ''), properties: propertiesOf(row[1]) }));
    },
    async getTable(ident) {
      const row = textRow(await call('getTable', [namespaceKey(ident.namespace), ident.name]));
      return row ? { ident, tableUuid: row[0] ?? '', metadataLocation: row[1] ?? '' } : null;
    },
    async insertTable({ ident, tableUuid, metadataLocation }) {
      const outcome = await call('insertTable', [namespaceKey(ident.namespace), ident.name, tableUuid, metadataLocation]);
      return oneOf(outcome, ['inserted', 'exists', 'namespace-missing'] as const);
    },
    async swapTable(ident, expected, next) {
      const outcome = await call('swapTable', [namespaceKey(ident.namespace), ident.name, expected, next]);
      return oneOf(outcome, ['swapped', 'lost', 'missing'] as const);
    },
    async deleteTable(ident) {
      const row = textRow(await call('deleteTable', [namespaceKey(ident.namespace), ident.name]));
      return row ? { ident, tableUuid: row[0] ?? '', metadataLocation: row[1] ?? '' } : null;
    },
    async listTables(namespace, page) {
      const rows = textRows(await call('listTables', [namespaceKey(namespace), page.after ?? '', page.limit]));
      return rows.map((row) => ({ namespace, name: row[0] ?? '' }));
    },
    async hasTableUnder(prefix) {
      return (await call('hasTableUnder', [prefix, `${prefix}\u{10ffff}`])) === true;
    },
    [Symbol.asyncDispose]: thread.close,
  };
}

interface StoreThread {
  call(operation: string, parameters: readonly (string | number)[]): Promise<unknown>;
  close(): Promise<void>;
}

interface Pending {
  readonly operation: string;
  resolve(value: unknown): void;
  reject(error: LakeError): void;
}

async function startThread(options: SqliteCatalogStoreOptions): Promise<StoreThread> {
  const { path, busyTimeoutMs = busyTimeoutDefaultMs } = options;
  // The extension is this file's own: the published package is compiled.
  const url = new URL(import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js', import.meta.url);
  // Flags of the program that started us (as --input-type) are not for this thread.
  const worker = new Worker(url, { workerData: { path, busyTimeoutMs }, execArgv: [] });
  await whenReady(worker, path);
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let ended: LakeError | null = null;
  worker.on('message', (message: unknown) => settle(pending, path, message));
  const end = (cause: unknown) => {
    ended ??= new LakeError('CATALOG_REFUSED', `the catalog store ${path} is closed`, { cause });
    for (const waiting of pending.values()) {
      waiting.reject(new LakeError('CATALOG_OUTCOME_UNKNOWN', `the catalog store ${path} ended during ${waiting.operation}`, { cause }));
    }
    pending.clear();
  };
  worker.on('error', end);
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      end(new Error(`store thread exited with code ${code}`));
      resolve();
    });
  });
  return {
    call: (operation, parameters) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const id = ++lastId;
        pending.set(id, { operation, resolve, reject });
        worker.postMessage({ id, operation, parameters }, []);
      }),
    async close() {
      if (!ended) worker.postMessage('close', []);
      await exited;
    },
  };
}

function whenReady(worker: Worker, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      reject(new LakeError('CATALOG_REFUSED', `the catalog store ${path} cannot be opened: ${reason}`, { cause, context: { path } }));
    };
    worker.once('error', fail);
    worker.once('message', () => {
      worker.off('error', fail);
      resolve();
    });
  });
}

function settle(pending: Map<number, Pending>, path: string, message: unknown): void {
  if (typeof message !== 'object' || message === null || !('id' in message) || typeof message.id !== 'number') return;
  const waiting = pending.get(message.id);
  pending.delete(message.id);
  if (!waiting) return;
  if (!('failure' in message)) return waiting.resolve('value' in message ? message.value : null);
  const code = 'code' in message && typeof message.code === 'number' ? message.code : null;
  const text = `${waiting.operation} on the catalog store ${path} failed: ${String(message.failure)}`;
  waiting.reject(new LakeError(errorCodeOf(code), text, { context: { path, sqlite: code } }));
}

/** Primary result codes. The transaction was rolled back in all but the cases we do not know. */
function errorCodeOf(code: number | null): ErrorCode {
  const primary = code === null ? -1 : code & 0xff;
  if (primary === 5 || primary === 6) return 'CATALOG_UNREACHABLE';
  // READONLY, CORRUPT, FULL, CANTOPEN, NOTADB
  if ([8, 11, 13, 14, 26].includes(primary)) return 'CATALOG_REFUSED';
  return 'CATALOG_OUTCOME_UNKNOWN';
}

function textRow(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.map(String) : null;
}

function textRows(value: unknown): readonly (readonly string[])[] {
  return Array.isArray(value) ? value.map((row) => textRow(row) ?? []) : [];
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new LakeError('INTERNAL', `the catalog store answered ${String(value)}`);
  return found;
}

function propertiesOf(text: string | undefined): Record<string, string> {
  const value: unknown = JSON.parse(text ?? '{}');
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, String(member)]));
}
