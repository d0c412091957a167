// What every client is tried on: the object store of the local stack, our catalog served over it, and two raw tables that
// the real worker writes from a log in memory. `verify` is the proof after each client: the current rows are the source's,
// and every record of the log is exactly one row that rebuilds it.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalog } from '../../catalog/catalog.ts';
import { newTokenText, tokenDigest } from '../../catalog/access/token-text.ts';
import { restCatalog } from '../../catalog/rest-catalog.ts';
import { serveCatalog } from '../../catalog/serve.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { sqliteCatalogStore } from '../../catalog/store/sqlite-catalog-store.ts';
import type { LoadedConfig } from '../../cli/config.ts';
import { caughtUp } from '../../cli/verify/catch-up.ts';
import { compareWithLog, duplicateCounts } from '../../cli/verify/compare-with-log.ts';
import { verifyTable } from '../../cli/verify/verify-table.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { s3Store } from '../../lake/store/s3-store.ts';
import { openLakeQuery, type LakeQuery } from '../../query/lake-query.ts';
import { systemClock } from '../../runtime/clock.ts';
import { silentLogger } from '../../runtime/log.ts';
import { systemRandom } from '../../runtime/random.ts';
import type { StackEndpoints } from '../../stack/components/component.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { openJsonDecoder } from '../../sync/decode/json-decoder.ts';
import { memoryLog } from '../../sync/log/memory-log.ts';
import { syncDefaults } from '../../sync/options.ts';
import type { TableObserver } from '../../sync/table-observer.ts';
import type { TableTarget } from '../../sync/table.ts';
import { Worker } from '../../sync/worker.ts';
import { changingRides, changingUsers, type ChangingTable } from './source-tables.ts';

export interface ClientLake extends AsyncDisposable {
  readonly directory: string;
  readonly stack: Stack;
  readonly s3: StackEndpoints['s3'];
  /** Base address of the catalog, without a trailing slash. */
  readonly catalogUrl: string;
  /** `s3://…` */
  readonly warehouse: string;
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly lake: LakeQuery;
  readonly logins: Logins | null;
  /** More changes of both tables, which arrive on that day; resolves when the lake has them. */
  land(count: number, day?: string): Promise<void>;
  /** With so many rows of others in a table, by its name, which no record of the log accounts for. */
  verify(foreignRows?: Readonly<Record<string, number>>): Promise<void>;
}

export interface ServedCatalog extends AsyncDisposable {
  readonly url: string;
  readonly warehouse: string;
  /** Where nobody is let in without one; Foz itself comes as the writer. */
  readonly logins?: Logins;
}

/** A token of the catalog: as it is, or its name and itself as client credentials. */
export interface Login {
  readonly name: string;
  readonly token: string;
}

export type Logins = Readonly<Record<'reader' | 'writer', Login>>;

export type Serve = (stack: Stack, store: ObjectStore, directory: string) => Promise<ServedCatalog>;

const headers = [
  { key: 'trace', value: Buffer.from('00ff', 'hex') },
  { key: 'by', value: Buffer.from('a client') },
];

const days = ['2026-11-18', '2026-11-19', '2026-11-20'] as const;

export async function openClientLake(serve: Serve = serveOpen, observer: Partial<TableObserver> = {}): Promise<ClientLake> {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'foz-clients-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const stack = parts.use(await startStack({ dir: join(directory, 'stack'), components: ['s3'] }));
  const s3 = stack.endpoint('s3');
  const store = parts.use(
    s3Store({
      bucket: s3.bucket,
      prefix: 'lake',
      region: s3.region,
      endpoint: s3.endpoint,
      credentials: { kind: 'static', accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
    }),
  );
  const served = parts.use(await serve(stack, store, directory));
  const catalog = parts.use(
    restCatalog({ uri: served.url, warehouse: served.warehouse, ...(served.logins ? { token: served.logins.writer.token } : {}) }),
  );
  const log = memoryLog({ clusterId: 'cluster-1', batchRecordsMax: 100 });
  const tables = [changingUsers(), changingRides()];
  const targets = tables.map(targetOf);
  for (const { topic } of tables) log.createTopic(topic, { partitions: 2 });
  const decoderDir = join(directory, 'decode');
  await mkdir(decoderDir);
  const decoders = await Promise.all(
    targets.map(() => openJsonDecoder({ tempDir: decoderDir, memoryLimitBytes: 300_000_000, threads: 1 })),
  );
  const pool = [...decoders];
  const openDecoder = () => {
    const decoder = pool.pop();
    assert.ok(decoder);
    return decoder;
  };
  const worker = new Worker(
    targets,
    { ...syncDefaults, commitMaxAgeMs: 50, waitMinMs: 20, discoverEveryMs: 50 },
    { log, catalog, store, openDecoder, clock: systemClock, random: systemRandom, logger: silentLogger, observer },
  );
  parts.defer(() => worker.stop());
  worker.start();
  const lake = parts.use(await openLakeQuery({ catalog, store, cacheDir: join(directory, 'cache'), threads: 1 }));
  const land = async (count: number, day = '2026-11-20'): Promise<void> => {
    const logTimeMs = Date.parse(`${day}T12:00:00Z`);
    for (const { topic, change } of tables)
      for (const [i, { key, value }] of change(count).entries())
        // One key, one log partition: as a producer chooses it.
        log.produce(topic, partitionOf(key), [
          {
            key: Buffer.from(key),
            value: value === null ? null : Buffer.from(value),
            headers: i % 3 === 0 ? headers : [],
            logTimeMs: logTimeMs + i,
          },
        ]);
    for (const target of targets) await caughtUp({ target, catalog, log }, Date.now() + 60_000);
  };
  const verify = async (foreignRows: Readonly<Record<string, number>> = {}): Promise<void> => {
    const signal = AbortSignal.timeout(120_000);
    for (const [i, target] of targets.entries()) {
      const table = tables[i];
      assert.ok(table);
      const input = { target, catalog, store, log, lake };
      const found = await verifyTable({ ...input, loaded: configIn(directory), waitMs: 30_000, openSource: () => table.source() }, signal);
      assert.deepEqual([found.samples, found.lake], [[], found.source], `${target.ident.name} against its source`);
      assert.ok(found.source > 10, `${target.ident.name} has ${found.source} rows`);
      const compared = await compareWithLog({ ...input, cacheDir: join(directory, 'proof') }, signal);
      const foreign = foreignRows[target.ident.name] ?? 0;
      const { samples, mismatched, rowsRaw, checked } = compared;
      assert.deepEqual([samples, mismatched, rowsRaw], [[], foreign, checked + foreign], `${target.ident.name} against its topic`);
      assert.equal((await duplicateCounts(lake, target, signal)).duplicates, 0);
    }
  };
  for (const day of days) await land(40, day);
  const owned = parts.move();
  const { url: catalogUrl, warehouse, logins = null } = served;
  return {
    directory,
    stack,
    s3,
    catalogUrl,
    warehouse,
    catalog,
    store,
    lake,
    logins,
    land,
    verify,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Ours, on loopback and without a token: everybody who reaches it may do everything. */
const serveOpen: Serve = (_stack, objectStore, directory) => serveOurs(objectStore, directory, async () => undefined);

/** Ours with a token of a reader and one of a writer: from then on nobody is let in without. */
export const serveClosed: Serve = (_stack, objectStore, directory) =>
  serveOurs(objectStore, directory, async ({ tokens }) => {
    const login = async (role: keyof Logins): Promise<Login> => {
      const token = newTokenText();
      await tokens.createToken({ digest: tokenDigest(token), name: `a-${role}`, roles: [role], createdAt: 1, expiresAt: null }, 'foz');
      return { name: `a-${role}`, token };
    };
    return { reader: await login('reader'), writer: await login('writer') };
  });

async function serveOurs(
  objectStore: ObjectStore,
  directory: string,
  makeLogins: (store: CatalogStore) => Promise<Logins | undefined>,
): Promise<ServedCatalog> {
  await using parts = new AsyncDisposableStack();
  const store = parts.use(await sqliteCatalogStore({ path: join(directory, 'catalog.sqlite') }));
  const logins = await makeLogins(store);
  const { url, close } = await serveCatalog({ port: 0, store, objectStore });
  parts.defer(close);
  const owned = parts.move();
  const ended = { [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
  return { url, warehouse: objectStore.root, ...(logins ? { logins } : {}), ...ended };
}

function targetOf({ topic }: ChangingTable): TableTarget {
  return { topic, ident: { namespace: ['raw'], name: topic.split('.').at(-1) ?? topic } };
}

function partitionOf(key: string): number {
  return [...key].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 2;
}

function configIn(directory: string): LoadedConfig {
  const config = { query: { cacheDir: 'verify', memory: 200_000_000, threads: 1 }, verify: { ranges: 64 }, connectors: {}, sources: {} };
  return { config, directory, file: 'foz.yaml', secrets: [] } as unknown as LoadedConfig;
}
