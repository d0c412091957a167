// Results of checks into a table of the lake: what the quality store holds after the table's position becomes one file a day and
// one commit, which moves the position too (lake-position.ts). So a result is in the table once: a process that dies between
// leaves files nobody refers to, a commit whose reply is lost is looked for before anything else, and of two processes that
// append at once the second one's swap fails; it looks where the first one got to.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { identText, type Catalog, type LoadedTable, type TableIdent } from '../../catalog/catalog.ts';
import type { NumberedResult, QualityStore } from '../../catalog/store/quality-store.ts';
import { prepareAppend } from '../../lake/iceberg/append.ts';
import type { TableCommit } from '../../lake/iceberg/commit.ts';
import type { DataFile } from '../../lake/iceberg/data-file.ts';
import { planExpiry } from '../../lake/iceberg/expire.ts';
import { isGcEnabled } from '../../lake/iceberg/gc-enabled.ts';
import { defaultMergeLimits } from '../../lake/iceberg/merge-manifests.ts';
import { mainSnapshot } from '../../lake/iceberg/metadata.ts';
import { newSnapshotId } from '../../lake/iceberg/next-snapshot.ts';
import { putDataFile } from '../../lake/iceberg/put-data-file.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';
import { mergeTableManifests } from '../../maintenance/merge-table-manifests.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Random } from '../../runtime/random.ts';
import type { CheckResult } from '../result.ts';
import { resultOfRecord } from '../run/result-record.ts';
import { positionProperty, positionText, readPosition, type LakePosition } from './lake-position.ts';
import { resultsNamespace, timeColumn, type ResultTable } from './result-tables.ts';
import { renewIdentity, storeIdentity } from './store-identity.ts';
import { writeRows } from './write-rows.ts';

export interface AppendParts {
  readonly catalog: Catalog;
  readonly objectStore: ObjectStore;
  readonly store: QualityStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Files are written there before they go to the store. */
  readonly directory: string;
  /** A result as everybody may read it. */
  told(result: CheckResult): CheckResult;
  /** Rows of one commit, at most. */
  readonly rowsMax: number;
  /** Which of these result keys the table holds already: asked only of results that another store may have appended. */
  knownKeys(table: TableIdent, keys: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>>;
}

export interface Appended {
  readonly rows: number;
  readonly commits: number;
}

const attemptsMax = 5;

/** Until the table holds every result. Errors: those of catalog and store; what was committed stays. */
export async function appendResults(table: ResultTable, parts: AppendParts, signal: AbortSignal): Promise<Appended> {
  const ident: TableIdent = { namespace: [resultsNamespace], name: table.name };
  let [rows, commits, from] = [0, 0, 0];
  for (;;) {
    signal.throwIfAborted();
    const loaded = await parts.catalog.loadTable(ident, signal);
    const batch = await nextBatch(table, ident, loaded, from, parts, signal);
    if (batch === null) return { rows, commits };
    // Nothing of these is for the table: its position follows with the next rows.
    if (batch.rows.length === 0) from = batch.to.number;
    else if (await appendBatch(table, ident, loaded ?? (await create(ident, table, parts, signal)), batch, parts, signal)) {
      rows += batch.rows.length;
      commits++;
    }
  }
}

interface Batch {
  readonly storeId: string;
  readonly before: LakePosition | null;
  readonly to: LakePosition;
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Null: nothing is new. */
async function nextBatch(
  table: ResultTable,
  ident: TableIdent,
  loaded: LoadedTable | null,
  from: number,
  parts: AppendParts,
  signal: AbortSignal,
): Promise<Batch | null> {
  const { store, rowsMax } = parts;
  const storeId = await storeIdentity(store);
  const before = loaded && readPosition(loaded.metadata, storeId);
  const { last, results } = await store.resultsAfter(Math.max(from, before?.number ?? 0), rowsMax);
  if (before !== null && last < before.number) {
    await renewIdentity(store, storeId);
    return nextBatch(table, ident, loaded, 0, parts, signal);
  }
  const end = results.at(-1);
  if (end === undefined) return null;
  const hasRows = loaded !== null && mainSnapshot(loaded.metadata) !== undefined;
  const to: LakePosition = { number: end.number, comparedTo: before?.comparedTo ?? (hasRows ? last : 0) };
  const compared = results.filter(({ number }) => number <= to.comparedTo);
  const known =
    compared.length === 0
      ? new Set<string>()
      : await parts.knownKeys(
          ident,
          compared.map(({ result }) => result.key),
          signal,
        );
  const rows = results.filter(({ result }) => !known.has(result.key)).flatMap((numbered) => rowOf(table, numbered, parts));
  return { storeId, before, to, rows };
}

function rowOf(table: ResultTable, { result }: NumberedResult, { told }: AppendParts): readonly (readonly (string | null)[])[] {
  const row = table.rowOf(told(resultOfRecord(result)), result.key);
  return row === null ? [] : [row];
}

/** False: another process was first; the batch is dropped, and its files are orphans for the sweeper. */
async function appendBatch(
  table: ResultTable,
  ident: TableIdent,
  base: LoadedTable,
  batch: Batch,
  parts: AppendParts,
  signal: AbortSignal,
): Promise<boolean> {
  const files = await upload(table, base, batch, parts, signal);
  const commitId = randomUUID();
  let current = base;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const request = await commitRequest(current, batch, files, commitId, parts, signal);
    const outcome = await parts.catalog.commitTable(ident, request, signal).catch((error: unknown) => {
      if (error instanceof LakeError && error.retry === 'reconcile') return { kind: 'unknown' as const, message: error.message };
      throw error;
    });
    if (outcome.kind === 'committed') {
      const { objectStore, ...rest } = parts;
      const { manifestsMin } = defaultMergeLimits;
      // Losing the swap, or not knowing, loses nothing: the next append tries again.
      await mergeTableManifests(ident, outcome.table, { ...rest, store: objectStore, manifestsMin }, {}, signal);
      return true;
    }
    const newer = await parts.catalog.loadTable(ident, signal);
    // Replaced meanwhile: the files lie under another table.
    if (newer?.metadata['table-uuid'] !== base.metadata['table-uuid']) return false;
    if (mainSnapshot(newer.metadata)?.summary['foz.append-id'] === commitId) return true;
    const position = readPosition(newer.metadata, batch.storeId);
    if ((position?.number ?? 0) !== (batch.before?.number ?? 0)) return false;
    current = newer;
  }
  throw new LakeError('CATALOG_UNREACHABLE', `results could not be appended to ${identText(ident)}: ${attemptsMax} commits lost the swap`);
}

async function upload(
  table: ResultTable,
  { metadata }: LoadedTable,
  { rows }: Batch,
  { directory, objectStore }: AppendParts,
  signal: AbortSignal,
): Promise<readonly DataFile[]> {
  const columns = table.schema.fields.map(({ name }) => name);
  const local = await writeRows({ columns, rows, timeColumn }, metadata, { directory });
  try {
    const files: DataFile[] = [];
    for (const file of local) files.push(await putDataFile(file, metadata, objectStore, signal));
    return files;
  } finally {
    await Promise.all(local.map(({ path }) => rm(path, { force: true })));
  }
}

async function commitRequest(
  { metadata }: LoadedTable,
  { storeId, to }: Batch,
  files: readonly DataFile[],
  commitId: string,
  { objectStore: store, clock, random }: AppendParts,
  signal: AbortSignal,
): Promise<TableCommit> {
  const now = clock.now();
  const summary = { 'foz.append-id': commitId };
  const { snapshot } = await prepareAppend({ metadata, store, files, summary, snapshotId: newSnapshotId(random), commitId, now }, signal);
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata['table-uuid'] },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(metadata)?.['snapshot-id'] ?? null },
    ],
    updates: [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': snapshot['snapshot-id'] },
      { action: 'set-properties', updates: { [positionProperty]: positionText(metadata, storeId, to) } },
      ...(isGcEnabled(metadata) ? planExpiry(metadata, now).updates : []),
    ],
  };
}

/** As raw tables are: metadata stays bounded also where another engine looks after it. */
const properties = {
  'write.format.default': 'parquet',
  'write.parquet.compression-codec': 'zstd',
  'write.metadata.previous-versions-max': '20',
  'write.metadata.delete-after-commit.enabled': 'true',
  'history.expire.max-snapshot-age-ms': String(60 * 60 * 1000),
};

/** Two processes may race: one creates, both load. */
async function create(
  ident: TableIdent,
  { schema, partitionSpec }: ResultTable,
  parts: AppendParts,
  signal: AbortSignal,
): Promise<LoadedTable> {
  await parts.catalog.ensureNamespace(ident.namespace, signal);
  const outcome = await parts.catalog.createTable(ident, { schema, partitionSpec, properties }, signal);
  if (outcome.kind === 'committed') return outcome.table;
  const made = await parts.catalog.loadTable(ident, signal);
  if (made === null) throw new LakeError('CATALOG_UNREACHABLE', `table ${identText(ident)} could not be created: ${outcome.message}`);
  return made;
}
