// What is known of the lake's tables, for people and programs: read from metadata and manifests when it is asked for, and
// joined with what the registry, the lineage and the audit log know. Nothing is scanned, nothing is stored: what can be
// kept (figures of manifests, which never change) is kept in memory, bounded.

import { createBoundedMap } from '../../lake/iceberg/bounded-map.ts';
import { mainSnapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { partitionText } from '../../lake/iceberg/partition-text.ts';
import { tableStatistics, type ManifestFigures, type TableStatistics } from '../../lake/iceberg/table-statistics.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { assert, LakeError } from '../../runtime/errors.ts';
import { identText, type TableIdent } from '../catalog.ts';
import type { EntityService } from '../entities/entity-service.ts';
import { isOfLake } from '../entities/entity-tables.ts';
import type { EntityView } from '../entities/entity-view.ts';
import type { LineageService } from '../lineage/lineage-service.ts';
import { ok, pagedFrom, refused, type Answer, type Page, type Paged, type Refusal } from '../service/answer.ts';
import type { CatalogStore } from '../store/catalog-store.ts';
import { everyRelation } from '../store/every-relation.ts';
import type { StoredRelation } from '../store/relation-store.ts';
import { tableColumns, type TableColumn } from './table-columns.ts';
import { schemaViews, snapshotViews, type SchemaView, type SnapshotView } from './table-history.ts';
import { identsOf } from './table-name.ts';
import { tableSummary, type TableSummary } from './table-summary.ts';

export interface TableDetail extends TableSummary {
  readonly uuid: string;
  readonly location: string;
  /** `date: day(_log_time)`. */
  readonly partitionedBy: readonly string[];
  readonly schemaId: number;
  readonly snapshots: number;
  /** Branches and tags by name, with the snapshot that each names. */
  readonly refs: Readonly<Record<string, { readonly type: 'branch' | 'tag'; readonly snapshot: string }>>;
  readonly columns: readonly TableColumn[];
  /** From the manifests; null with the reason where they cannot be read. */
  readonly statistics: StatisticsView | null;
  readonly statisticsProblem: string | null;
  readonly lineage: TableLineage;
}

export interface StatisticsView {
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
  /** Of other writers: the table has fewer rows than the data files hold. */
  readonly deleteFiles: number;
  /** Sizes of data files: the smallest, the one in the middle, the largest; null: there is none. */
  readonly fileBytes: { readonly smallest: number; readonly median: number; readonly largest: number } | null;
}

export interface TableLineage {
  /** Datasets that it comes from, the nearest first. */
  readonly upstream: readonly string[];
  /** Who reads it, the nearest first. */
  readonly consumers: readonly string[];
}

export interface TableHistory {
  readonly table: string;
  readonly snapshots: readonly SnapshotView[];
  /** Snapshots that are not told: older ones. */
  readonly more: number;
  readonly schemas: readonly SchemaView[];
}

export interface TableFactsService {
  /** Tables and views by namespace and name; `namespace` dotted, null: of all. */
  list(namespace: string | null, page: Page): Promise<Answer<Paged<TableSummary>>>;
  /** `table`: dotted name. */
  show(table: string): Promise<Answer<TableDetail>>;
  history(table: string, snapshotsMax: number): Promise<Answer<TableHistory>>;
}

export interface TableFactsOptions {
  readonly store: Pick<CatalogStore, 'allRelations' | 'getRelation' | 'contracts' | 'audit'>;
  readonly load: LoadMetadata;
  /** Where the objects of a location are; null: in no store of this catalog. */
  readonly storeOf: (location: string) => ObjectStore | null;
  readonly entities: EntityService;
  readonly lineage: LineageService;
}

/** The current metadata of a table; a refusal where there is none. */
export type LoadMetadata = (ident: TableIdent) => Promise<Answer<{ readonly metadata: TableMetadata }>>;

const manifestsKept = 1000;
/** Some hundred thousand files. */
const manifestBytesMax = 256 * 1024 * 1024;
const loadsAtOnce = 8;
/** Entries of the audit log looked at for who changed a table. */
const entriesRead = 2000;
const eventsRead = 1000;
const upstreamDepth = 10;

export function tableFactsService(options: TableFactsOptions): TableFactsService {
  const cache: ManifestFigures = createBoundedMap(manifestsKept);
  return {
    list: (namespace, page) => list(options, namespace, page),
    async show(table) {
      const found = await findTable(options, table);
      return found.kind === 'refused' ? found : ok(await detail(options, found.value.ident, found.value.metadata, cache));
    },
    async history(table, snapshotsMax) {
      const found = await findTable(options, table);
      if (found.kind === 'refused') return found;
      const { ident, metadata } = found.value;
      const { audit, contracts } = options.store;
      const filter = { subject: identText(ident), action: 'table' };
      const entries = await audit.listAudit(filter, { before: null, limit: entriesRead });
      const id = await contracts.contractOfTable(isOfLake(ident) ? ident.name : identText(ident));
      const events = id === null ? [] : await contracts.listEvents(id, { after: 0, limit: eventsRead });
      const parts = {
        metadata,
        entries: entries.filter(({ subject }) => subject === filter.subject),
        contract: id === null ? null : { id, events },
      };
      const snapshots = snapshotViews(parts);
      const told = snapshots.slice(0, snapshotsMax);
      return ok({ table: identText(ident), snapshots: told, more: snapshots.length - told.length, schemas: schemaViews(parts) });
    },
  };
}

async function list(options: TableFactsOptions, namespace: string | null, { token, size }: Page): Promise<Answer<Paged<TableSummary>>> {
  const relations: StoredRelation[] = [];
  for await (const relation of everyRelation(options.store, token === null ? null : identOfToken(token))) {
    if (namespace === null || isIn(relation.ident, namespace)) relations.push(relation);
    if (relations.length > size) break;
  }
  const { items, nextToken } = pagedFrom(relations, size, ({ ident }) => JSON.stringify([ident.namespace, ident.name]));
  const owners = await options.entities.ofTables(items.map(({ ident }) => ident));
  const summaries: TableSummary[] = [];
  for (let from = 0; from < items.length; from += loadsAtOnce) {
    const batch = items.slice(from, from + loadsAtOnce);
    const read = await Promise.all(batch.map(async ({ ident, kind }) => (kind === 'view' ? null : readable(options, ident))));
    for (const [at, { ident, kind }] of batch.entries()) {
      const of = owners[from + at];
      if (of) summaries.push(tableSummary(ident, kind, of.entity, read[at] ?? null));
    }
  }
  return ok({ items: summaries, nextToken });
}

/** A table that cannot be read is in the list all the same. */
async function readable({ load }: TableFactsOptions, ident: TableIdent): Promise<TableMetadata | string> {
  try {
    const loaded = await load(ident);
    return loaded.kind === 'ok' ? loaded.value.metadata : loaded.message;
  } catch (error) {
    if (error instanceof LakeError) return error.message;
    throw error;
  }
}

async function findTable(
  { load, store }: TableFactsOptions,
  table: string,
): Promise<Answer<{ readonly ident: TableIdent; readonly metadata: TableMetadata }>> {
  for (const ident of identsOf(table)) {
    if (!(await store.getRelation('table', ident))) continue;
    const loaded = await load(ident);
    return loaded.kind === 'ok' ? ok({ ident, metadata: loaded.value.metadata }) : loaded;
  }
  for (const ident of identsOf(table))
    if (await store.getRelation('view', ident))
      return refused('table-missing', `${identText(ident)} is a view: it has no files of its own, and its SQL is the engines' to show`);
  return tableMissing(table);
}

async function detail(
  options: TableFactsOptions,
  ident: TableIdent,
  metadata: TableMetadata,
  cache: ManifestFigures,
): Promise<TableDetail> {
  const [of] = await options.entities.ofTables([ident]);
  assert(of, 'a table has an entity');
  const { entity, columns } = of;
  const statistics = await statisticsOf(options, metadata, cache);
  const read = typeof statistics === 'string' ? null : statistics;
  return {
    ...tableSummary(ident, 'table', entity, metadata),
    ...exactFigures(read),
    uuid: metadata['table-uuid'],
    location: metadata.location,
    partitionedBy: partitionText(metadata),
    schemaId: metadata['current-schema-id'],
    snapshots: metadata.snapshots.length,
    refs: Object.fromEntries(
      Object.entries(metadata.refs).map(([name, { type, 'snapshot-id': id }]) => [name, { type, snapshot: String(id) }]),
    ),
    columns: tableColumns(metadata, read, columns),
    statistics: read && statisticsView(read),
    statisticsProblem: typeof statistics === 'string' ? statistics : null,
    lineage: await lineageOf(options, ident, entity),
  };
}

async function statisticsOf(
  { storeOf }: TableFactsOptions,
  metadata: TableMetadata,
  cache: ManifestFigures,
): Promise<TableStatistics | string> {
  try {
    const place = mainSnapshot(metadata)?.['manifest-list'] ?? metadata.location;
    const store = storeOf(place);
    return store === null
      ? `${place} lies in no store of this catalog`
      : await tableStatistics({ metadata, store, cache, manifestBytesMax });
  } catch (error) {
    if (error instanceof LakeError) return error.message;
    throw error;
  }
}

/** What the manifests say stands before what a summary says. */
function exactFigures(read: TableStatistics | null): Partial<TableSummary> {
  return read === null ? {} : { rows: read.rows, bytes: read.bytes, files: read.fileBytes.length };
}

function statisticsView({ rows, bytes, fileBytes, deleteFiles }: TableStatistics): StatisticsView {
  const sizes = fileBytes.toSorted((a, b) => a - b);
  const [smallest] = sizes;
  const median = sizes[Math.floor((sizes.length - 1) / 2)];
  const largest = sizes.at(-1);
  const isNone = smallest === undefined || median === undefined || largest === undefined;
  return { rows, bytes, files: sizes.length, deleteFiles, fileBytes: isNone ? null : { smallest, median, largest } };
}

async function lineageOf({ lineage }: TableFactsOptions, ident: TableIdent, { name }: EntityView): Promise<TableLineage> {
  const table = identText(ident);
  const above = await lineage.view({ dataset: table, direction: 'upstream', depth: upstreamDepth });
  const { consumers } = await lineage.consumers(table, null);
  const upstream = above.kind === 'ok' ? above.value.datasets.map(({ id }) => id).filter((id) => id !== table && id !== name) : [];
  return { upstream, consumers: consumers.map((consumer) => consumer.name) };
}

function isIn({ namespace }: TableIdent, asked: string): boolean {
  const text = namespace.join('.');
  return text === asked || text.startsWith(`${asked}.`);
}

function identOfToken(token: string): TableIdent {
  const value: unknown = JSON.parse(token);
  const [namespace, name]: readonly unknown[] = Array.isArray(value) ? value : [];
  if (Array.isArray(namespace) && namespace.every((level) => typeof level === 'string') && typeof name === 'string')
    return { namespace, name };
  throw new SyntaxError('pageToken is not one of this list');
}

function tableMissing(table: string): Refusal {
  return refused('table-missing', `Table does not exist: ${table}`);
}
