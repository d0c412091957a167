// A lake in a temporary folder, filled by the real worker from a log in memory: what `foz query` and `foz verify` read.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalog } from '../../catalog/catalog.ts';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { openLakeQuery, type LakeQuery } from '../../query/lake-query.ts';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import { seededRandom } from '../../runtime/random.ts';
import { openJsonDecoder } from '../../sync/decode/json-decoder.ts';
import { memoryLog, type MemoryLog } from '../../sync/log/memory-log.ts';
import { syncDefaults } from '../../sync/options.ts';
import type { TableTarget } from '../../sync/table.ts';
import { Worker, type WorkerDeps } from '../../sync/worker.ts';
import { caughtUp } from '../../cli/verify/catch-up.ts';

export interface LakeRecord {
  readonly key: string | null;
  /** An object is written as JSON. */
  readonly value: string | object | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly partition?: number;
}

export interface QueryLab extends AsyncDisposable {
  readonly directory: string;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly log: MemoryLog;
  readonly lake: LakeQuery;
  readonly target: TableTarget;
  /** Ends the worker and starts another, which knows nothing. */
  restart(): Promise<void>;
  /** Appends to the log and waits until the table holds it. One call, at least one data file. */
  land(records: readonly LakeRecord[]): Promise<void>;
}

export async function queryLab(
  topic: string,
  partitions = 1,
  contracts?: WorkerDeps['contracts'],
  pointers?: CatalogStore,
): Promise<QueryLab> {
  const directory = await mkdtemp(join(tmpdir(), 'foz-query-'));
  const store = filesystemStore({ root: join(directory, 'lake') });
  const catalog = memoryCatalog({ objectStore: store, ...(pointers ? { store: pointers } : {}) });
  const log = memoryLog({ clusterId: 'cluster-1', batchRecordsMax: 100 });
  log.createTopic(topic, { partitions });
  const target: TableTarget = { topic, ident: { namespace: ['raw'], name: topic.split('.').at(-1) ?? topic } };
  const started = async (): Promise<Worker> => {
    // A worker disposes its decoder.
    const decoder = await openJsonDecoder({ tempDir: join(directory) });
    const worker = new Worker(
      [target],
      { ...syncDefaults, commitMaxAgeMs: 20, waitMinMs: 5, discoverEveryMs: 20 },
      {
        log,
        catalog,
        store,
        openDecoder: () => decoder,
        clock: systemClock,
        random: seededRandom(1),
        logger: silentLogger,
        ...(contracts ? { contracts } : {}),
      },
    );
    worker.start();
    return worker;
  };
  let worker = await started();
  const lake = await openLakeQuery({ catalog, store, cacheDir: join(directory, 'cache'), threads: 1 });
  return {
    directory,
    catalog,
    store,
    log,
    lake,
    target,
    restart: async () => {
      await worker.stop();
      worker = await started();
    },
    land: async (records) => {
      for (const record of records) log.produce(topic, record.partition ?? 0, [newRecord(record)]);
      await caughtUp({ target, catalog, log }, Date.now() + 20_000);
    },
    [Symbol.asyncDispose]: async () => {
      await worker.stop();
      await lake[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function newRecord({ key, value, headers }: LakeRecord) {
  return {
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    ...(headers === undefined ? {} : { headers: Object.entries(headers).map(([name, text]) => ({ key: name, value: Buffer.from(text) })) }),
  };
}
