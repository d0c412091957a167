// Objects of a table that nobody refers to any more, after an erasure. What was committed once and is named by no
// snapshot now is dead at once: it can never come back. What was never committed may still be on its way, so it is only
// deleted where no commit can name it: rows below the offsets at which no file of the head held the key (I2 refuses such a
// commit), or a file of an erasure or of another engine that began so long ago that it must have ended. Everything is found
// anew from table and store, so that a run cut short is finished by the next one, wherever it ended: data files go first,
// then the manifests that name them, then the lists. What the table names after the listing stays: the ingest, and whoever
// compacts what it added, go on meanwhile.

import type { Catalog, LoadedTable, TableIdent } from '../../catalog/catalog.ts';
import { checkGcEnabled } from '../../lake/iceberg/gc-enabled.ts';
import { readManifest } from '../../lake/iceberg/manifest.ts';
import { storeKey } from '../../lake/iceberg/metadata-object.ts';
import type { Snapshot, TableMetadata } from '../../lake/iceberg/metadata.ts';
import { snapshotFiles, type ManifestEntries, type SnapshotFiles } from '../../lake/iceberg/snapshot-files.ts';
import { deleteObjects, metadataAt, objectsUnder } from '../../lake/iceberg/table-objects.ts';
import { lowestNext } from '../../lake/raw/lowest-next.ts';
import { clocksApart } from '../../lake/store/clocks-apart.ts';
import { keyOf, locationOf, type ObjectHead, type ObjectStore } from '../../lake/store/object-store.ts';
import type { Clock, EpochMs } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { compactedSuffix } from '../../maintenance/compact/compact-table.ts';
import type { ErasePoint } from './erase-point.ts';
import type { FileScanner } from './file-scanner.ts';
import type { HeldKey } from './held-key.ts';

export interface SweepParts {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly scanner: FileScanner;
  readonly clock: Clock;
  /** Removes copies on this machine. */
  readonly forget: (locations: readonly string[]) => Promise<void>;
  readonly crashPoint: (point: ErasePoint) => void | Promise<void>;
}

export interface SweepInput {
  readonly ident: TableIdent;
  /** After the erasure. */
  readonly table: LoadedTable;
  readonly keys: readonly HeldKey[];
  /** Snapshots that it forgot. */
  readonly expired: readonly Snapshot[];
  /** By log partition: of no row below these does the head hold the key. */
  readonly next: ReadonlyMap<number, bigint>;
}

export interface Swept {
  readonly dataFiles: number;
  readonly manifests: number;
  readonly manifestLists: number;
  /** Objects that hold the key and may still be named by a commit, or that cannot be read: why. */
  readonly left: readonly { readonly location: string; readonly why: string }[];
}

/** No erasure takes so long between its first upload and its commit. */
export const rewrittenAgeMaxMs = 3_600_000;
/** Nor a job of another engine: what remove_orphan_files waits for. */
const foreignAgeMaxMs = 3 * 86_400_000;
/** How an erasure names its files: a worker's have no such end. */
export const rewrittenSuffix = '-kept.parquet';

export async function sweep(input: SweepInput, parts: SweepParts, signal?: AbortSignal): Promise<Swept> {
  const { store } = parts;
  const { metadata } = input.table;
  const known: ManifestEntries = new Map();
  const before = await snapshotFiles(metadata.snapshots, store, known, {}, signal);
  const former = await formerFiles(metadata, input.expired, store, signal);
  // Before the listing: a machine that sleeps after it makes nothing old.
  const listedAt = parts.clock.now();
  const objects = await objectsUnder(metadata, store, undefined, signal);
  await parts.crashPoint('sweep:listed');
  const kept = await alsoNamedNow(before, input, known, parts, signal);
  const dead = new Set([...before.deleted, ...former.live.keys(), ...former.deleted].filter((location) => !kept.live.has(location)));
  const left: { location: string; why: string }[] = [];
  for (const object of objects.values()) {
    const location = locationOf(store, object.key);
    if (!location.endsWith('.parquet') || kept.live.has(location) || dead.has(location)) continue;
    const why = await whyLeft(object, { ...input, next: kept.next, listedAt }, parts, signal).catch(whyUnread);
    if (why === 'dead') dead.add(location);
    else if (why !== null) left.push({ location, why });
  }
  const dataFiles = [...dead].filter((location) => objects.has(location));
  await parts.forget([...dead]);
  await parts.crashPoint('sweep:before-data');
  await checkOpen(input, parts, signal);
  await deleteObjects(dataFiles, store, () => parts.crashPoint('sweep:between-data'), signal);
  await parts.crashPoint('sweep:after-data');
  const manifests = [...objects.keys()].filter((location) => former.manifests.has(location) && !kept.manifests.has(location));
  const dangling = await danglingManifests(objects, kept, new Set([...manifests, ...former.manifestLists]), dead, store, signal);
  manifests.push(...dangling.found);
  left.push(...dangling.left);
  const manifestLists = [...objects.keys()].filter((location) => former.manifestLists.has(location) && !kept.manifestLists.has(location));
  await checkOpen(input, parts, signal);
  await deleteObjects(manifests, store, undefined, signal);
  await parts.crashPoint('sweep:after-manifests');
  await deleteObjects(manifestLists, store, undefined, signal);
  return { dataFiles: dataFiles.length, manifests: manifests.length, manifestLists: manifestLists.length, left };
}

interface Kept extends Pick<SnapshotFiles, 'live' | 'manifests' | 'manifestLists'> {
  /** Below these no commit can name a file that is listed: never above those of the table as it is now, where a decision set them back. */
  readonly next: ReadonlyMap<number, bigint>;
}

/** What was committed between the erasure and the listing is among the objects, and named. */
async function alsoNamedNow(
  before: SnapshotFiles,
  input: SweepInput,
  known: ManifestEntries,
  { catalog, store }: SweepParts,
  signal?: AbortSignal,
): Promise<Kept> {
  const { table } = input;
  const now = await sameTable(input, catalog, signal);
  if (now === null) return { ...before, next: new Map() };
  const nextNow = lowestNext(now.metadata);
  const next = new Map([...input.next].flatMap(([partition, offset]) => lower(partition, offset, nextNow.get(partition))));
  if (now.metadataLocation === table.metadataLocation) return { ...before, next };
  const { live, manifests, manifestLists } = await snapshotFiles(now.metadata.snapshots, store, known, {}, signal);
  // Names are compared as texts: one that is no name of this store says of no object that it is dead.
  for (const location of live.keys()) storeKey(store, location);
  return {
    next,
    live: new Map([...before.live, ...live]),
    manifests: new Set([...before.manifests, ...manifests]),
    manifestLists: new Set([...before.manifestLists, ...manifestLists]),
  };
}

/** As it is now; null where it was dropped or replaced. */
async function sameTable({ ident, table }: SweepInput, catalog: Catalog, signal?: AbortSignal): Promise<LoadedTable | null> {
  const now = await catalog.loadTable(ident, signal);
  return now?.metadata['table-uuid'] === table.metadata['table-uuid'] ? now : null;
}

/** Somebody may have begun to share its files since it was looked at. */
async function checkOpen(input: SweepInput, { catalog }: SweepParts, signal?: AbortSignal): Promise<void> {
  const now = await sameTable(input, catalog, signal);
  if (now !== null) checkGcEnabled(now.metadata, 'the objects that held the key stay, though none of its snapshots names them any more');
}

function lower(partition: number, offset: bigint, now: bigint | undefined): readonly (readonly [number, bigint])[] {
  return now === undefined ? [] : [[partition, now < offset ? now : offset]];
}

/** What snapshots named that the table has no more: those just expired, and those that earlier metadata files still tell of. */
async function formerFiles(
  metadata: TableMetadata,
  expired: readonly Snapshot[],
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<SnapshotFiles> {
  const kept = new Set(metadata.snapshots.map((snapshot) => String(snapshot['snapshot-id'])));
  const former = new Map<string, Snapshot>();
  const take = (snapshots: readonly Snapshot[]): void => {
    for (const snapshot of snapshots) if (!kept.has(String(snapshot['snapshot-id']))) former.set(String(snapshot['snapshot-id']), snapshot);
  };
  take(expired);
  for (const { 'metadata-file': location } of metadata['metadata-log']) take((await metadataAt(location, store, signal))?.snapshots ?? []);
  return snapshotFiles([...former.values()], store, new Map(), { isLenient: true }, signal);
}

/** Of a data file that no snapshot names: `dead`, null where it does not hold the key, or why it has to stay for now. */
async function whyLeft(
  object: ObjectHead,
  { table: { metadata }, keys, next, listedAt }: SweepInput & { readonly listedAt: EpochMs },
  { store, scanner, clock }: SweepParts,
  signal?: AbortSignal,
): Promise<string | null> {
  const file = { location: locationOf(store, object.key), bytes: object.bytes };
  const { rows } = await scanner.scan(metadata, file, keys, signal);
  if (rows.every((count) => count === 0)) return null;
  const isCompacted = file.location.endsWith(compactedSuffix);
  if (!isCompacted && !/\/[0-9a-f-]{36}\.parquet$/.test(file.location)) {
    const isRewritten = file.location.endsWith(rewrittenSuffix);
    const isOver = listedAt - object.modifiedAt > (isRewritten ? rewrittenAgeMaxMs : foreignAgeMaxMs);
    if (!isOver) return 'written by another erasure or engine that may still commit it';
    return (await clocksApart(store, clock, signal)) ?? 'dead';
  }
  // A compaction asserts that every file it stands for is in the head. Those that held the key below these offsets are not,
  // and never will be; of rows that came since, with the key again, they are.
  if (await scanner.isBelow(metadata, file, next, signal)) return 'dead';
  return isCompacted ? 'compacted from rows that came later, and may still be committed' : 'flushed by a worker, not committed yet';
}

/** Manifests that no snapshot names and that name a file which is gone: of merges and commits that came to nothing. */
async function danglingManifests(
  objects: ReadonlyMap<string, ObjectHead>,
  kept: Kept,
  known: ReadonlySet<string>,
  dead: ReadonlySet<string>,
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<{ readonly found: readonly string[]; readonly left: Swept['left'] }> {
  const found: string[] = [];
  const left: { location: string; why: string }[] = [];
  const namesGone = async (paths: readonly string[]): Promise<boolean> => {
    for (const path of paths) {
      if (kept.live.has(path)) continue;
      if (dead.has(path)) return true;
      // A file that came after the listing is there all the same: its commit is on its way.
      if (!objects.has(path) && keyOf(store, path) !== null && (await store.head(storeKey(store, path), signal)) === null) return true;
    }
    return false;
  };
  for (const [location, { key }] of objects) {
    if (!location.endsWith('.avro') || /\/snap-[^/]*$/.test(location) || kept.manifests.has(location) || known.has(location)) continue;
    try {
      const { entries } = readManifest(await store.get(key, undefined, signal), location);
      if (await namesGone(entries.map(({ file }) => file.filePath))) found.push(location);
    } catch (error) {
      const why = whyUnread(error);
      if (why !== null) left.push({ location, why });
    }
  }
  return { found, left };
}

/** An orphan that is damaged, or of a kind that Foz does not read. Null for one that is gone: somebody else's sweep was first. */
function whyUnread(error: unknown): string | null {
  if (!(error instanceof LakeError)) throw error;
  if (error.code === 'OBJECT_MISSING') return null;
  if (!['OBJECT_CORRUPT', 'QUERY_INVALID', 'LIMIT_EXCEEDED'].includes(error.code)) throw error;
  return `it cannot be read, so whether it holds the key is not known (${error.message.split('\n')[0]}): delete it once nobody can commit it any more`;
}
