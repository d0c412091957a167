// Objects in a table's folder that nobody refers to, deleted by proof. An object goes only where all of these hold:
//   named by no snapshot of the current metadata, nor of any metadata file that is still in the folder or in the log;
//   older than the age gate when the listing began, by the store's own clock, which is held against the catalog's and this machine's;
//   not named by the table as it is after the listing either, asked again before every batch;
//   and no commit that is still waiting can name it: a worker waits for its catalog for ever, so its upload goes only where
//   its offsets lie below the table's next ones (I2 refuses that commit), a manifest only where its files are gone too, and a
//   list only where the table's sequence numbers have passed it; until then what it leads to waits with it.
// Data files go first, then the manifests that name them, then the lists; a sweep cut short is finished by the next one.
// Metadata files and what Foz does not know are never touched. After an unknown outcome nothing is swept at all (I5).

import { identText, type Catalog, type LoadedTable, type TableIdent } from '../../catalog/catalog.ts';
import { checkGcEnabled, isGcEnabled } from '../../lake/iceberg/gc-enabled.ts';
import { currentSchema } from '../../lake/iceberg/metadata.ts';
import { fieldNamed } from '../../lake/iceberg/schema.ts';
import { deleteObjects, metadataAt, objectsUnder } from '../../lake/iceberg/table-objects.ts';
import { lowestNext } from '../../lake/raw/lowest-next.ts';
import { clocksApart } from '../../lake/store/clocks-apart.ts';
import { keyOf, type ObjectHead, type ObjectStore } from '../../lake/store/object-store.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { MaintenanceHook } from '../maintenance-point.ts';
import { judgeLists } from './dead-lists.ts';
import { deadManifests } from './dead-manifests.ts';
import { namedObjects, type NamedObjects } from './named-objects.ts';
import { kindOfObject, type ObjectKind } from './object-kind.ts';
import type { UploadOffsets } from './upload-offsets.ts';

export interface SweepDeps {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Younger objects are left alone. */
  readonly olderThanMs: number;
  /** A table with more objects is not swept. */
  readonly objectsMax: number;
  readonly isDry: boolean;
  readonly openOffsets: () => Promise<UploadOffsets>;
  readonly pass: MaintenanceHook;
}

export interface Swept {
  readonly objects: Readonly<Record<ObjectKind, number>>;
  readonly bytes: number;
  /** Unnamed and old, and yet not deleted: why, by location; `leftMax` of them. */
  readonly left: readonly { readonly location: string; readonly why: string }[];
  readonly leftTotal: number;
  /** Deleted, or with `isDry` to be deleted. */
  readonly locations: readonly string[];
}

export type SweepOutcome =
  | { readonly kind: 'swept'; readonly swept: Swept }
  /** Nothing was deleted. */
  | { readonly kind: 'refused'; readonly why: string };

/** No gate is shorter: a commit, an erasure and a compaction all end within half of it. */
export const sweepAgeMinMs = 3_600_000;
const leftMax = 100;
const batchSize = 500;

export async function sweepTable(ident: TableIdent, deps: SweepDeps, signal?: AbortSignal): Promise<SweepOutcome> {
  const first = await deps.catalog.loadTable(ident, signal);
  if (first === null) return refused(`there is no table ${identText(ident)}`);
  checkGcEnabled(first.metadata, 'no object of it is deleted');
  // Before the listing: whoever sleeps after it must not take for old what was young then, its list not yet written.
  const listedAt = deps.clock.now();
  const objects = await objectsUnder(first.metadata, deps.store, deps.objectsMax, signal);
  await deps.pass('sweep:listed');
  const before = listedAt - keptMs(first, objects, deps.olderThanMs);
  const candidates = new Map<string, ObjectHead>();
  for (const [location, object] of objects) {
    const kind = kindOfObject(location);
    if (kind !== 'metadata' && kind !== 'unknown' && object.modifiedAt < before) candidates.set(location, object);
  }
  const named = namedObjects(deps.store);
  const keep = (location: string): void => void candidates.delete(location);
  const folder = `${first.metadata.location.replace(/\/+$/, '')}/`;
  const unlisted: string[] = [];
  const keepListed = (location: string): void => {
    if (unlisted.length === 0 && location.startsWith(folder) && !objects.has(location)) unlisted.push(location);
    keep(location);
  };
  await named.visit(first.metadata, keepListed, { isFormer: false }, signal);
  if (unlisted.length > 0)
    return refused(`${unlisted[0]} is named by the table and not in its folder: it is gone, or spelled otherwise there`);
  const problem = await keepFormer(first, objects, named, keep, deps, signal);
  if (problem !== null) return refused(problem);
  const guard = openGuard(ident, first, named, deps);
  const now = await guard.confirm(keep, signal);
  if (now === null) return refused(`${identText(ident)} was dropped, replaced or moved while it was looked through`);
  const apart = deps.isDry || candidates.size === 0 ? null : await clocksApart(deps.store, deps.clock, signal);
  if (apart !== null) return refused(apart);
  return await removeDead(now, objects, candidates, { guard, named }, deps, signal);
}

/** The store's clock may be behind the catalog's, which stamped the metadata that it stored a moment before: then old is older. */
function keptMs({ metadata, metadataLocation }: LoadedTable, objects: ReadonlyMap<string, ObjectHead>, olderThanMs: number): number {
  const stored = objects.get(metadataLocation)?.modifiedAt ?? metadata['last-updated-ms'];
  const behindMs = Math.max(0, metadata['last-updated-ms'] - stored);
  return Math.max(sweepAgeMinMs, olderThanMs) + behindMs;
}

/**
 * Readers may hold older metadata; and a metadata file that no log names may be another name's of the same table, or one
 * whose swap is still on its way. So all of them count. Returns why the folder cannot be swept, or null.
 */
async function keepFormer(
  { metadata, metadataLocation }: LoadedTable,
  objects: ReadonlyMap<string, ObjectHead>,
  named: NamedObjects,
  keep: (location: string) => void,
  { store }: SweepDeps,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const logged = metadata['metadata-log'].map((entry) => entry['metadata-file']).filter((location) => keyOf(store, location) !== null);
  const stored = [...objects.keys()].filter((location) => kindOfObject(location) === 'metadata');
  for (const location of new Set([...logged, ...stored])) {
    if (location === metadataLocation) continue;
    const former = await metadataAt(location, store, signal);
    if (former === null) {
      const key = keyOf(store, location);
      if (key === null || (await store.head(key, signal)) === null) continue;
      return `${location} cannot be read, so what it names is not known`;
    }
    if (former['table-uuid'] !== metadata['table-uuid']) return `another table's metadata lies in its folder: ${location}`;
    await named.visit(former, keep, { isFormer: true }, signal);
  }
  return null;
}

interface Guard {
  /** The table as it is now, everything that it names kept; null where it is not the same table any more. */
  confirm(keep: (location: string) => void, signal?: AbortSignal): Promise<LoadedTable | null>;
}

function openGuard(ident: TableIdent, first: LoadedTable, named: NamedObjects, { catalog }: SweepDeps): Guard {
  return {
    async confirm(keep, signal) {
      for (;;) {
        const now = await catalog.loadTable(ident, signal);
        const isSame = now?.metadata['table-uuid'] === first.metadata['table-uuid'] && now.metadata.location === first.metadata.location;
        if (now === null || !isSame || !isGcEnabled(now.metadata)) return null;
        try {
          await named.visit(now.metadata, keep, { isFormer: false }, signal);
          return now;
        } catch (error) {
          // An erasure forgets snapshots and deletes at once: then the table has moved on already.
          const newer = await catalog.loadTable(ident, signal);
          const isGone = error instanceof LakeError && error.code === 'OBJECT_MISSING';
          if (!isGone || newer === null || newer.metadataLocation === now.metadataLocation) throw error;
        }
      }
    },
  };
}

async function removeDead(
  table: LoadedTable,
  objects: ReadonlyMap<string, ObjectHead>,
  candidates: Map<string, ObjectHead>,
  { guard, named }: { readonly guard: Guard; readonly named: NamedObjects },
  deps: SweepDeps,
  signal: AbortSignal | undefined,
): Promise<SweepOutcome> {
  const left: { location: string; why: string }[] = [];
  let leftTotal = 0;
  const leave = (location: string, why: string): void => {
    leftTotal++;
    if (left.length < leftMax) left.push({ location, why });
  };
  const counts: Record<ObjectKind, number> = { data: 0, statistics: 0, manifest: 0, list: 0, metadata: 0, unknown: 0 };
  const locations: string[] = [];
  let bytes = 0;
  const lists = await judgeLists(candidates, objects, table.metadata, deps.store, signal);
  for (const list of lists.unclear) leave(list, 'it does not say of which snapshot it is');
  for (const list of lists.waiting) {
    if (candidates.delete(list)) leave(list, 'its snapshot may still be committed');
    const keep = (location: string): void =>
      void (candidates.delete(location) && leave(location, `${list} leads to it, and may still be committed`));
    await named.visitList(list, keep, signal);
  }
  const dead = await deadData(table, candidates, leave, deps, signal);
  const manifests = await deadManifests(candidates, objects, dead, leave, deps.store, signal);
  for (const group of [[...dead], manifests, lists.dead]) {
    for (let at = 0; at < group.length; at += batchSize) {
      const batch = await stillDead(group.slice(at, at + batchSize), table, candidates, guard, deps, signal);
      if (batch === null) return refused('the table was dropped, replaced, moved, rolled back or closed by gc.enabled while it was swept');
      if (!deps.isDry) await deleteObjects(batch, deps.store, () => deps.pass('sweep:between-deletes'), signal);
      await deps.pass('sweep:after-delete');
      for (const location of batch) {
        counts[kindOfObject(location)]++;
        bytes += objects.get(location)?.bytes ?? 0;
        locations.push(location);
      }
    }
  }
  return { kind: 'swept', swept: { objects: counts, bytes, left, leftTotal, locations } };
}

/** Asked of the pointer right before they go. Null where the proof by offsets does not hold any more, or the table is another. */
async function stillDead(
  batch: readonly string[],
  table: LoadedTable,
  candidates: Map<string, ObjectHead>,
  guard: Guard,
  deps: SweepDeps,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | null> {
  await deps.pass('sweep:before-delete');
  const now = await guard.confirm((location) => void candidates.delete(location), signal);
  if (now === null) return null;
  const next = lowestNext(now.metadata);
  for (const [partition, offset] of lowestNext(table.metadata)) if ((next.get(partition) ?? -1n) < offset) return null;
  return batch.filter((location) => candidates.has(location));
}

/** Data files, delete files and statistics that no commit can name any more. */
async function deadData(
  { metadata }: LoadedTable,
  candidates: ReadonlyMap<string, ObjectHead>,
  leave: (location: string, why: string) => void,
  deps: SweepDeps,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const dead = new Set<string>();
  const uploads: [string, ObjectHead][] = [];
  const isRaw = fieldNamed(currentSchema(metadata), '_log_offset') !== undefined;
  for (const [location, object] of candidates) {
    const kind = kindOfObject(location);
    if (kind === 'statistics') dead.add(location);
    if (kind !== 'data') continue;
    if (isRaw && isUpload(location)) uploads.push([location, object]);
    else dead.add(location);
  }
  if (uploads.length === 0) return dead;
  const next = lowestNext(metadata);
  await using offsets = await deps.openOffsets();
  for (const [location, object] of uploads) {
    signal?.throwIfAborted();
    const isBelow = next.size > 0 && (await offsets.isBelow(object, next, signal));
    if (isBelow) dead.add(location);
    else leave(location, next.size > 0 ? 'flushed by a worker, not committed yet' : 'the table has no offset chain that stands');
  }
  return dead;
}

/** As a worker names the files of a raw table: it may wait for its catalog for ever. What others write ends within the age gate. */
function isUpload(location: string): boolean {
  return /\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.parquet$/.test(location);
}

function refused(why: string): SweepOutcome {
  return { kind: 'refused', why };
}
