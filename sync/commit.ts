// The commit: flushed files become visible together with the offsets they cover, or not at all (I3). Legality is
// checked on exactly the metadata that the swap asserts, and again on every rebase (I2): a plain append retry after a
// 409 is a duplicate machine. An unknown outcome is looked up, never guessed, and nothing is ever deleted here (I5).

import { identText, type Catalog, type CommitOutcome, type LoadedTable } from '../catalog/catalog.ts';
import { prepareAppend, type AppendCache } from '../lake/iceberg/append.ts';
import { planExpiry } from '../lake/iceberg/expire.ts';
import type { TableCommit } from '../lake/iceberg/commit.ts';
import type { DataFile } from '../lake/iceberg/data-file.ts';
import { mainSnapshot, snapshotById } from '../lake/iceberg/metadata.ts';
import { newSnapshotId } from '../lake/iceberg/next-snapshot.ts';
import {
  chainProperty,
  chainText,
  extendChain,
  holdsCommit,
  illegalSpan,
  recordsOf,
  rereadsOf,
  spansText,
  summaryKeys,
  type OffsetChain,
  type OffsetSpan,
} from '../lake/raw/offset-chain.ts';
import { keyOf, type ObjectHead, type ObjectStore } from '../lake/store/object-store.ts';
import { sweepAgeMinMs } from '../maintenance/sweep/sweep-table.ts';
import type { Clock, EpochMs } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import { retryDelayMs } from '../runtime/retry.ts';
import { commitPace, type CommitPace } from './commit-pace.ts';
import type { CrashHook } from './crash-point.ts';
import type { TopicDescription } from './log/log.ts';
import { HaltError, rolledBack } from './halt.ts';
import { checkedChain, type TableTarget } from './table.ts';

/** No sweep by age has taken what is younger; half of it is left for what comes between the look and the swap. */
const trustedMs = sweepAgeMinMs / 2;
/** Looks at objects under way at a time. */
const headsMax = 16;

export interface SpanCommit {
  readonly commitId: string;
  readonly target: TableTarget;
  readonly spans: readonly OffsetSpan[];
  readonly files: readonly DataFile[];
  /** How often the table's offsets had been set back when the records were read: what the chain said then. */
  readonly rereads: number;
  /** When the first of its files went to the store; null where it has none. */
  readonly uploadedAt: EpochMs | null;
  /** The base was loaded anew since: it may be another than the one that these records were read after. */
  readonly isRebased: boolean;
  /** Counts and change times for the summary; the chain's own keys are added here. */
  readonly summary: Readonly<Record<string, string>>;
}

export type SpanCommitResult =
  | { readonly kind: 'committed'; readonly table: LoadedTable; readonly attempts: number }
  /** Another worker, or a decision, has moved these partitions: the batch is dropped, its files are orphans for the sweeper. */
  | { readonly kind: 'fenced'; readonly reason: string };

export interface CommitDeps {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly appendCache: AppendCache;
  readonly crashPoint: CrashHook;
  /** Removes a local file that is in the store now. */
  readonly removeFile: (path: string) => Promise<void>;
  readonly waitMinMs: number;
  readonly waitMaxMs: number;
  /** Told while a dependency is away, and null when it is back. */
  readonly waiting: (reason: string | null) => void;
  /** Null: there is no such topic. */
  readonly describe: (topic: string, signal: AbortSignal) => Promise<TopicDescription | null>;
}

/** Commits the spans on top of `base` or whatever newer metadata still allows it. Throws HaltError; waits while a dependency is away. */
export async function commitSpans(commit: SpanCommit, base: LoadedTable, deps: CommitDeps, signal: AbortSignal): Promise<SpanCommitResult> {
  await deps.crashPoint('commit:before');
  // After the last fetch, before the swap: records of a re-created topic cannot slip in under the old id (I6).
  const source = await untilAvailable(() => existingTopic(commit.target.topic, deps, signal), deps, signal);
  await deps.crashPoint('commit:after-describe');
  const pace = commitPace(deps, signal);
  let table = base;
  let prepared: PreparedCommit | null = null;
  try {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      if (holdsCommit(table.metadata, commit.commitId)) return { kind: 'committed', table, attempts: attempt };
      const chain = checkedChain(table, commit.target, source);
      const illegal = illegalSpan(chain, commit.spans);
      if (illegal) return { kind: 'fenced', reason: illegal };
      // The same offsets again, after they had been further: a sweep may have found these files dead in between (I4).
      if (rereadsOf(chain) !== commit.rereads) return { kind: 'fenced', reason: 'a decision has set the table’s offsets back meanwhile' };
      const [current, before]: [LoadedTable, PreparedCommit | null] = [table, prepared];
      prepared = await untilAvailable(
        async () => stillPrepared(before, current, deps) ?? (await prepareCommit(commit, source, current, chain, deps, signal)),
        deps,
        signal,
      );
      const gone = attempt > 1 || commit.isRebased || isOld(commit, deps) ? await goneObject(commit, prepared, deps, signal) : null;
      if (gone !== null) return { kind: 'fenced', reason: `${gone} was swept while its commit waited` };
      await deps.crashPoint('commit:before-request');
      const outcome = await send(commit, prepared.request, deps, signal);
      await deps.crashPoint('commit:after-request');
      if (outcome.kind === 'committed') {
        await deps.crashPoint('commit:applied');
        return { kind: 'committed', table: outcome.table, attempts: attempt };
      }
      table = await lookAgain(commit, current, outcome, { attempt, pace }, deps, signal);
    }
  } finally {
    pace.end();
  }
}

/** A topic that was deleted is waited for: what comes back under its name is another one, and told apart by its id. */
async function existingTopic(topic: string, { describe }: CommitDeps, signal: AbortSignal): Promise<TopicDescription> {
  const found = await describe(topic, signal);
  if (!found) throw new LakeError('LOG_REFUSED', noSuchTopic(topic), { context: { topic } });
  return found;
}

export const noSuchTopic = (topic: string): string => `topic ${topic} does not exist`;

/** The newest metadata after a try that failed, and the wait before the next one. */
async function lookAgain(
  commit: SpanCommit,
  current: LoadedTable,
  outcome: FailedOutcome,
  { attempt, pace }: { readonly attempt: number; readonly pace: CommitPace },
  deps: CommitDeps,
  signal: AbortSignal,
): Promise<LoadedTable> {
  const isUnknown = outcome.kind === 'unknown';
  if (outcome.kind !== 'away') await deps.crashPoint(isUnknown ? 'commit:unknown' : 'commit:conflict');
  deps.logger.warn(
    { table: identText(commit.target.ident), commitId: commit.commitId, attempt, outcome: outcome.kind, reason: outcome.message },
    'commit did not go through at once',
  );
  if (outcome.kind === 'away') await pace.wait(attempt, outcome.message);
  const table = await untilAvailable(() => reload(commit.target, current, deps, signal), deps, signal);
  if (outcome.kind === 'away') return table;
  await deps.crashPoint(isUnknown ? 'commit:unknown-reloaded' : 'commit:conflict-reloaded');
  if (isUnknown) await pace.wait(attempt, null);
  else await pace.conflict(attempt, table, outcome.message);
  return table;
}

type SendOutcome = CommitOutcome | { readonly kind: 'unknown' | 'away'; readonly message: string };
type FailedOutcome = Exclude<SendOutcome, { readonly kind: 'committed' }>;

/** A commit that was refused, or whose catalog is unreachable, did not happen; every other failure after sending is unknown (I5). */
async function send(commit: SpanCommit, request: TableCommit, deps: CommitDeps, signal: AbortSignal): Promise<SendOutcome> {
  try {
    return await deps.catalog.commitTable(commit.target.ident, request, signal);
  } catch (error) {
    if (!(error instanceof LakeError) || !isWaitable(error)) throw error;
    return error.retry === 'reconcile'
      ? { kind: 'unknown', message: error.message }
      : { kind: 'away', message: `${error.code}: ${error.message}` };
  }
}

interface PreparedCommit {
  readonly request: TableCommit;
  readonly base: LoadedTable;
  readonly at: EpochMs;
  /** What the request names and a sweep could take: its manifest list, and the manifest that it adds. */
  readonly objects: readonly string[];
}

/** The same request once more where nothing has moved: a new one would leave a manifest list behind for every try. */
function stillPrepared(prepared: PreparedCommit | null, table: LoadedTable, { clock }: CommitDeps): PreparedCommit | null {
  if (prepared?.base.metadataLocation !== table.metadataLocation) return null;
  // Somebody else's snapshot has the id that was drawn: only another id can be committed.
  const isTaken = prepared.request.updates.some(
    (update) => update.action === 'add-snapshot' && snapshotById(table.metadata, update.snapshot['snapshot-id']) !== undefined,
  );
  if (isTaken) return null;
  return clock.now() - prepared.at > trustedMs ? null : prepared;
}

function isOld({ uploadedAt }: SpanCommit, { clock }: CommitDeps): boolean {
  return uploadedAt !== null && clock.now() - uploadedAt > trustedMs;
}

/**
 * The first object that the commit names and the store has no more. On our own catalog the chain tells of everything that made
 * a sweep find them dead; a foreign one, or a database that came back from an old copy, may take offsets back unseen (I4).
 */
async function goneObject(commit: SpanCommit, prepared: PreparedCommit, deps: CommitDeps, signal: AbortSignal): Promise<string | null> {
  const locations = [...commit.files.map(({ filePath }) => filePath), ...prepared.objects];
  for (let at = 0; at < locations.length; at += headsMax) {
    const batch = locations.slice(at, at + headsMax);
    const heads = await untilAvailable(() => Promise.all(batch.map((location) => headOf(location, deps, signal))), deps, signal);
    const gone = batch.find((_, i) => heads[i] === null);
    if (gone !== undefined) return gone;
  }
  return null;
}

async function headOf(location: string, { store }: CommitDeps, signal: AbortSignal): Promise<ObjectHead | null> {
  const key = keyOf(store, location);
  return key === null ? null : store.head(key, signal);
}

async function prepareCommit(
  commit: SpanCommit,
  source: TopicDescription,
  table: LoadedTable,
  chain: OffsetChain | null,
  deps: CommitDeps,
  signal: AbortSignal,
): Promise<PreparedCommit> {
  const at = deps.clock.now();
  const summary = {
    ...commit.summary,
    [summaryKeys.commitId]: commit.commitId,
    [summaryKeys.clusterId]: source.clusterId,
    [summaryKeys.offsets]: spansText(commit.spans),
  };
  const append = await prepareAppend(
    {
      metadata: table.metadata,
      store: deps.store,
      files: commit.files,
      summary,
      snapshotId: newSnapshotId(deps.random),
      commitId: commit.commitId,
      now: at,
      cache: deps.appendCache,
    },
    signal,
  );
  await deps.crashPoint('commit:after-manifest');
  const next = chainText(extendChain(chain, commit.spans, commit.commitId, source.clusterId, recordsOf(append.snapshot.summary)));
  const request: TableCommit = {
    requirements: [
      { type: 'assert-table-uuid', uuid: table.metadata['table-uuid'] },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': mainSnapshot(table.metadata)?.['snapshot-id'] ?? null },
    ],
    updates: [
      { action: 'add-snapshot', snapshot: append.snapshot },
      { action: 'set-snapshot-ref', 'ref-name': 'main', type: 'branch', 'snapshot-id': append.snapshot['snapshot-id'] },
      { action: 'set-properties', updates: { [chainProperty]: next } },
      // Expiry rides on the commit, so that metadata stays bounded without commits of its own.
      ...planExpiry(table.metadata, deps.clock.now()).updates,
    ],
  };
  const objects = [append.snapshot['manifest-list'], append.manifest?.path].filter((location) => location !== undefined);
  return { request, base: table, at, objects };
}

/** The newest metadata of the same incarnation of the table; anything else is a HALT (I6). */
export async function reload(
  target: TableTarget,
  before: LoadedTable,
  deps: Pick<CommitDeps, 'catalog'>,
  signal: AbortSignal,
): Promise<LoadedTable> {
  const name = identText(target.ident);
  const table = await deps.catalog.loadTable(target.ident, signal);
  if (!table) throw new HaltError(name, rolledBack(name, 'the table was dropped while the worker ran'));
  const uuid = before.metadata['table-uuid'];
  if (table.metadata['table-uuid'] !== uuid)
    throw new HaltError(
      name,
      rolledBack(name, `the table was replaced while the worker ran: its uuid was ${uuid}, it is ${table.metadata['table-uuid']}`),
    );
  return table;
}

/**
 * Runs a step until its dependency answers. Only errors that a wait can mend are waited for; the delay doubles up to
 * `waitMaxMs`, for ever: the log keeps the data meanwhile.
 */
export async function untilAvailable<T>(
  step: () => Promise<T>,
  deps: Pick<CommitDeps, 'clock' | 'random' | 'logger' | 'waiting' | 'waitMinMs' | 'waitMaxMs'>,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      const value = await step();
      if (attempt > 1) deps.waiting(null);
      return value;
    } catch (error) {
      if (!(error instanceof LakeError) || !isWaitable(error)) throw error;
      deps.waiting(`${error.code}: ${error.message}`);
      deps.logger.warn({ code: error.code, attempt, reason: error.message }, 'waiting for a dependency');
      await deps.clock.sleep(
        retryDelayMs({ attemptsMax: 1, delayMinMs: deps.waitMinMs, delayMaxMs: deps.waitMaxMs }, attempt, deps.random),
        signal,
      );
    }
  }
}

/** Unreachable now, refused until somebody mends rights or configuration, or unknown in a step that may simply run again. */
function isWaitable(error: LakeError): boolean {
  return error.code.endsWith('_UNREACHABLE') || error.code.endsWith('_REFUSED') || error.retry === 'reconcile';
}
