// A catalog that stands still for one run: every table is what it was when it was first asked for, whichever engine asks
// and however often. A run that is resumed sees the snapshots it saw before, while they are kept: the table is shown as it
// was then, with the offset chain it had (the later commits of Foz taken back, newest first).

import { identText, type Catalog, type LoadedTable } from '../../catalog/catalog.ts';
import { currentSchema, mainSnapshot, sameLong, type Snapshot, type TableMetadata } from '../../lake/iceberg/metadata.ts';
import { ancestry, chainProperty, chainText, parseSpans, recordsOf, summaryKeys, writtenChain } from '../../lake/raw/offset-chain.ts';
import { LakeError } from '../../runtime/errors.ts';

export interface PinnedCatalog extends Catalog {
  /** Snapshot of each table asked for so far, by `namespace.name`; null: no snapshot yet, or no table. */
  pins(): ReadonlyMap<string, string | null>;
}

/** `pins`: of a run that goes on. It reads only, and disposing it leaves the catalog open. */
export function pinnedCatalog(catalog: Catalog, pins: ReadonlyMap<string, string | null> = new Map()): PinnedCatalog {
  const loading = new Map<string, Promise<LoadedTable | null>>();
  const known = new Map(pins);
  return {
    loadTable(ident, signal) {
      const name = identText(ident);
      const before = loading.get(name);
      if (before) return before;
      const loaded = catalog.loadTable(ident, signal).then((table) => {
        const pin = known.get(name);
        const pinned = table && (typeof pin === 'string' ? (tableAt(table, pin) ?? table) : table);
        known.set(name, (pinned && snapshotIdOf(pinned.metadata)) ?? null);
        return pinned;
      });
      loading.set(name, loaded);
      // What failed is asked again.
      loaded.catch(() => loading.delete(name));
      return loaded;
    },
    listTables: (namespace, signal) => catalog.listTables(namespace, signal),
    ensureNamespace: refuse,
    createTable: refuse,
    commitTable: refuse,
    dropTable: refuse,
    pins: () => known,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function refuse(): Promise<never> {
  throw new LakeError('INTERNAL', 'a run of quality checks only reads the catalog');
}

export function snapshotIdOf(metadata: TableMetadata): string | null {
  const snapshot = mainSnapshot(metadata);
  return snapshot === undefined ? null : String(snapshot['snapshot-id']);
}

/** Null where main does not lead to that snapshot any more. */
export function tableAt(table: LoadedTable, snapshotId: string): LoadedTable | null {
  const later: Snapshot[] = [];
  for (const step of ancestry(table.metadata)) {
    if (step.kind !== 'snapshot') return null;
    if (sameLong(step.snapshot['snapshot-id'], BigInt(snapshotId)))
      return { ...table, metadata: metadataAt(table.metadata, step.snapshot, later) };
    later.push(step.snapshot);
  }
  return null;
}

function metadataAt(metadata: TableMetadata, at: Snapshot, later: readonly Snapshot[]): TableMetadata {
  if (later.length === 0) return metadata;
  const id = at['snapshot-id'];
  const main = metadata.refs['main'];
  const chain = chainBefore(metadata, at, later);
  return {
    ...metadata,
    'current-snapshot-id': id,
    'current-schema-id': schemaIdOf(metadata, at),
    refs: { ...metadata.refs, ...(main === undefined ? {} : { main: { ...main, 'snapshot-id': id } }) },
    properties: chain === null ? metadata.properties : { ...metadata.properties, [chainProperty]: chain },
  };
}

function schemaIdOf(metadata: TableMetadata, at: Snapshot): number {
  const id = at['schema-id'];
  return typeof id === 'number' && metadata.schemas.some((schema) => schema['schema-id'] === id)
    ? id
    : (currentSchema(metadata)['schema-id'] ?? 0);
}

/** `foz.next` as it was: each later commit's spans put back to where they began. Null where there is nothing to put back. */
function chainBefore(metadata: TableMetadata, at: Snapshot, later: readonly Snapshot[]): string | null {
  const chain = writtenChain(metadata);
  if (chain === null) return null;
  const next = new Map([...chain.next].map(([topicId, partitions]) => [topicId, new Map(partitions)]));
  for (const { summary } of later) {
    for (const { topicId, partition, from } of parseSpans(summary[summaryKeys.offsets] ?? '{}') ?? [])
      next.get(topicId)?.set(partition, from);
  }
  const writer = [...ancestry({ ...metadata, refs: { main: { type: 'branch', 'snapshot-id': at['snapshot-id'] } } })]
    .flatMap((step) => (step.kind === 'snapshot' ? [step.snapshot] : []))
    .find(({ summary }) => summary[summaryKeys.commitId] !== undefined);
  if (writer === undefined) return null;
  const commitId = writer.summary[summaryKeys.commitId] ?? '';
  return chainText({ ...chain, commitId, next, records: recordsOf(writer.summary) });
}
