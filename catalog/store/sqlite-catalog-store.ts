// The catalog's store in one SQLite file: WAL, fsync before anything is answered. The connection lives in a worker thread
// (sqlite-worker.ts). After SIGKILL the file holds the old pointer or the new one, nothing between.

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import { valueOf, type StoreAnswer } from './answers.ts';
import type { CatalogStore } from './catalog-store.ts';
import { sqlCatalogStore } from './sql-catalog-store.ts';
import type { SqlCall } from './sql.ts';

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
  return sqlCatalogStore({ ...thread, place: options.path });
}

interface StoreThread {
  readonly call: SqlCall;
  close(): Promise<void>;
}

interface Pending {
  readonly operation: string;
  resolve(value: unknown): void;
  reject(error: unknown): void;
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
    call: (operation, ...parameters) =>
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
  if (!isRecord(message) || typeof message['id'] !== 'number') return;
  const waiting = pending.get(message['id']);
  pending.delete(message['id']);
  if (!waiting || !isAnswer(message['answer'])) return;
  try {
    waiting.resolve(valueOf(message['answer'], waiting.operation, path));
  } catch (error) {
    waiting.reject(error);
  }
}

function isAnswer(value: unknown): value is StoreAnswer {
  return isRecord(value) && (value['kind'] === 'done' || value['kind'] === 'failed');
}
