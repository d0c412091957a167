// Tables: where a commit becomes visible. The order is what makes it safe: read the pointer, apply the commit to exactly
// the metadata it names (requirements, the offset chain, I2, and the contract), write the new metadata file, and swap the
// pointer if it still is what was read. A lost swap starts over with the new state; only a swap that succeeded deletes the
// files that fell off the metadata log. A swap whose outcome is unknown is thrown as such and nothing is deleted (I5).

import { randomUUID } from 'node:crypto';
import { applyCommit } from '../../lake/iceberg/apply-commit.ts';
import type { TableCommit } from '../../lake/iceberg/commit.ts';
import { createMetadata } from '../../lake/iceberg/create-metadata.ts';
import type { PartitionSpec, SortOrder, TableMetadata } from '../../lake/iceberg/metadata.ts';
import { readMetadata } from '../../lake/iceberg/read-metadata.ts';
import type { Schema } from '../../lake/iceberg/schema.ts';
import { checkChainCommit } from '../../lake/raw/offset-chain.ts';
import { keyOf, type ObjectStore } from '../../lake/store/object-store.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { identText, type TableIdent } from '../catalog.ts';
import type { CommitVeto } from '../registry/commit-veto.ts';
import { namespaceKey, type CatalogStore, type StoredNamespace } from '../store/catalog-store.ts';
import { namespaceMissing, ok, pagedFrom, refused, type Answer, type Page, type Paged, type Refusal } from './answer.ts';
import { keyedQueue } from './keyed-queue.ts';
import { defaultNamespaceLocation, defaultTableLocation, locationProblem, metadataFolder, nameProblem } from './locations.ts';
import { nextMetadataLocation, overlapProblem, pathPropertyProblem } from './locations.ts';
import { metadataFiles, type MetadataFile, type MetadataFiles } from './metadata-files.ts';

export interface CreateRequest {
  readonly name: string;
  readonly schema: Schema;
  readonly location?: string | undefined;
  readonly partitionSpec?: PartitionSpec | undefined;
  readonly sortOrder?: SortOrder | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

export interface TableService {
  list(namespace: readonly string[], page: Page): Promise<Answer<Paged<TableIdent>>>;
  exists(ident: TableIdent): Promise<Answer<null>>;
  load(ident: TableIdent): Promise<Answer<MetadataFile>>;
  create(namespace: readonly string[], request: CreateRequest): Promise<Answer<MetadataFile>>;
  /** The metadata a create would have; nothing is stored. */
  stage(namespace: readonly string[], request: CreateRequest): Promise<Answer<TableMetadata>>;
  commit(ident: TableIdent, commit: TableCommit): Promise<Answer<MetadataFile>>;
  drop(ident: TableIdent, options: { readonly purge: boolean }): Promise<Answer<null>>;
}

export interface TableServiceOptions {
  readonly store: CatalogStore;
  readonly objectStore: ObjectStore;
  /** Absolute prefix without a trailing slash; `objectStore.root` or below it. */
  readonly warehouse: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Text bytes of metadata kept in memory. */
  readonly metadataCacheBytesMax?: number;
  /** Tries of one commit against a table that keeps moving. */
  readonly swapAttemptsMax?: number;
  /** Refuses snapshots from clocks that are further ahead: they would block writers with a right clock. Absent: any. */
  readonly snapshotAheadMaxMs?: number;
  /** Holds schemas against the contracts in force. Absent: there are none. */
  readonly veto?: CommitVeto;
}

interface Deps extends TableServiceOptions {
  readonly files: MetadataFiles;
}

const metadataCacheBytesDefault = 64 * 1024 * 1024;
const swapAttemptsDefault = 4;
const purgeBatchSize = 1000;

export function tableService(options: TableServiceOptions): TableService {
  const { store, objectStore, logger } = options;
  const cacheBytesMax = options.metadataCacheBytesMax ?? metadataCacheBytesDefault;
  const deps: Deps = { ...options, files: metadataFiles({ objectStore, logger, cacheBytesMax, readValue: readMetadata }) };
  const queue = keyedQueue();
  const queued = <T>(ident: TableIdent, work: () => Promise<T>) => queue.run(`${namespaceKey(ident.namespace)}/${ident.name}`, work);
  return {
    async list(namespace, page) {
      if (!(await store.getNamespace(namespace))) return namespaceMissing(namespace);
      const idents = await store.listTables(namespace, { after: page.token, limit: page.size + 1 });
      return ok(pagedFrom(idents, page.size, (ident) => ident.name));
    },
    async exists(ident) {
      return (await store.getTable(ident)) ? ok(null) : tableMissing(ident);
    },
    async load(ident) {
      const current = await readCurrent(deps, ident);
      return current ? ok(current) : tableMissing(ident);
    },
    async stage(namespace, request) {
      const created = await newMetadata(deps, namespace, request);
      return created.kind === 'ok' ? ok(created.value) : created;
    },
    async create(namespace, request) {
      const ident = { namespace, name: request.name };
      return queued(ident, async () => {
        const created = await newMetadata(deps, namespace, request);
        if (created.kind === 'refused') return created;
        const veto = await deps.veto?.check(ident, null, created.value);
        if (veto) return veto;
        const file = await insertTable(deps, ident, created.value);
        return file ? ok(file) : tableExists(ident);
      });
    },
    async commit(ident, commit) {
      const early = earlySnapshot(deps, commit);
      return early ?? queued(ident, () => commitTable(deps, ident, commit));
    },
    drop: (ident, { purge }) => queued(ident, () => dropTable(deps, ident, purge)),
  };
}

async function newMetadata(deps: Deps, namespace: readonly string[], request: CreateRequest): Promise<Answer<TableMetadata>> {
  const ident = { namespace, name: request.name };
  const row = await deps.store.getNamespace(namespace);
  if (!row) return namespaceMissing(namespace);
  const problem = nameProblem(request.name);
  if (problem !== null) return refused('invalid', problem);
  if (await deps.store.getTable(ident)) return tableExists(ident);
  const uuid = randomUUID();
  const location = request.location?.replace(/\/+$/, '') ?? defaultLocation(deps, row, request.name, uuid);
  const created = createMetadata({ ...request, uuid, location }, deps.clock.now());
  if (created.kind !== 'applied') return refused('invalid', created.message);
  const misplaced = await placementProblem(deps, created.metadata, null);
  return misplaced === null ? ok(created.metadata) : refused('invalid', misplaced);
}

function defaultLocation(deps: Deps, namespace: StoredNamespace, name: string, uuid: string): string {
  const above = namespace.properties['location'] ?? defaultNamespaceLocation(deps.warehouse, namespace.namespace);
  return defaultTableLocation(above, name, uuid);
}

/** Checked on every commit that changes a place: locations belong to the catalog. */
async function placementProblem(deps: Deps, next: TableMetadata, base: TableMetadata | null): Promise<string | null> {
  if (next.properties !== base?.properties) {
    const problem = pathPropertyProblem(deps.warehouse, next.properties);
    if (problem !== null) return problem;
  }
  if (next.location === base?.location) return null;
  return locationProblem(deps.warehouse, next.location) ?? overlapProblem(deps.store, deps.warehouse, next.location);
}

/** Null when another one was faster. */
async function insertTable(deps: Deps, ident: TableIdent, metadata: TableMetadata): Promise<MetadataFile | null> {
  const folder = metadataFolder(metadata.location, metadata.properties);
  const file = await deps.files.write(nextMetadataLocation(folder, null, randomUUID()), metadata);
  const inserted = await deps.store.insertTable({ ident, tableUuid: metadata['table-uuid'], metadataLocation: file.location });
  if (inserted === 'inserted') return file;
  await deps.files.discard([file.location]);
  return null;
}

function earlySnapshot(deps: Deps, commit: TableCommit): Refusal | null {
  const latest = deps.clock.now() + (deps.snapshotAheadMaxMs ?? Number.POSITIVE_INFINITY);
  for (const update of commit.updates) {
    if (update.action !== 'add-snapshot' || update.snapshot['timestamp-ms'] <= latest) continue;
    const { 'snapshot-id': id, 'timestamp-ms': time } = update.snapshot;
    return refused(
      'invalid',
      `snapshot ${id} has the timestamp ${time}, too far ahead of the catalog's clock: set the writer's clock right`,
    );
  }
  return null;
}

async function commitTable(deps: Deps, ident: TableIdent, commit: TableCommit): Promise<Answer<MetadataFile>> {
  const attemptsMax = deps.swapAttemptsMax ?? swapAttemptsDefault;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const current = await readCurrent(deps, ident);
    const isCreate = commit.requirements.some((requirement) => requirement.type === 'assert-create');
    if (!current) return isCreate ? commitNewTable(deps, ident, commit) : tableMissing(ident);
    const answer = await trySwap(deps, ident, current, commit);
    if (answer !== 'lost') return answer;
  }
  return refused('conflict', `${identText(ident)} kept changing; tried ${attemptsMax} times`);
}

/** Another process may delete a superseded file between our look at the pointer and our read: then the pointer has moved. */
async function readCurrent(deps: Deps, ident: TableIdent): Promise<MetadataFile | null> {
  for (let row = await deps.store.getTable(ident); ;) {
    if (!row) return null;
    try {
      return await deps.files.read(row.metadataLocation);
    } catch (error) {
      const newer = await deps.store.getTable(ident);
      if (newer?.metadataLocation === row.metadataLocation || !(error instanceof LakeError) || error.code !== 'OBJECT_MISSING') throw error;
      row = newer;
    }
  }
}

async function trySwap(deps: Deps, ident: TableIdent, current: MetadataFile, commit: TableCommit): Promise<Answer<MetadataFile> | 'lost'> {
  const context = { now: deps.clock.now(), previousMetadataLocation: current.location };
  const applied = applyCommit(current.metadata, commit, context);
  if (applied.kind !== 'applied') return refused(applied.kind, applied.message);
  const illegal = checkChainCommit(current.metadata, commit);
  if (illegal !== null) return refused('conflict', illegal);
  const { metadata } = applied;
  if (metadata === current.metadata) return ok(current);
  const veto = await deps.veto?.check(ident, current.metadata, metadata);
  if (veto) return veto;
  const misplaced = await placementProblem(deps, metadata, current.metadata);
  if (misplaced !== null) return refused('invalid', misplaced);
  const folder = metadataFolder(metadata.location, metadata.properties);
  const file = await deps.files.write(nextMetadataLocation(folder, current.location, randomUUID()), metadata);
  const outcome = await deps.store.swapTable(ident, current.location, file.location);
  if (outcome === 'swapped') {
    if (metadata.properties['write.metadata.delete-after-commit.enabled'] !== 'false') await deps.files.discard(applied.supersededMetadata);
    return ok(file);
  }
  await deps.files.discard([file.location]);
  return outcome === 'lost' ? 'lost' : tableMissing(ident);
}

async function commitNewTable(deps: Deps, ident: TableIdent, commit: TableCommit): Promise<Answer<MetadataFile>> {
  const row = await deps.store.getNamespace(ident.namespace);
  if (!row) return namespaceMissing(ident.namespace);
  const problem = nameProblem(ident.name);
  if (problem !== null) return refused('invalid', problem);
  const uuid = commit.updates.find((update) => update.action === 'assign-uuid')?.uuid ?? randomUUID();
  const context = { now: deps.clock.now(), defaultLocation: defaultLocation(deps, row, ident.name, uuid) };
  const applied = applyCommit(null, commit, context);
  if (applied.kind !== 'applied') return refused(applied.kind, applied.message);
  const before: TableMetadata = { ...applied.metadata, properties: {}, refs: {}, snapshots: [], 'current-snapshot-id': -1 };
  const illegal = checkChainCommit(before, commit);
  if (illegal !== null) return refused('conflict', illegal);
  const veto = await deps.veto?.check(ident, null, applied.metadata);
  if (veto) return veto;
  const misplaced = await placementProblem(deps, applied.metadata, null);
  if (misplaced !== null) return refused('invalid', misplaced);
  const file = await insertTable(deps, ident, applied.metadata);
  return file ? ok(file) : refused('conflict', 'Requirement failed: table already exists');
}

async function dropTable(deps: Deps, ident: TableIdent, purge: boolean): Promise<Answer<null>> {
  const row = await deps.store.getTable(ident);
  if (!row) return tableMissing(ident);
  const location = purge ? await tableLocation(deps, row.metadataLocation) : null;
  await deps.store.deleteTable(ident);
  if (location !== null) await purgeTable(deps, location);
  return ok(null);
}

/** A table whose metadata cannot be read can still be dropped; its objects stay. */
async function tableLocation(deps: Deps, metadataLocation: string): Promise<string | null> {
  try {
    return (await deps.files.read(metadataLocation)).metadata.location;
  } catch (error) {
    deps.logger.warn({ metadataLocation, error }, 'a table is dropped without purging: its metadata cannot be read');
    return null;
  }
}

/** Best effort: the table is gone already; what stays is left to the sweeper. */
async function purgeTable(deps: Deps, location: string): Promise<void> {
  const key = keyOf(deps.objectStore, location);
  if (key === null || key === '' || (await deps.store.hasTableUnder(`${location}/`))) return;
  try {
    let batch: string[] = [];
    for await (const object of deps.objectStore.list(`${key}/`)) {
      batch.push(object.key);
      if (batch.length >= purgeBatchSize) {
        await deps.objectStore.delete(batch);
        batch = [];
      }
    }
    if (batch.length > 0) await deps.objectStore.delete(batch);
  } catch (error) {
    deps.logger.warn({ location, error }, 'objects of a dropped table could not be purged');
  }
}

function tableMissing(ident: TableIdent): Refusal {
  return refused('table-missing', `Table does not exist: ${identText(ident)}`);
}

function tableExists(ident: TableIdent): Refusal {
  return refused('table-exists', `Table already exists: ${identText(ident)}`);
}
