// `foz erase`: every row of a key out of a raw table, and out of every object of it.
// look: which data files of any snapshot hold the key, by bounds and then row by row → write: those of main's head again,
// without it → commit: one overwrite that carries `foz.next` and forgets the snapshots that held it (sync/erase-commit.ts)
// → sweep: delete what nobody names any more (sweep.ts). Ingest wins every conflict: what it added is looked at, and the
// commit tried again. A run cut short leaves the table whole; the next one finds what is left and goes on.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { identText, type LoadedTable } from '../../catalog/catalog.ts';
import type { DataFile } from '../../lake/iceberg/data-file.ts';
import { storeKey } from '../../lake/iceberg/metadata-object.ts';
import { sameLong, type Long } from '../../lake/iceberg/metadata.ts';
import { lowestNext } from '../../lake/raw/lowest-next.ts';
import { locationOf } from '../../lake/store/object-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { retryDelayMs } from '../../runtime/retry.ts';
import { commitErasure, type EraseDeps, type Erasure } from '../../sync/erase-commit.ts';
import { newCommitId, type TableTarget } from '../../sync/table.ts';
import type { ErasePoint } from './erase-point.ts';
import type { FileScanner } from './file-scanner.ts';
import { openFinding, type FindOptions, type Found } from './find-files.ts';
import { rewrittenAgeMaxMs, rewrittenSuffix, sweep, type Swept } from './sweep.ts';

export interface EraseParts extends Omit<EraseDeps, 'crashPoint'> {
  readonly scanner: FileScanner;
  /** Removes copies of objects on this machine. */
  readonly forget: (locations: readonly string[]) => Promise<void>;
  readonly crashPoint?: (point: ErasePoint) => void | Promise<void>;
}

export interface Erased {
  readonly rows: number;
  /** Data files written again, of which `filesRemoved` had no other row. */
  readonly files: number;
  readonly filesRemoved: number;
  readonly snapshots: number;
  readonly tags: readonly string[];
  /** Commits that ingest or others won meanwhile. */
  readonly conflicts: number;
  readonly swept: Swept;
}

const attemptsMax = 30;
const conflictWait = { attemptsMax, delayMinMs: 50, delayMaxMs: 2_000 };

/** `found`: as looked for before; it is looked for again where the table has moved. Throws HaltError for a broken chain. */
export async function eraseTable(
  target: TableTarget,
  found: Found,
  parts: EraseParts,
  options: FindOptions = {},
  signal?: AbortSignal,
): Promise<Erased> {
  const pass = async (point: ErasePoint): Promise<void> => parts.crashPoint?.(point);
  const finding = openFinding(parts.scanner, parts.store, options);
  const commitId = newCommitId();
  const startedAt = parts.clock.now();
  const written = new Map<string, DataFile | null>();
  let [now, table, conflicts] = [found, found.table, 0];
  let expired = snapshotsOf(now, table);
  for (let attempt = 1; now.inHead.size > 0 || now.snapshots.length > 0; attempt++) {
    if (now.linked.length > 0)
      throw new LakeError(
        'CATALOG_REFUSED',
        `${identText(target.ident)}: rows of the key had another key too; erased without it, that one would come back as it was before`,
      );
    await rewriteAll(now, table, written, parts, pass, signal);
    if (parts.clock.now() - startedAt > rewrittenAgeMaxMs / 2)
      throw new LakeError('LIMIT_EXCEEDED', `${identText(target.ident)}: rewriting took longer than half an hour; nothing was committed`);
    const replaced = new Map([...now.inHead.keys()].map((location) => [location, written.get(location) ?? null]));
    const erased = erasedKeys(now);
    const outcome = await commitErasure(
      target,
      table,
      { commitId, replaced, isHeadTelling: now.isHeadTelling, expired: now.snapshots, erased },
      { ...parts, crashPoint: pass },
      signal,
    );
    table = outcome.table;
    if (outcome.kind === 'committed') break;
    if (attempt >= attemptsMax)
      throw new LakeError(
        'CATALOG_REFUSED',
        `${identText(target.ident)} kept changing: tried ${attempt} times, nothing was erased (${outcome.message})`,
      );
    conflicts++;
    await parts.clock.sleep(retryDelayMs(conflictWait, attempt, parts.random), signal);
    now = await finding.look(table, now.keys, signal);
    expired = snapshotsOf(now, table);
  }
  await pass('sweep:before');
  // No file of the head that was looked at last holds the key any more.
  const next = lowestNext(now.table.metadata);
  const input = { ident: target.ident, table, keys: now.keys, expired, next };
  const swept = await sweep(input, { ...parts, crashPoint: pass }, signal);
  return {
    rows: now.rowsInHead.reduce((sum, rows) => sum + rows, 0),
    files: now.inHead.size,
    filesRemoved: [...now.inHead.keys()].filter((location) => written.get(location) === null).length,
    snapshots: now.snapshots.length,
    tags: now.tags,
    conflicts,
    swept,
  };
}

function snapshotsOf({ snapshots }: { readonly snapshots: readonly Long[] }, { metadata }: LoadedTable) {
  return metadata.snapshots.filter((snapshot) => snapshots.some((id) => sameLong(id, snapshot['snapshot-id'])));
}

/** Every spelling of a key of which there are rows: a row counts for one, and the log's records name the columns as they were. */
function erasedKeys({ keys, rowsInHead }: Found): Erasure['erased'] {
  const all = keys.map(({ members }, i) => ({ key: members, rows: rowsInHead[i] ?? 0, values: JSON.stringify([...members.values()]) }));
  const there = new Set(all.filter(({ rows }) => rows > 0).map(({ values }) => values));
  return all.filter(({ values }) => there.has(values)).map(({ key, rows }) => ({ key, rows }));
}

/** Every file of the head that holds the key and has not been written yet. */
async function rewriteAll(
  found: Found,
  { metadata }: LoadedTable,
  written: Map<string, DataFile | null>,
  { scanner, store }: EraseParts,
  pass: (point: ErasePoint) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const [location, file] of found.inHead) {
    if (written.has(location)) continue;
    await pass('rewrite:before');
    const rewritten = await scanner.rewrite(metadata, file, found.keys, signal);
    if (rewritten === null) {
      written.set(location, null);
      continue;
    }
    // Beside the file that it stands for: in the same partition's folder.
    const folder = storeKey(store, location).replace(/[^/]*$/, '');
    const key = `${folder}${randomUUID()}${rewrittenSuffix}`;
    const outcome = await store.putFile(key, rewritten.path, { ifAbsent: true, contentType: 'application/vnd.apache.parquet' }, signal);
    if (outcome.kind === 'exists') throw new LakeError('STORE_OUTCOME_UNKNOWN', `object ${key} exists already`);
    await rm(rewritten.path, { force: true });
    written.set(location, { ...rewritten.dataFile, filePath: locationOf(store, key) });
    await pass('rewrite:uploaded');
  }
}
