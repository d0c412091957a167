// The place that names adapters (with wire-worker.ts): from a configuration to an object store, a catalog, a log and sources.
// What it returns is the caller's to dispose.

import { existsSync } from 'node:fs';
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
import type { BearerToken } from '../catalog/rest-http.ts';
import { restLineage } from '../catalog/rest-lineage.ts';
import type { Warehouse } from '../catalog/service/object-stores.ts';
import type { CatalogStore } from '../catalog/store/catalog-store.ts';
import { sqliteCatalogStore } from '../catalog/store/sqlite-catalog-store.ts';
import type { StoreAddress } from '../catalog/store/store-address.ts';
import { filesystemStore } from '../lake/store/filesystem-store.ts';
import type { ObjectStore } from '../lake/store/object-store.ts';
import { s3Store, type S3StoreOptions } from '../lake/store/s3-store.ts';
import { systemClock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';
import { cassandraSource } from '../sources/cassandra-source.ts';
import { postgresSource } from '../sources/postgres-source.ts';
import type { Source } from '../sources/source.ts';
import { columnMasks, type ColumnMasks } from '../sync/contract/column-masks.ts';
import { kafkaLog } from '../sync/log/kafka-log.ts';
import type { KafkaLogOptions, KafkaSasl, KafkaTls } from '../sync/log/kafka-options.ts';
import type { Log } from '../sync/log/log.ts';
import type { WorkerDeps } from '../sync/worker.ts';
import { absoluteLocation, catalogSettings, type CatalogSettings } from './catalog/catalog-settings.ts';
import type { LoadedConfig } from './config.ts';
import { fileContracts } from './contract/file-contracts.ts';
import type { SourcePlace } from './contract/source-place.ts';
import { oauthToken } from './oauth-token.ts';
import { s3StoreOptions, type S3StoreConfig } from './options/lake.ts';
import { personHere } from './person-here.ts';
import { cassandraSettings, pathIn, postgresSettings, urlOf } from './settings.ts';

export function openStore(loaded: LoadedConfig, logger: Logger): ObjectStore {
  const { store } = loaded.config.lake;
  if (store.kind === 'filesystem') return filesystemStore({ root: pathIn(loaded, store.path) });
  return openS3(store, store, logger);
}

/** The object store of a location that is not foz.yaml's: how S3 is reached is `lake.store`'s where that is S3, else the environment's. */
export function openStoreOf(location: string, loaded: LoadedConfig | null, logger: Logger): ObjectStore {
  const [, bucket, prefix] = /^s3:\/\/([^/]+)(?:\/(.+))?$/.exec(location) ?? [];
  if (bucket === undefined) return filesystemStore({ root: location.replace(/^file:(\/\/)?/, '') });
  const place = { bucket, prefix };
  const lake = loaded?.config.lake.store;
  const settings = lake?.kind === 's3' ? lake : s3StoreOptions.read({ bucket, ...environmentS3(process.env) });
  return openS3(place, settings, logger);
}

/** As the SDKs name them; credentials it finds by itself. */
function environmentS3(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const endpoint = env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  return { ...(endpoint === undefined ? {} : { endpoint }), ...(region === undefined ? {} : { region }) };
}

export type Places = Required<Warehouse>;

/** Where tables may lie. `lakeStore`, where it is open already, stays the caller's; `parts` owns the rest. */
export function openPlaces(settings: CatalogSettings, lakeStore: ObjectStore | null, parts: AsyncDisposableStack, logger: Logger): Places {
  const allowed = settings.allowLocations.map((location) => {
    const absolute = absoluteLocation(location, settings.directory);
    // Locations are compared as texts: who allows file:/a does not allow file:///a.
    const prefix = location.startsWith('file:/') ? location.replace(/\/+$/, '') : absolute;
    return { prefix, root: prefix, store: parts.use(openStoreOf(absolute, settings.lake, logger)) };
  });
  return { ...openWarehouse(settings, lakeStore, parts, logger), allowed };
}

/** The lake's own store, unless the warehouse lies elsewhere. */
function openWarehouse(settings: CatalogSettings, given: ObjectStore | null, parts: AsyncDisposableStack, logger: Logger) {
  const { lake, directory } = settings;
  const warehouse = settings.warehouse === undefined ? null : absoluteLocation(settings.warehouse, directory);
  const lakeStore = given ?? (lake === null ? null : parts.use(openStore(lake, logger)));
  if (lakeStore !== null && (warehouse === null || `${warehouse}/`.startsWith(`${lakeStore.root}/`) || given !== null))
    return { objectStore: lakeStore, warehouse: warehouse ?? lakeStore.root };
  const objectStore = parts.use(openStoreOf(warehouse ?? '', lake, logger));
  return { objectStore, warehouse: objectStore.root };
}

function openS3(place: Pick<S3StoreConfig, 'bucket' | 'prefix'>, settings: S3StoreConfig, logger: Logger): ObjectStore {
  const { bucket, prefix } = place;
  const { region, credentials, multipart, endpoint, pathStyle } = settings;
  const options: S3StoreOptions = {
    bucket,
    region,
    ...(prefix === undefined ? {} : { prefix }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(pathStyle === undefined ? {} : { pathStyle }),
    credentials: s3Credentials(credentials),
    multipartThresholdBytes: multipart.threshold,
    partBytes: multipart.partSize,
    concurrency: multipart.inFlight,
    requestTimeoutMs: settings.requestTimeout,
    attemptsMax: settings.attempts,
    conditionalWrites: settings.conditionalWrites === 'off' ? 'off' : 'on',
  };
  return s3Store(options, { logger });
}

function s3Credentials(credentials: S3StoreConfig['credentials']): NonNullable<S3StoreOptions['credentials']> {
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

/** The database of the embedded catalog: pointers, registry, lineage, results. */
export function openCatalogStore(loaded: LoadedConfig): Promise<CatalogStore> {
  const { catalog } = loaded.config;
  if (catalog.kind !== 'embedded')
    throw new LakeError('CONFIG_INVALID', 'catalog.kind is rest: another process serves the catalog', {
      context: { expected: 'catalog.kind: embedded', found: 'rest' },
    });
  return openStoreAt(catalog.store, loaded);
}

/** Paths are meant from `directory`. */
export async function openStoreAt(address: StoreAddress, from: Pick<LoadedConfig, 'directory'>): Promise<CatalogStore> {
  if (address.kind === 'sqlite') return sqliteCatalogStore({ path: pathIn(from, address.path) });
  // Loaded where it is asked for: most commands never need the driver.
  const { postgresCatalogStore } = await import('../catalog/store/postgres-catalog-store.ts');
  return postgresCatalogStore({ url: address.url });
}

/** How this process comes to the catalog: its database where that can be reached from here, else the address it is served at. */
export type CatalogReach =
  | { readonly kind: 'store'; readonly address: StoreAddress }
  | {
      readonly kind: 'rest';
      readonly uri: string;
      readonly token?: BearerToken;
      readonly warehouse?: string;
      readonly requestTimeoutMs?: number;
    };

export function reachOf(loaded: LoadedConfig): CatalogReach {
  const { catalog } = loaded.config;
  if (catalog.kind === 'embedded') {
    const { store: address, listen } = catalog;
    const isHere = address.kind === 'postgres' || existsSync(pathIn(loaded, address.path));
    return isHere ? { kind: 'store', address } : { kind: 'rest', uri: urlOf(listen), ...catalogLogin(catalog, urlOf(listen)) };
  }
  const { url: uri, warehouse, requestTimeout: requestTimeoutMs } = catalog;
  const access = { ...catalogLogin(catalog, uri), ...(warehouse === undefined ? {} : { warehouse }) };
  return { kind: 'rest', uri, requestTimeoutMs, ...access };
}

/** How this process says who it is, where the catalog asks. */
export function catalogLogin({ token, oauth }: CatalogLoginConfig, uri: string): { readonly token?: BearerToken } {
  if (token !== undefined) return { token: token.reveal() };
  if (oauth === undefined) return {};
  const { tokenEndpoint = `${uri.replace(/\/+$/, '')}/v1/oauth/tokens`, ...client } = oauth;
  return {
    token: oauthToken({ ...client, tokenEndpoint }, systemClock, { unreachable: 'CATALOG_UNREACHABLE', refused: 'CATALOG_REFUSED' }),
  };
}

type CatalogLoginConfig = Pick<LoadedConfig['config']['catalog'], 'token' | 'oauth'>;

export interface OpenCatalog extends AsyncDisposable {
  readonly catalog: Catalog;
}

/** Where the quality jobs remember: the catalog's own database where it can be reached from here, else a file of theirs. */
export function openQualityStore(loaded: LoadedConfig): Promise<CatalogStore> {
  return openStoreAt(qualityAddress(loaded), loaded);
}

export function hasQualityStore(loaded: LoadedConfig): boolean {
  const address = qualityAddress(loaded);
  return address.kind === 'postgres' || existsSync(pathIn(loaded, address.path));
}

function qualityAddress(loaded: LoadedConfig): StoreAddress {
  const reach = reachOf(loaded);
  return reach.kind === 'store' ? reach.address : { kind: 'sqlite', path: loaded.config.quality.database };
}

/**
 * The catalog as a client sees it. Several processes may share its database: every commit is a compare-and-swap. `actor`: who
 * commits, for the audit log, where it is a person and not the program itself.
 */
export async function openCatalog(loaded: LoadedConfig, store: ObjectStore, logger: Logger, actor?: string): Promise<OpenCatalog> {
  const reach = reachOf(loaded);
  if (reach.kind === 'rest') {
    const catalog = restCatalog(reach);
    return { catalog, [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose]() };
  }
  await using opening = new AsyncDisposableStack();
  const places = openPlaces(catalogSettings(loaded), store, opening, logger);
  const pointers = opening.use(await openStoreAt(reach.address, loaded));
  const catalog = opening.use(memoryCatalog({ ...places, store: pointers, logger, ...(actor === undefined ? {} : { actor }) }));
  const parts = opening.move();
  return { catalog, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** The embedded catalog for the worker in the same process: no request goes over the network. */
export function localCatalog(pointers: CatalogStore, places: Places, logger: Logger): Catalog {
  return memoryCatalog({ ...places, store: pointers, logger });
}

/** The contract registry, which stands beside the catalog: the same database or the same address. */
export async function openContracts(loaded: LoadedConfig): Promise<ContractRegistry> {
  const reach = reachOf(loaded);
  if (reach.kind === 'rest') return restContracts(reach);
  const pointers = await openStoreAt(reach.address, loaded);
  // The same limits whether a catalog is served or not: the document is as little trusted here.
  const judge = threadJudge();
  const lineage = lineageService({ store: pointers, clock: systemClock });
  return {
    ...memoryContracts(registryParts(pointers.contracts, systemClock, judge, lineage.consumers).registry, personHere()),
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

/** Who reads and writes what: the same database or the same address as the catalog. */
export async function openLineage(loaded: LoadedConfig): Promise<Lineage> {
  const reach = reachOf(loaded);
  if (reach.kind === 'rest') return restLineage(reach);
  const pointers = await openStoreAt(reach.address, loaded);
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
  if (sasl.kind === 'oauthbearer')
    return { mechanism: 'oauthbearer', token: oauthToken(sasl, systemClock, { unreachable: 'LOG_UNREACHABLE', refused: 'LOG_REFUSED' }) };
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
export function workerContracts(loaded: LoadedConfig, registry: Contracts | null): WorkerDeps['contracts'] | null {
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
