// A worker over a lake in a folder, as one process: it reads the same topic in every life, and dies of certain values.

import { join } from 'node:path';
import { memoryCatalog } from '../../catalog/memory-catalog.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import { openLakeQuery } from '../../query/lake-query.ts';
import { caughtUp } from '../../cli/verify/catch-up.ts';
import { filesystemStore } from '../../lake/store/filesystem-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import { isRecord } from '../../runtime/options.ts';
import { seededRandom } from '../../runtime/random.ts';
import { openJsonDecoder } from '../../sync/decode/json-decoder.ts';
import { memoryLog } from '../../sync/log/memory-log.ts';
import { syncDefaults } from '../../sync/options.ts';
import { Worker } from '../../sync/worker.ts';
import { deadlyWrite } from './poison-bug.ts';

export interface WorkerTask {
  readonly directory: string;
  readonly values: readonly string[];
}

export interface WorkerReply {
  readonly halted: string | null;
  /** Offset, id of `after`, text and reason of `_rescued`; in log order. */
  readonly rows: readonly (readonly unknown[])[];
}

const target = { topic: 'cdc.public.users', ident: { namespace: ['raw'], name: 'users' } };

async function work({ directory, values }: WorkerTask): Promise<WorkerReply> {
  const store = filesystemStore({ root: join(directory, 'lake') });
  await using pointers = await sqliteCatalogStore({ path: join(directory, 'catalog.sqlite') });
  await using catalog = memoryCatalog({ objectStore: store, store: pointers });
  const log = memoryLog({ clusterId: 'cluster-1', batchRecordsMax: 100 });
  log.createTopic(target.topic, { partitions: 1 });
  log.produce(
    target.topic,
    0,
    values.map((value, i) => ({ key: Buffer.from(`{"id":${i}}`), value: Buffer.from(value) })),
  );
  const decoder = await openJsonDecoder(
    { tempDir: directory, attempts: { directory: join(directory, 'attempts'), table: 'users' } },
    { writeFiles: deadlyWrite, isolatedModule: new URL('./poison-child.ts', import.meta.url) },
  );
  const halted = Promise.withResolvers<string>();
  const worker = new Worker(
    [target],
    { ...syncDefaults, commitMaxAgeMs: 50, waitMinMs: 5, discoverEveryMs: 20 },
    {
      log,
      catalog,
      store,
      openDecoder: () => decoder,
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      observer: { halted: (_, halt) => halted.resolve(halt.code) },
    },
  );
  worker.start();
  const code = await Promise.race([halted.promise, caughtUp({ target, catalog, log }, Date.now() + 120_000).then(() => null)]);
  await worker.stop();
  await using lake = await openLakeQuery({ catalog, store, cacheDir: join(directory, 'cache'), threads: 1 });
  const sql = 'SELECT _log_offset, after.id, _rescued."text", _rescued.reason FROM raw.users ORDER BY _log_offset';
  return { halted: code, rows: code === null ? (await lake.query(sql)).rows : [] };
}

function isTask(message: unknown): message is WorkerTask {
  return isRecord(message) && typeof message['directory'] === 'string' && Array.isArray(message['values']);
}

process.once('message', (message) => {
  if (!isTask(message)) throw new Error('no task');
  work(message).then((reply) => process.send?.(reply, () => process.exit()));
});
