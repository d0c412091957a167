// The measurer of orphans: objects under the table's location that no metadata names. Killed writers leave them, which is
// harmless; a growing number of them is money, and says that nothing sweeps. Objects younger than a day may belong to a
// commit under way and are not counted.

import { snapshotFiles } from '../../lake/iceberg/snapshot-files.ts';
import type { LoadedTable } from '../../catalog/catalog.ts';
import { keyOf, locationOf, type ObjectStore } from '../../lake/store/object-store.ts';
import type { Finding, Measurer } from '../measurer.ts';

export interface ObjectsMeasurerOptions {
  /** Objects younger than this are not counted. Default: a day. */
  readonly ageMs?: number;
  /** More objects than this under one table are not looked through: the outcome is unknown. Default: a million. */
  readonly objectsMax?: number;
}

export function objectsMeasurer({ ageMs = 24 * 3_600_000, objectsMax = 1_000_000 }: ObjectsMeasurerOptions = {}): Measurer {
  return {
    name: 'objects',
    answers: (measure) => measure.kind === 'cdc' && measure.of === 'orphanObjects',
    measure: async (checks, { table, objectStore, clock }, signal) => {
      const finding = await orphans(table.table, objectStore, { before: clock.now() - ageMs, objectsMax }, signal);
      return new Map(checks.map(({ id }) => [id, finding]));
    },
  };
}

async function orphans(
  table: LoadedTable,
  store: ObjectStore,
  { before, objectsMax }: { readonly before: number; readonly objectsMax: number },
  signal: AbortSignal,
): Promise<Finding> {
  const prefix = keyOf(store, table.metadata.location.replace(/\/+$/, ''));
  if (prefix === null) return { kind: 'unknown', reason: `${table.metadata.location} lies outside the store ${store.root}` };
  // Named first, listed after: what a commit in between names is younger than any that counts.
  const named = await namedObjects(table, store, signal);
  let [objects, found, bytes] = [0, 0, 0];
  for await (const head of store.list(`${prefix}/`, signal)) {
    if (++objects > objectsMax) return { kind: 'unknown', reason: `more than ${objectsMax} objects lie under ${table.metadata.location}` };
    if (named.has(locationOf(store, head.key)) || head.modifiedAt >= before) continue;
    found++;
    bytes += head.bytes;
  }
  return {
    kind: 'measured',
    measured: { value: found, text: null, total: objects, exactness: 'exact', by: 'service' },
    failing: null,
    keys: [],
    reason: `${found} of ${objects} objects (${bytes} bytes) are named by no metadata`,
  };
}

/** Locations of all that the table's metadata leads to, old metadata files that it lists included. */
async function namedObjects(
  { metadata, metadataLocation }: LoadedTable,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { live, manifestLists, manifests } = await snapshotFiles(metadata.snapshots, store, new Map(), {}, signal);
  const former = metadata['metadata-log'].map((entry) => entry['metadata-file']);
  return new Set([metadataLocation, ...former, ...live.keys(), ...manifestLists, ...manifests]);
}
