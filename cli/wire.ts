// The only place that names adapters: from a configuration to an object store, a catalog, a log, decoders and a worker.
// What it returns is the caller's to dispose.

import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Catalog, TableIdent } from '../catalog/catalog.ts';
import type { ContractRegistry } from '../catalog/contract-registry.ts';
import type { Contracts } from '../catalog/contracts.ts';
import type { Lineage } from '../catalog/lineage.ts';
import { lineageService } from '../catalog/lineage/lineage-service.ts';
import { memoryCatalog } from '../catalog/memory-catalog.ts';
import { memoryContracts } from '../catalog/memory-contracts.ts';
import { memoryLineage } from '../catalog/memory-lineage.ts';
import { registryParts } from '../catalog/registry/registry-parts.ts';
import { threadJudge } from '../catalog/registry/thread-judge.ts';
import { restCatalog } from '../catalog/rest-catalog.ts';
import { restContracts } from '../catalog/rest-contracts.ts';
import { restLineage } from '../catalog/rest-lineage.ts';
import { serveCatalog, type ServedCatalog } from '../catalog/serve.ts';
import type { CatalogStore } from '../catalog/store/catalog-store.ts';
import { sqliteCatalogStore } from '../catalog/store/sqlite-catalog-store.ts';
import { filesystemStore } from '../lake/store/filesystem-store.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import { s3Store, type S3StoreOptions } from '../lake/store/s3-store.ts';
import { systemClock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import { isAlive } from '../runtime/is-alive.ts';
import type { Logger } from '../runtime/log.ts';
import { systemRandom } from '../runtime/random.ts';
import { cassandraSource } from '../sources/cassandra-source.ts';
import { postgresSource } from '../sources/postgres-source.ts';
import type { Source } from '../sources/source.ts';
import { columnMasks, type ColumnMasks } from '../sync/contract/column-masks.ts';
import { decodeEngine, type DecodeEngine } from '../sync/decode/decode-engine.ts';
import type { Decoder } from '../sync/decode/decoder.ts';
import { openJsonDecoder } from '../sync/decode/json-decoder.ts';
import { kafkaLog } from '../sync/log/kafka-log.ts';
import type { KafkaLogOptions, KafkaSasl, KafkaTls } from '../sync/log/kafka-options.ts';
import type { Log } from '../sync/log/log.ts';
import type { TableTarget } from '../sync/table.ts';
import type { TableObserver } from '../sync/table-observer.ts';
import { Worker, type WorkerDeps } from '../sync/worker.ts';
import type { LoadedConfig } from './config.ts';
import { fileContracts } from './contract/file-contracts.ts';
import type { SourcePlace } from './contract/source-place.ts';
import { crashHook } from './crash-hook.ts';
import { oauthToken } from './oauth-token.ts';
import { addressOf, cassandraSettings, pathIn, postgresSettings, syncOptions, tableTargets, urlOf } from './settings.ts';

export function openStore(loaded: LoadedConfig, logger: Logger): ObjectStore {
  const { store } = loaded.config.lake;
  if (store.kind === 'filesystem') return filesystemStore({ root: pathIn(loaded, store.path) });
  const { credentials, multipart, prefix, endpoint, pathStyle } = store;
  const options: S3StoreOptions = {
    bucket: store.bucket,
    region: store.region,
    ...(prefix === undefined ? {} : { prefix }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(pathStyle === undefined ? {} : { pathStyle }),
    credentials: s3Credentials(credentials),
    multipartThresholdBytes: multipart.threshold,
    partBytes: multipart.partSize,
    concurrency: multipart.inFlight,
    requestTimeoutMs: store.requestTimeout,
    attemptsMax: store.attempts,
    conditionalWrites: store.conditionalWrites === 'off' ? 'off' : 'on',
  };
  return s3Store(options, { logger });
}

type CredentialsConfig = Extract<LoadedConfig['config']['lake']['store'], { kind: 's3' }>['credentials'];

function s3Credentials(credentials: CredentialsConfig): NonNullable<S3StoreOptions['credentials']> {
  switch (credentials.kind) {
    case 'environment':
      return { kind: 'default' };
    case 'profile':
      return { kind: 'profile', profile: credentials.profile };
    case 'static': {
      const { accessKeyId, secretAccessKey, sessionToken } = credentials;
      const session = sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() };
      return { kind: 'static', accessKeyId: accessKeyId.reveal(), secretAccessKey: secretAccessKey.reveal(), ...session };
    }
  }
}

/** The pointer store of the embedded catalog. */
export async function openCatalogStore(loaded: LoadedConfig): Promise<CatalogStore> {
  const { catalog } = loaded.config;
  if (catalog.kind !== 'embedded')
    throw new LakeError('CONFIG_INVALID', 'catalog.kind is rest: another process serves the catalog', {
      context: { expected: 'catalog.kind: embedded', found: 'rest' },
    });
  return sqliteCatalogStore({ path: pathIn(loaded, catalog.database) });
}

export interface OpenCatalog extends AsyncDisposable {
  readonly catalog: Catalog;
}

/** Where the quality jobs remember: the catalog's own file where it is on this machine, else one of theirs. */
export function openQualityStore(loaded: LoadedConfig): Promise<CatalogStore> {
  return sqliteCatalogStore({ path: qualityFile(loaded) });
}

export function hasQualityStore(loaded: LoadedConfig): boolean {
  return existsSync(qualityFile(loaded));
}

function qualityFile(loaded: LoadedConfig): string {
  const { catalog, quality } = loaded.config;
  const file = catalog.kind === 'embedded' ? pathIn(loaded, catalog.database) : null;
  return file !== null && existsSync(file) ? file : pathIn(loaded, quality.database);
}

/**
 * The catalog as a client sees it. Embedded: the SQLite file itself where it is on this machine (several processes may
 * share it: every commit is a compare-and-swap), else the address it is served at.
 */
export async function openCatalog(loaded: LoadedConfig, store: ObjectStore, logger: Logger): Promise<OpenCatalog> {
  const { catalog: config } = loaded.config;
  if (config.kind === 'rest') {
    const token = config.token === undefined ? {} : { token: config.token.reveal() };
    const warehouse = config.warehouse === undefined ? {} : { warehouse: config.warehouse };
    const catalog = restCatalog({ uri: config.url, requestTimeoutMs: config.requestTimeout, ...warehouse, ...token });
    return { catalog, [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose]() };
  }
  if (!existsSync(pathIn(loaded, config.database))) {
    const catalog = restCatalog({ uri: urlOf(config.listen) });
    return { catalog, [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose]() };
  }
  const pointers = await openCatalogStore(loaded);
  const catalog = memoryCatalog({ objectStore: store, store: pointers, logger });
  return {
    catalog,
    [Symbol.asyncDispose]: async () => {
      await catalog[Symbol.asyncDispose]();
      await pointers[Symbol.asyncDispose]();
    },
  };
}

export async function serveEmbeddedCatalog(
  loaded: LoadedConfig,
  pointers: CatalogStore,
  store: ObjectStore,
  logger: Logger,
): Promise<ServedCatalog> {
  const { catalog } = loaded.config;
  const { host, port } = addressOf(catalog.kind === 'embedded' ? catalog.listen : '127.0.0.1:0');
  return serveCatalog({ host, port, store: pointers, objectStore: store, logger });
}

/** The embedded catalog for the worker in the same process: no request goes over the network. */
export function localCatalog(pointers: CatalogStore, store: ObjectStore, logger: Logger): Catalog {
  return memoryCatalog({ objectStore: store, store: pointers, logger });
}

/** The contract registry, which stands beside the catalog: the same file or the same address. */
export async function openContracts(loaded: LoadedConfig): Promise<ContractRegistry> {
  const { catalog: config } = loaded.config;
  if (config.kind === 'rest') {
    const token = config.token === undefined ? {} : { token: config.token.reveal() };
    return restContracts({ uri: config.url, requestTimeoutMs: config.requestTimeout, ...token });
  }
  if (!existsSync(pathIn(loaded, config.database))) return restContracts({ uri: urlOf(config.listen) });
  const pointers = await openCatalogStore(loaded);
  // The same limits whether a catalog is served or not: the document is as little trusted here.
  const judge = threadJudge();
  const lineage = lineageService({ store: pointers, clock: systemClock });
  return {
    ...memoryContracts(registryParts(pointers.contracts, systemClock, judge, lineage.consumers).registry),
    [Symbol.asyncDispose]: async () => {
      await judge[Symbol.asyncDispose]();
      await pointers[Symbol.asyncDispose]();
    },
  };
}

/** For the worker in the catalog's own process, which only reads. The store stays the caller's. */
export function localContracts(pointers: CatalogStore): ContractRegistry {
  return memoryContracts(registryParts(pointers.contracts, systemClock).registry);
}

/** Who reads and writes what: the same file or the same address as the catalog. */
export async function openLineage(loaded: LoadedConfig): Promise<Lineage> {
  const { catalog: config } = loaded.config;
  if (config.kind === 'rest') {
    const token = config.token === undefined ? {} : { token: config.token.reveal() };
    return restLineage({ uri: config.url, ...token });
  }
  if (!existsSync(pathIn(loaded, config.database))) return restLineage({ uri: urlOf(config.listen) });
  const pointers = await openCatalogStore(loaded);
  return { ...localLineage(pointers), [Symbol.asyncDispose]: () => pointers[Symbol.asyncDispose]() };
}

/** In the catalog's own process. The store stays the caller's. */
export function localLineage(pointers: CatalogStore): Lineage {
  return memoryLineage(lineageService({ store: pointers, clock: systemClock }));
}

export function openLog(loaded: LoadedConfig, logger: Logger): Log {
  return kafkaLog({ ...kafkaOptions(loaded), logger });
}

export function kafkaOptions(loaded: LoadedConfig): KafkaLogOptions {
  const { kafka } = loaded.config;
  return {
    brokers: kafka.brokers,
    clientId: kafka.clientId,
    ...(kafka.ssl === undefined ? {} : { ssl: kafkaTls(loaded, kafka.ssl) }),
    ...(kafka.sasl === undefined ? {} : { sasl: kafkaSasl(kafka.sasl) }),
    requestTimeoutMs: kafka.requestTimeout,
    sessionTimeoutMs: kafka.sessionTimeout,
    fetchBytesMax: kafka.fetch.maxBytes,
    partitionFetchBytesMax: kafka.fetch.maxBytesPerPartition,
    fetchWaitMaxMs: kafka.fetch.maxWait,
    decompressedBytesMax: kafka.fetch.maxDecompressedBytes,
  };
}

type KafkaConfig = LoadedConfig['config']['kafka'];

function kafkaTls(loaded: LoadedConfig, ssl: NonNullable<KafkaConfig['ssl']>): KafkaTls {
  return {
    ...(ssl.ca === undefined ? {} : { ca: pathIn(loaded, ssl.ca) }),
    ...(ssl.cert === undefined ? {} : { cert: pathIn(loaded, ssl.cert) }),
    ...(ssl.key === undefined ? {} : { key: pathIn(loaded, ssl.key) }),
    ...(ssl.serverName === undefined ? {} : { serverName: ssl.serverName }),
    isVerified: ssl.verify,
  };
}

function kafkaSasl(sasl: NonNullable<KafkaConfig['sasl']>): KafkaSasl {
  if (sasl.kind === 'oauthbearer') return { mechanism: 'oauthbearer', token: oauthToken(sasl, systemClock) };
  return { mechanism: sasl.kind, username: sasl.username, password: sasl.password.reveal() };
}

/** Rows a page of a source reading. */
const sourcePageRows = 5_000;

/** The database that rows came from, read-only. CONFIG_INVALID where foz.yaml does not say how to reach it. */
export function openSource(loaded: LoadedConfig, kind: 'postgres' | 'cassandra', pageRowsMax = sourcePageRows): Source {
  const [postgres, cassandra] = [postgresSettings(loaded), cassandraSettings(loaded)];
  if (kind === 'postgres' && postgres) return postgresSource({ settings: postgres, pageRowsMax });
  if (kind === 'cassandra' && cassandra) return cassandraSource({ settings: cassandra, pageRowsMax });
  throw new LakeError('CONFIG_INVALID', `sources.${kind} is not in ${loaded.file}`, {
    context: { expected: `sources.${kind} with the settings of the database`, found: 'no such setting', next: 'foz check' },
  });
}

/** A database that is not foz.yaml's: named on the command line. */
export function openSourceAt(place: SourcePlace, pageRowsMax: number): Source {
  if (place.kind === 'postgres') return postgresSource({ settings: place.settings, pageRowsMax });
  return cassandraSource({ settings: place.settings, pageRowsMax });
}

/** Where contracts in force are looked up: in the files of foz.yaml, in the registry, or nowhere. */
export function contractsOf(loaded: LoadedConfig, registry: Contracts | null): Contracts | null {
  const { files, registry: kind } = loaded.config.contracts;
  if (files.length > 0) return fileContracts(files.map((file) => pathIn(loaded, file)));
  return kind === 'none' ? null : registry;
}

/** What the worker judges rows by; null: nothing. `registry`: of the catalog. */
function workerContracts(loaded: LoadedConfig, registry: Contracts | null): WorkerDeps['contracts'] | null {
  const { refresh, maskKeys } = loaded.config.contracts;
  const contracts = contractsOf(loaded, registry);
  const keys = new Map(maskKeys.map(({ id, key }) => [id, Buffer.from(key.reveal())] as const));
  return contracts && { registry: contracts, maskKeys: keys, refreshMs: refresh };
}

/** Masks of the newest contract of a table; null where nothing is masked. CONTRACT_UNENFORCEABLE without their keys. */
export async function masksInForce(loaded: LoadedConfig, ident: TableIdent, signal?: AbortSignal): Promise<ColumnMasks | null> {
  const { registry, files } = loaded.config.contracts;
  if (registry === 'none' && files.length === 0) return null;
  await using catalog = await openContracts(loaded);
  const contracts = workerContracts(loaded, catalog);
  const found = await contracts?.registry.activeContract(ident, signal);
  if (!contracts || !found) return null;
  const { id, version, policy } = found.contract;
  return columnMasks({ id, version, policy, digest: found.digest, table: found.table, maskKeys: contracts.maskKeys });
}

export interface WorkerParts {
  readonly store: ObjectStore;
  readonly catalog: Catalog;
  readonly log: Log;
  readonly logger: Logger;
  /** The catalog's registry; null: none. */
  readonly contracts: Contracts | null;
  readonly observer?: Partial<TableObserver>;
}

/** A worker for every table of the configuration, not started yet. It disposes its decoders, not the parts. */
export async function openWorker(loaded: LoadedConfig, parts: WorkerParts): Promise<Worker> {
  const targets = tableTargets(loaded.config);
  const decoders = new Map<TableTarget, Decoder>();
  const engine = openEngine(loaded);
  for (const target of targets) decoders.set(target, await openDecoder(loaded, target, engine));
  const crashPoint = crashHook(process.env['FOZ_SIGNAL_AT']);
  const { contracts: registry, ...rest } = parts;
  const contracts = workerContracts(loaded, registry);
  return new Worker(targets, syncOptions(loaded.config), {
    ...rest,
    ...(contracts ? { contracts } : {}),
    ...(crashPoint ? { crashPoint } : {}),
    clock: systemClock,
    random: systemRandom,
    // Of a table that foz.yaml names later, when its topic is there.
    openDecoder: (target) => decoders.get(target) ?? openDecoder(loaded, target, engine),
  });
}

/** What all tables share: one DuckDB with one memory limit. It lives as long as the decoders. */
function openEngine(loaded: LoadedConfig): DecodeEngine {
  const { memory, limits } = loaded.config.sync;
  return decodeEngine({ memoryLimitBytes: memory.decoderMax, threads: limits.threads, tempDir: workDirectory(loaded) });
}

async function openDecoder(loaded: LoadedConfig, { ident }: TableTarget, engine: DecodeEngine): Promise<Decoder> {
  const tempDir = join(workDirectory(loaded), ident.name);
  await mkdir(tempDir, { recursive: true });
  const { memory, limits } = loaded.config.sync;
  return openJsonDecoder({
    engine,
    tempDir,
    // Of the child processes that isolate a batch: the engine has its own.
    memoryLimitBytes: memory.decoderMax,
    threads: limits.threads,
    depthMax: limits.jsonDepth,
    attempts: { directory: join(pathIn(loaded, loaded.config.lake.workDir), 'attempts'), table: ident.name },
  });
}

/** One folder a process, so that two workers never meet. */
function workDirectory(loaded: LoadedConfig): string {
  return join(pathIn(loaded, loaded.config.lake.workDir), String(process.pid));
}

/** Removes this process's folder and those of processes that are gone: files without a commit are worth nothing. */
export async function clearWorkDirectory(loaded: LoadedConfig): Promise<void> {
  const parent = pathIn(loaded, loaded.config.lake.workDir);
  for (const name of existsSync(parent) ? await readdir(parent) : []) {
    if (/^[0-9]+$/.test(name) && (Number(name) === process.pid || !isAlive(Number(name))))
      await rm(join(parent, name), { recursive: true, force: true });
  }
}
